#include "tests/support/two_databases.hpp"

#include "tests/support/program.hpp"

#include <fmt/format.h>
#include <catch2/catch.hpp>

#include <chrono>
#include <thread>

namespace {

using tests::Ended;
using tests::TwoDatabases;
using Strings = std::vector<std::string>;

constexpr int projects = 3;
constexpr int rows_a_project = 40;

/// Work for several batches in each of several projects.
struct PartedWork : TwoDatabases {
  PartedWork() {
    for (int project = 1; project <= projects; ++project) {
      for (int row = 0; row < rows_a_project; ++row)
        add({.project_id = project, .size = 10 * project + row});
      add_live(project);
    }
    part();
  }

  /// The whole program, both databases named as an operator names them.
  [[nodiscard]] Ended run_it(const std::string& fault = "") const {
    return tests::run_program(
        {JANITOR_FAULTS_PROGRAM, "run", "--local-store", store.path(),
         "--main-conninfo-file", options.main_conninfo_file.value(),
         "--batch-size", "10", "--concurrency", "2", "--progress", "none"},
        {{"JANITOR_TEST_FAULT", fault}});
  }

  /// What a killed run had sent is carried out all the same.
  void wait_for_sessions() {
    while (database.number("SELECT count(*) FROM pg_stat_activity "
                           "WHERE application_name LIKE 'ci-janitor%' "
                           "AND datname IN (current_database(), '" +
                           main.name() + "')") > 0)
      std::this_thread::sleep_for(std::chrono::milliseconds{5});
  }

  /// Two hours: no run that is under way has entries as old.
  void let_leases_end() {
    database.run(
        "UPDATE ci_deleted_objects SET pick_up_at = pick_up_at - interval "
        "'2 hours'");
  }

  /// Projects whose statistics are not the sum of their rows.
  Strings miscounted() {
    Strings found;
    for (int project = 1; project <= projects; ++project) {
      const std::string sum = database.value(fmt::format(
          "SELECT coalesce(sum(size), 0) FROM ci_pipeline_artifacts "
          "WHERE project_id = {}",
          project));
      if (sizes(project) != Strings{sum, sum})
        found.push_back(fmt::format("project {}: {} instead of {}", project,
                                    sizes(project)[0], sum));
    }
    return found;
  }
};

/// Kill a run at the \a hit-th time that it comes to \a point, and once more
/// while it repairs; the next run must set right whatever they left.
void check_repaired(const char* point, int hit) {
  INFO("killed at " << point << ", hit " << hit);
  PartedWork world;
  REQUIRE(world.run_it(fmt::format("{}:{}", point, hit)).status == 128 + 9);
  world.wait_for_sessions();
  world.let_leases_end();
  const bool looks = world.entries_left() > 0;
  const Ended again = world.run_it("statistics.looked:1");
  REQUIRE(again.status == (looks ? 128 + 9 : 0));
  world.wait_for_sessions();
  world.let_leases_end();

  const Ended clean = world.run_it();
  INFO(clean.err);
  CHECK(clean.status == 0);
  CHECK(world.miscounted() == Strings{});
  CHECK(world.broken() == Strings{});
  CHECK(world.entries_left() == 0);
  CHECK(world.files_left() == projects);
}

}  // namespace

TEST_CASE("killed between two databases, a run is repaired by the next one",
          "[postgres][program]") {
  check_repaired("statistics.before", 1);
  check_repaired("statistics.before", 5);
  check_repaired("statistics.after", 1);
  check_repaired("statistics.after", 6);
}

TEST_CASE("killed before it hears of a commit in either of two databases",
          "[postgres][program]") {
  for (const int hit : {1, 2, 3, 8, 9, 14})
    check_repaired("db.before_commit_answer", hit);
}
