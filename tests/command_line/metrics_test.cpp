#include "tests/command_line/janitor.hpp"
#include "tests/support/pushgateway.hpp"
#include "tests/support/redis_server.hpp"

#include <catch2/catch.hpp>

#include <sys/stat.h>
#include <fstream>
#include <sstream>

using tests::contains;
using tests::Ended;
using tests::janitor;
using tests::lines_of;
using tests::Pushgateway;
using tests::World;

namespace {

/// A directory as the textfile collector has it, and a World with one artifact
/// to destroy.
struct Watched : World {
  Watched() {
    add_live();
    add();
  }

  [[nodiscard]] std::string metrics() const {
    std::ostringstream content;
    content << std::ifstream(file).rdbuf();
    return content.str();
  }

  tests::TemporaryDirectory directory;
  std::string file = (directory.path() / "ci_janitor.prom").string();
};

std::string line_with(const std::string& text, const std::string& beginning) {
  for (const std::string& line : lines_of(text))
    if (line.starts_with(beginning))
      return line;
  return "";
}

/// What a server that is not there makes of a run.
const tests::Program::Environment nowhere{{"PGHOST", "/nowhere"}};

}  // namespace

TEST_CASE("a metrics file is as Prometheus wants it, and goes on",
          "[postgres][program]") {
  Watched world;
  const std::vector<std::string> words{"run", "--metrics-file", world.file};
  CHECK(janitor(world, words).status == 0);
  const std::string first = world.metrics();
  const Ended judged =
      tests::run_program({"/bin/bash", "-c", "promtool check metrics <\"$1\"",
                          "bash", world.file});
  CHECK(judged.status == 0);
  CHECK((judged.out + judged.err).empty());
  struct stat found {};
  REQUIRE(stat(world.file.c_str(), &found) == 0);
  CHECK((found.st_mode & 07777) == 0644);

  world.add();
  CHECK(janitor(world, words).status == 0);
  CHECK(contains(world.metrics(),
                 "\ndestroyed_pipeline_artifacts_count_total 2\n"));
  const std::string success =
      line_with(world.metrics(), "ci_janitor_last_success_timestamp_seconds ");
  CHECK_FALSE(success.empty());
  CHECK(success !=
        line_with(first, "ci_janitor_last_success_timestamp_seconds "));

  CHECK(janitor(world, words, nowhere).status == 69);
  CHECK(line_with(world.metrics(), "ci_janitor_last_success_timestamp_seco") ==
        success);
  CHECK(contains(world.metrics(), "\nci_janitor_exit_status 69\n"));
  CHECK(contains(world.metrics(), "ci_janitor_backlog{kind=\"unlocked\"} 0"));
  // Nothing but the file itself is left where the collector looks.
  CHECK(
      std::distance(std::filesystem::directory_iterator(world.directory.path()),
                    std::filesystem::directory_iterator()) == 1);
}

TEST_CASE("a gateway keeps the last success of a shard whose run failed",
          "[postgres][program]") {
  Watched world;
  const Pushgateway gateway;
  const std::vector<std::string> words{"run", "--shards", "5", "--metrics-push",
                                       gateway.url()};
  // Of five shares the last has the project of all artifacts.
  const auto push = [&](const std::string& shard,
                        tests::Program::Environment environment) {
    environment["JOB_COMPLETION_INDEX"] = shard;
    return janitor(world, words, environment);
  };
  CHECK(push("4", {}).err.find("error") == std::string::npos);
  const std::string group = R"({instance="",job="ci-janitor",shard="4"} )";
  const std::string success = line_with(
      gateway.metrics(), "ci_janitor_last_success_timestamp_seconds" + group);
  CHECK_FALSE(success.empty());

  world.add();
  CHECK(push("4", {}).status == 0);
  CHECK(push("3", {}).status == 0);
  const std::string later = line_with(
      gateway.metrics(), "ci_janitor_last_success_timestamp_seconds" + group);
  CHECK(later != success);
  CHECK(push("4", nowhere).status == 69);
  const std::string told = gateway.metrics();
  CHECK(contains(told, later));
  CHECK(contains(told, "ci_janitor_exit_status" + group + "69\n"));
  CHECK(contains(told,
                 "destroyed_pipeline_artifacts_count_total" + group + "2\n"));
  CHECK(contains(told,
                 "ci_janitor_exit_status{instance=\"\","
                 "job=\"ci-janitor\",shard=\"3\"} 0\n"));
  CHECK_FALSE(contains(told,
                       "push_failure_time_seconds{instance=\"\","
                       "job=\"ci-janitor\",shard=\"4\"} 1"));
}

TEST_CASE("what statements and Redis took is told by name",
          "[postgres][program]") {
  Watched world;
  const tests::RedisServer redis;
  CHECK(janitor(world,
                {"run", "--metrics-file", world.file, "--redis", redis.url()})
            .status == 0);
  CHECK(contains(world.metrics(),
                 "ci_janitor_statement_duration_seconds_count{statement="
                 "\"artifacts.destroy_at_once\"} 1\n"));
  CHECK(contains(world.metrics(),
                 "\nci_janitor_redis_request_duration_seconds_count "));
}

TEST_CASE("metrics that go nowhere change no exit status",
          "[postgres][program]") {
  Watched world;
  const Ended ended =
      janitor(world, {"run", "--metrics-push", "http://127.0.0.1:1",
                      "--metrics-file", "/nowhere/ci_janitor.prom"});
  CHECK(ended.status == 0);
  CHECK(contains(ended.err,
                 "error: the metrics are not pushed to 'http://127.0.0.1:1'"));
  CHECK(contains(
      ended.err,
      "error: the metrics '/nowhere/ci_janitor.prom' are not written"));
  CHECK(world.rows_left() == 1);
}

TEST_CASE("a gateway that holds a password is not quoted", "[program]") {
  const Ended ended = tests::run_program(
      {JANITOR_PROGRAM, "run", "--metrics-push", "http://me:secret@host:9091"});
  CHECK(ended.status == 2);
  CHECK(contains(ended.err, "--metrics-push is not quoted here"));
  CHECK_FALSE(contains(ended.err, "secret"));
}
