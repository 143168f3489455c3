#include "tests/command_line/janitor.hpp"

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include <filesystem>
#include <fstream>
#include <sstream>

using nlohmann::json;
using tests::Ended;
using tests::janitor;
using tests::World;

namespace {

std::string content_of(const std::filesystem::path& path) {
  std::ostringstream content;
  content << std::ifstream(path).rdbuf();
  return content.str();
}

/// A file as a kubelet mounts it: there, empty, and not to be replaced.
struct Mounted {
  tests::TemporaryDirectory directory;
  std::string path = (directory.path() / "termination-log").string();

  Mounted() { std::ofstream(path) << "of the container before, and longer"; }

  [[nodiscard]] json message() const {
    const std::string line = content_of(path);
    CHECK(line.size() <= 4096);
    CHECK(line.find('\n') == line.size() - 1);
    return json::parse(line);
  }
};

}  // namespace

TEST_CASE("the termination log has the summary of a run",
          "[postgres][program]") {
  World world;
  world.add_live();
  world.add();
  const Mounted log;
  const Ended ended =
      janitor(world, {"run", "--output", "json", "--expect-destroyed", "7",
                      "--termination-log", log.path});
  CHECK(ended.status == 4);
  json message = log.message();
  CHECK(message["exit_status"] == 4);
  CHECK(tests::contains(message["error"], "--expect-destroyed 7 was not met"));
  message.erase("exit_status");
  message.erase("error");
  CHECK(message == json::parse(ended.out));
}

TEST_CASE("the termination log tells of runs that a signal ended",
          "[postgres][program]") {
  World world;
  world.add_live();
  world.add();
  const Mounted log;
  const Ended ended = tests::run_program(
      {JANITOR_FAULTS_PROGRAM, "run", "--local-store",
       world.store.path().string(), "--termination-log", log.path},
      {{"JANITOR_TEST_FAULT", "batch.destroyed:1:TERM"}});
  CHECK(ended.status == 143);
  const json message = log.message();
  CHECK(message["exit_status"] == 143);
  CHECK(message["outcome"] == "interrupted");
  CHECK(message["passes"]["unlocked"]["destroyed"] == 1);
}

TEST_CASE("the termination log tells of what never began",
          "[postgres][program]") {
  World world;
  world.database.run("DROP TABLE ci_deleted_objects CASCADE");
  const Mounted log;
  const Ended unfit = janitor(world, {"run", "--termination-log", log.path});
  CHECK(unfit.status == 78);
  CHECK(log.message()["exit_status"] == 78);
  CHECK(tests::contains(log.message()["error"], "ci_deleted_objects"));

  const Ended unreachable =
      janitor(world, {"check", "--termination-log=" + log.path},
              {{"PGHOST", "/nowhere"}});
  CHECK(unreachable.status == 69);
  CHECK(log.message()["exit_status"] == 69);
  CHECK(log.message()["command"] == "check");
  CHECK(log.message()["run_id"].get<std::string>().size() == 8);
}

TEST_CASE("the termination log tells of a wrong command line", "[program]") {
  const Mounted log;
  for (const std::vector<std::string>& words :
       {std::vector<std::string>{"--termination-log=" + log.path},
        {"--termination-log", log.path},
        {}}) {
    std::vector<std::string> command{JANITOR_PROGRAM, "run", "--batch-sise=1"};
    command.insert(command.end(), words.begin(), words.end());
    std::ofstream(log.path).close();
    CHECK(
        tests::run_program(command, {{"CI_JANITOR_TERMINATION_LOG", log.path}})
            .status == 2);
    CHECK(log.message()["exit_status"] == 2);
    CHECK(tests::contains(log.message()["error"], "--batch-size"));
  }
}

TEST_CASE("a termination log that can't be written changes no exit status",
          "[postgres][program]") {
  World world;
  world.add_live();
  const Ended ended =
      janitor(world, {"run", "--termination-log", "/nowhere/termination-log"});
  CHECK(ended.status == 0);
  CHECK(tests::contains(ended.err,
                        "the termination log '/nowhere/termination-log' "
                        "is not written"));
}
