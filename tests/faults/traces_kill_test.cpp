#include "stores/store.hpp"
#include "tests/faults/busy_world.hpp"
#include "tests/support/fault_point.hpp"
#include "tests/support/slow_proxy.hpp"
#include "tests/support/some_bytes.hpp"
#include "tests/support/trace_gitlab.hpp"

#include <sys/resource.h>

#include <fmt/format.h>
#include <catch2/catch.hpp>

#include <chrono>
#include <csignal>
#include <filesystem>
#include <thread>

/// A run of the traces pass that is killed, cut off or out of space: chunks or
/// a verified archive are there at every moment, and a clean run does the rest.
using telemetry::Outcome;
using telemetry::Pass;
using tests::Cut;
using tests::full_chunk;
using tests::in_database;
using tests::in_redis;
using tests::in_shared_state;
using tests::some_bytes;
using tests::TracesWorld;
using Strings = std::vector<std::string>;

namespace {

constexpr int killed = 128 + 9;

/// More than one batch.
constexpr int many = 40;

void wait_for_sessions(TracesWorld& world) {
  while (world.database.number("SELECT count(*) FROM pg_stat_activity "
                               "WHERE datname = current_database() "
                               "AND application_name LIKE 'ci-janitor%'") > 0)
    std::this_thread::sleep_for(std::chrono::milliseconds{5});
}

void kill_at(TracesWorld& world, const char* point, int hit) {
  const tests::Ended ended = tests::run_program(
      world.command(),
      {{"JANITOR_TEST_FAULT", fmt::format("{}:{}", point, hit)}});
  INFO(ended.err);
  REQUIRE(ended.status == killed);
  wait_for_sessions(world);
}

void check_clean_run(TracesWorld& world) {
  world.let_leases_end();
  const tests::Ended clean = tests::run_program(world.command());
  INFO(clean.err);
  CHECK(clean.status == 0);
  CHECK(world.left_over() == Strings{});
}

void kill_and_clean_up(const char* point, int hit) {
  INFO("killed at " << point << ", hit " << hit);
  TracesWorld world;
  world.traces(many, {in_redis, in_database, in_shared_state});
  kill_at(world, point, hit);
  CHECK(world.losses() == Strings{});
  check_clean_run(world);
}

/// No file may grow beyond so many bytes while it lives: what a full disk says
/// for a write is much the same.
class FileLimit {
 public:
  explicit FileLimit(rlim_t bytes) {
    std::signal(SIGXFSZ, SIG_IGN);
    getrlimit(RLIMIT_FSIZE, &before_);
    const rlimit limit{bytes, before_.rlim_max};
    setrlimit(RLIMIT_FSIZE, &limit);
  }
  ~FileLimit() { setrlimit(RLIMIT_FSIZE, &before_); }
  FileLimit(const FileLimit&) = delete;
  FileLimit& operator=(const FileLimit&) = delete;

 private:
  rlimit before_{};
};

}  // namespace

TEST_CASE("killed after the rows of archives were made, a run loses no byte",
          "[postgres][program]") {
  kill_and_clean_up("traces.after_row", 1);
  kill_and_clean_up("traces.after_row", 2);
}

TEST_CASE("killed after an archive was stored, a run loses no byte",
          "[postgres][program]") {
  kill_and_clean_up("traces.after_put", 1);
  kill_and_clean_up("traces.after_put", 23);
}

TEST_CASE("killed before archives are committed, a run loses no byte",
          "[postgres][program]") {
  kill_and_clean_up("traces.before_complete", 1);
  kill_and_clean_up("traces.before_complete", 3);
}

TEST_CASE("killed before chunks are forgotten, a run loses no byte",
          "[postgres][program]") {
  kill_and_clean_up("traces.before_forget", 1);
  kill_and_clean_up("traces.before_forget", 2);
}

TEST_CASE("killed between keys and rows, a run loses no byte",
          "[postgres][program]") {
  kill_and_clean_up("traces.between_forgets", 1);
  kill_and_clean_up("traces.between_forgets", 2);
}

TEST_CASE("killed before it hears of a commit, the traces pass loses no byte",
          "[postgres][program][slow]") {
  for (int hit = 5; hit <= 15; hit += 2)
    kill_and_clean_up("db.before_commit_answer", hit);
}

TEST_CASE("killed again and again at each step, a run loses no byte",
          "[postgres][program]") {
  TracesWorld world;
  world.traces(many, {in_redis, in_database});
  for (const char* point :
       {"traces.after_row", "traces.after_put", "traces.before_complete",
        "traces.before_forget", "traces.between_forgets"}) {
    INFO(point);
    kill_at(world, point, 1);
    CHECK(world.losses() == Strings{});
    world.let_leases_end();
  }
  check_clean_run(world);
}

TEST_CASE("SIGTERM in the middle of a batch finishes it, and loses no byte",
          "[postgres][program]") {
  TracesWorld world;
  world.traces(many, {in_redis, in_database});
  const tests::Ended ended = tests::run_program(
      world.command(), {{"JANITOR_TEST_FAULT", "traces.after_put:3:TERM"}});
  INFO(ended.err);
  CHECK(ended.status == 143);
  CHECK(world.losses() == Strings{});
  CHECK(world.shared_state.keys() == 0);
  CHECK(world.database.number("SELECT count(*) FROM ci_job_artifacts "
                              "WHERE file IS NULL") == 0);
  check_clean_run(world);
}

TEST_CASE("a connection cut at any commit of the traces pass loses no archive",
          "[postgres][slow]") {
  const Cut where = GENERATE(Cut::before_commit, Cut::before_answer);
  const char* const statement = GENERATE(
      "INSERT INTO public.ci_job_artifacts", "UPDATE public.ci_job_artifacts",
      "DELETE FROM public.ci_build_trace_chunks");
  const bool in_one_place = GENERATE(true, false);
  INFO(statement);
  TracesWorld world;
  if (in_one_place)
    world.traces(20, {in_database});
  else
    world.traces(20, {in_redis, in_database});
  tests::SlowProxy proxy;
  const auto through = proxy.environment();
  proxy.cut(where, statement, 1);
  const telemetry::Report& report = world.run();
  REQUIRE(proxy.has_cut());
  CHECK(report.problems_total() == 0);
  CHECK(report.pass(Pass::traces).archived == 20);
  CHECK(world.left_over() == Strings{});
}

TEST_CASE("where the disk is full, chunks are kept and archived later",
          "[postgres]") {
  TracesWorld world;
  world.trace(some_bytes(3 * full_chunk), {in_redis, in_database});
  world.trace("small enough");
  {
    const FileLimit limit(full_chunk);
    const telemetry::Report& report = world.run();
    CHECK(report.pass(Pass::traces).archived == 1);
    REQUIRE(report.problems_total() == 1);
    CHECK(report.problems()[0].reason.starts_with("it cannot be stored"));
    CHECK(report.outcome() == Outcome::partial);
  }
  CHECK(world.losses() == Strings{});
  CHECK(world.files_left() == 1);
  CHECK(world.archive().archived == 1);
  CHECK(world.left_over() == Strings{});
}

TEST_CASE("an object that does not read back keeps its chunks", "[postgres]") {
  TracesWorld world;
  const auto job = world.trace(some_bytes(full_chunk + 5));
  {
    const tests::FaultHook hook("traces.after_put", [&] {
      world.store.write(tests::TraceGitlab(world).path(job), "something else");
    });
    const telemetry::Report& report = world.run();
    CHECK(report.pass(Pass::traces).archived == 0);
    REQUIRE(report.problems_total() == 1);
    CHECK(report.problems()[0].reason.find("reads back as something else") !=
          std::string::npos);
  }
  CHECK(world.builds.archive(job) == "(none)");
  CHECK(world.losses() == Strings{});
  CHECK(world.archive().archived == 1);
  CHECK(world.left_over() == Strings{});
}

TEST_CASE("a store that goes away in the middle keeps all chunks",
          "[postgres]") {
  TracesWorld world;
  world.traces(3, {in_redis, in_database});
  const std::filesystem::path root = world.store.path() / "root";
  std::filesystem::create_directory(root);
  world.options.local_store = root.string();
  {
    const tests::FaultHook hook("traces.after_row",
                                [&] { std::filesystem::remove_all(root); });
    CHECK_THROWS_AS(world.run(), stores::StoreError);
  }
  CHECK(world.losses() == Strings{});
  CHECK(world.shared_state.keys() == 0);
  world.options.local_store = world.store.path().string();
  CHECK(world.archive().archived == 3);
  CHECK(world.left_over() == Strings{});
}
