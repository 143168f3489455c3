#include "jobs/seed_options.hpp"

#include <catch2/catch.hpp>

#include <optional>
#include <vector>

namespace {

using jobs::Profile;
using jobs::SeedOptions;
using jobs::UsageError;

SeedOptions parse(std::vector<const char*> arguments) {
  arguments.insert(arguments.begin(), "ci-janitor-seed");
  return jobs::parse_seed_options(static_cast<int>(arguments.size()),
                                  arguments.data())
      .value();
}

}  // namespace

TEST_CASE("the seed makes the demo unless told otherwise", "[unit][seed]") {
  const SeedOptions options = parse({"--no-files"});
  CHECK(options.profile == Profile::demo);
  CHECK(options.random_seed == 1);
  CHECK(options.scale == 1);
  CHECK_FALSE(options.now);
  CHECK_FALSE(options.with_poison);
}

TEST_CASE("the seed reads its profile, number, moment and place",
          "[unit][seed]") {
  const SeedOptions options =
      parse({"--profile", "headline", "--random-seed", "7", "--scale", "0.5",
             "--now", "2022-10-06T12:00:00Z", "--local-store", "objects"});
  CHECK(options.profile == Profile::headline);
  CHECK(options.random_seed == 7);
  CHECK(options.scale == 0.5);
  CHECK(options.now == telemetry::parse_timestamp("2022-10-06T12:00:00Z"));
  CHECK(options.local_store == "objects");
}

TEST_CASE("the seed refuses a command line without a place for the files",
          "[unit][seed]") {
  CHECK_THROWS_WITH(parse({}), Catch::Contains("--local-store"));
  CHECK_THROWS_AS(parse({"--local-store", "a", "--no-files"}), UsageError);
}

TEST_CASE("the seed names the value that it can't read", "[unit][seed]") {
  const std::vector<std::vector<const char*>> wrong{
      {"--profile", "huge"},    {"--random-seed", "-1"},
      {"--random-seed", "1e3"}, {"--random-seed", "4294967296"},
      {"--scale", "0"},         {"--scale", "11"},
      {"--scale", "-1"},        {"--now", "yesterday"},
      {"--output", "jsonl"},    {"--jobs", "30"},
      {"--jobs", "0"},          {"--jobs", "1000020"},
      {"--unknown", "unknown"}, {"--no-files", "superfluous"}};
  for (std::vector<const char*> arguments : wrong) {
    const char* const value = arguments.back();
    CAPTURE(arguments.front(), value);
    arguments.insert(arguments.begin(), "--profile");
    arguments.insert(arguments.begin() + 1, "headline");
    if (std::string(arguments[2]) == "--profile")
      arguments.erase(arguments.begin(), arguments.begin() + 2);
    arguments.push_back("--local-store=objects");
    CHECK_THROWS_MATCHES(
        parse(arguments), UsageError,
        Catch::Matchers::Predicate<UsageError>([&](const UsageError& error) {
          return std::string(error.what()).find(value) != std::string::npos;
        }));
  }
}

TEST_CASE("only the headline can be scaled", "[unit][seed]") {
  CHECK_THROWS_AS(parse({"--scale", "0.5", "--no-files"}), UsageError);
}

TEST_CASE("the seed takes a Redis as ci-janitor does", "[unit][seed]") {
  for (const char* const url :
       {"redis://localhost:6380/1", "unix:///run/redis.sock", "file:/etc/url"})
    CHECK(parse({"--no-files", "--redis", url}).redis == url);
  for (const char* const url : {"http://localhost", "redis.sock", "file:"})
    CHECK_THROWS_AS(parse({"--no-files", "--redis", url}), UsageError);
}

TEST_CASE("the seed wants no password of Redis on its command line",
          "[unit][seed]") {
  for (const char* const url :
       {"redis://:hunter2@localhost", "redis:/hunter2@localhost"})
    CHECK_THROWS_MATCHES(
        parse({"--no-files", "--redis", url}), UsageError,
        Catch::Matchers::Predicate<UsageError>([](const UsageError& error) {
          return std::string(error.what()).find("hunter2") == std::string::npos;
        }));
}

TEST_CASE("only the headline can be told its jobs, and its Redis needs them",
          "[unit][seed]") {
  const SeedOptions options =
      parse({"--profile=headline", "--no-files", "--jobs=10000",
             "--redis=unix:///run/redis.sock"});
  CHECK(options.jobs == 10000);
  CHECK_THROWS_AS(parse({"--no-files", "--jobs", "20"}), UsageError);
  CHECK_THROWS_AS(parse({"--profile=headline", "--no-files",
                         "--redis=unix:///run/redis.sock"}),
                  UsageError);
}
