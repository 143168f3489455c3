#include "tests/command_line/janitor.hpp"

#include <catch2/catch.hpp>

#include <unistd.h>
#include <nlohmann/json.hpp>

#include <csignal>

using tests::contains;
using tests::Ended;
using tests::janitor;
using tests::World;

namespace {

/// \a count artifacts to destroy, and one live.
struct Expired : World {
  explicit Expired(int count) {
    add_live();
    add_many(count);
  }
  /// A row that no run may destroy: its name is not one.
  void add_poison() { add({.file = "..", .with_file = false}); }
};

}  // namespace

TEST_CASE("a run that drains everything is status 0, strict or not",
          "[postgres][program]") {
  Expired world(3);
  CHECK(janitor(world, {"run", "--strict", "--expect-destroyed", "3",
                        "--expect-backlog", "0"})
            .status == 0);
  CHECK(janitor(world, {"run", "--strict", "--expect-destroyed", "0"}).status ==
        0);
  CHECK(world.violations().empty());
}

TEST_CASE("work left over is status 75 to a strict run only",
          "[postgres][program]") {
  Expired world(5);
  CHECK(janitor(world, {"run", "--max-destroy", "1", "--expect-backlog", "4"})
            .status == 0);
  CHECK(janitor(world, {"run", "--max-destroy", "1", "--strict"}).status == 75);
  CHECK(janitor(world, {"run", "--max-destroy", "3", "--strict"}).status == 0);
  CHECK(world.rows_left() == 1);
}

TEST_CASE("an expectation that was not met is status 4, and said",
          "[postgres][program]") {
  Expired world(2);
  const Ended destroyed =
      janitor(world, {"run", "--max-destroy", "1", "--expect-destroyed", "2"});
  CHECK(destroyed.status == 4);
  CHECK(contains(destroyed.err,
                 "error: --expect-destroyed 2 was not met: it is 1"));
  // The summary is there all the same.
  CHECK(contains(destroyed.out, "ci-janitor run: budget_exhausted"));

  const Ended backlog =
      janitor(world, {"run", "--max-destroy", "0", "--expect-backlog", "0"});
  CHECK(backlog.status == 4);
  CHECK(
      contains(backlog.err, "error: --expect-backlog 0 was not met: it is 1"));
}

TEST_CASE("a problem is status 3 unless it is tolerated",
          "[postgres][program]") {
  Expired world(2);
  world.add_poison();
  const Ended partial = janitor(world, {"run", "--expect-destroyed", "2"});
  CHECK(partial.status == 3);
  CHECK(contains(partial.out, "partial"));
  CHECK(janitor(world, {"run", "--tolerate-problems", "1"}).status == 0);
  CHECK(janitor(world, {"run", "--tolerate-problems", "0"}).status == 3);
  // A poison row is no work left over.
  CHECK(janitor(world, {"run", "--tolerate-problems", "1", "--strict",
                        "--expect-backlog", "0"})
            .status == 0);
}

TEST_CASE("of several statuses the first that applies is given",
          "[postgres][program]") {
  Expired world(4);
  world.add_poison();
  CHECK(janitor(world, {"run", "--max-destroy", "1", "--strict",
                        "--expect-destroyed", "9"})
            .status == 4);
  CHECK(janitor(world, {"run", "--max-destroy", "1", "--strict"}).status == 3);
  CHECK(janitor(world, {"run", "--max-destroy", "1", "--strict",
                        "--tolerate-problems", "1"})
            .status == 75);
}

TEST_CASE("a run told to stop finishes what it holds and says so",
          "[postgres][program]") {
  for (const auto& [signal, status] :
       std::vector<std::pair<int, int>>{{SIGTERM, 143}, {SIGINT, 130}}) {
    Expired world(3);
    // The first statement of the pass waits here until the signal has come.
    tests::TestSession other;
    other.begin();
    other.run("LOCK TABLE ci_pipeline_artifacts");
    tests::Program program({JANITOR_PROGRAM, "run", "--output", "json",
                            "--strict", "--lock-timeout", "20000",
                            "--statement-timeout", "20000",
                            "--expect-destroyed", "9", "--local-store",
                            world.store.path().string()});
    const auto waits = [&] {
      return world.database.number(
                 "SELECT count(*) FROM pg_locks WHERE NOT granted AND database "
                 "= (SELECT oid FROM pg_database WHERE datname = "
                 "current_database())") > 0;
    };
    for (int tries = 0; !waits() && tries < 1000; ++tries)
      usleep(10'000);
    REQUIRE(waits());
    program.send_signal(signal);
    other.rollback();
    const Ended ended = program.wait();
    INFO(ended.err);
    CHECK(ended.status == status);
    const auto summary = nlohmann::json::parse(ended.out);
    CHECK(summary["outcome"] == "interrupted");
    CHECK(world.violations().empty());
  }
}

TEST_CASE("a plan is status 0 whatever it finds, and changes nothing",
          "[postgres][program]") {
  Expired world(3);
  world.add_poison();
  world.add_entry("left/over", "old.zip");
  const std::string before = world.database.dump();
  const std::int64_t files = world.files_left();
  for (const std::vector<std::string>& words :
       {std::vector<std::string>{"plan"},
        {"plan", "--max-destroy", "1"},
        {"plan", "--output", "json"},
        {"plan", "--output", "jsonl"}}) {
    const Ended ended = janitor(world, words);
    INFO(ended.err);
    CHECK(ended.status == 0);
  }
  CHECK(world.database.dump() == before);
  CHECK(world.files_left() == files);
}

TEST_CASE("a plan foretells what the run does", "[postgres][program]") {
  Expired world(3);
  world.add({.locked = "2"});
  world.add({.locked = "2", .pipeline_locked = 1});
  world.add({.locked = "1"});
  world.add({.with_file = false});
  world.add_entry("left/over", "old.zip");
  const auto summary = [&](const char* command) {
    return nlohmann::json::parse(
        janitor(world, {command, "--output", "json"}).out);
  };
  const auto plan = summary("plan");
  const auto run = summary("run");
  CHECK(run["passes"]["unlocked"]["destroyed"] == 4);
  CHECK(run["passes"]["legacy"]["destroyed"] == 2);
  for (const auto& [pass, counts] :
       std::map<std::string, std::vector<std::string>>{
           {"unlocked", {"outcome", "destroyed", "bytes", "failed"}},
           {"legacy",
            {"outcome", "scanned", "destroyed", "resolved", "contradictions",
             "bytes", "failed"}},
           {"objects", {"outcome", "removed", "absent", "failed"}}})
    for (const std::string& count : counts) {
      INFO(pass << " " << count);
      CHECK(plan["passes"][pass][count] == run["passes"][pass][count]);
    }
}

TEST_CASE("variables are options, and the command line wins over them",
          "[postgres][program]") {
  Expired world(5);
  const std::string store = world.store.path().string();
  const tests::Program::Environment pod{{"CI_JANITOR_LOCAL_STORE", store},
                                        {"CI_JANITOR_MAX_DESTROY", "1"},
                                        {"CI_JANITOR_STRICT", "true"},
                                        {"CI_JANITOR_OUTPUT", "json"}};
  const Ended first = tests::run_program({JANITOR_PROGRAM, "run"}, pod);
  CHECK(first.status == 75);
  CHECK(nlohmann::json::parse(first.out)["passes"]["unlocked"]["destroyed"] ==
        1);
  CHECK(tests::run_program({JANITOR_PROGRAM, "run", "--max-destroy", "4"}, pod)
            .status == 0);
  // What does not concern a command is no mistake in a pod's environment.
  CHECK(tests::run_program({JANITOR_PROGRAM, "check"}, pod).status == 0);
}

TEST_CASE("what Kubernetes says of its services is not ours",
          "[postgres][program]") {
  const Expired world(0);
  CHECK(janitor(world, {"check"},
                {{"CI_JANITOR_METRICS_SERVICE_HOST", "10.0.0.1"},
                 {"CI_JANITOR_METRICS_SERVICE_PORT", "9091"},
                 {"CI_JANITOR_METRICS_PORT", "tcp://10.0.0.1:9091"},
                 {"CI_JANITOR_METRICS_PORT_9091_TCP_ADDR", "10.0.0.1"}})
            .status == 0);
}
