#include "jobs/seed_options.hpp"

#include <catch2/catch.hpp>

#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace {

using jobs::Profile;
using jobs::SeedOptions;
using jobs::UsageError;

SeedOptions parse_seed(std::vector<const char*> arguments) {
  arguments.insert(arguments.begin(), "ci-janitor-seed");
  return jobs::parse_seed_options(static_cast<int>(arguments.size()),
                                  arguments.data())
      .value();
}

}  // namespace

TEST_CASE("the seed makes the demo unless told otherwise", "[unit][seed]") {
  const SeedOptions options = parse_seed({"--no-files"});
  CHECK(options.profile == Profile::demo);
  CHECK(options.random_seed == 1);
  CHECK(options.scale == 1);
  CHECK_FALSE(options.now);
  CHECK_FALSE(options.with_poison);
}

TEST_CASE("the seed reads its profile, number, moment and place",
          "[unit][seed]") {
  const SeedOptions options = parse_seed(
      {"--profile", "headline", "--random-seed", "7", "--scale", "0.5", "--now",
       "2022-10-06T12:00:00Z", "--local-store", "objects"});
  CHECK(options.profile == Profile::headline);
  CHECK(options.random_seed == 7);
  CHECK(options.scale == 0.5);
  CHECK(options.now == telemetry::parse_timestamp("2022-10-06T12:00:00Z"));
  CHECK(options.local_store == "objects");
}

TEST_CASE("the seed refuses a command line without a place for the files",
          "[unit][seed]") {
  CHECK_THROWS_WITH(parse_seed({}), Catch::Contains("--local-store"));
  CHECK_THROWS_AS(parse_seed({"--local-store", "a", "--no-files"}), UsageError);
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
        parse_seed(arguments), UsageError,
        Catch::Matchers::Predicate<UsageError>([&](const UsageError& error) {
          return std::string(error.what()).find(value) != std::string::npos;
        }));
  }
}

TEST_CASE("only the headline can be scaled", "[unit][seed]") {
  CHECK_THROWS_AS(parse_seed({"--scale", "0.5", "--no-files"}), UsageError);
}

TEST_CASE("the seed takes a bucket as ci-janitor does", "[unit][seed]") {
  const SeedOptions options = parse_seed(
      {"--object-store", "s3://artifacts/gitlab", "--object-store-endpoint",
       "http://127.0.0.1:9000", "--object-store-region", "eu-west-1",
       "--object-store-path-style", "--object-store-config", "connection.yml"});
  CHECK_FALSE(options.local_store);
  REQUIRE(options.object_store);
  CHECK(options.object_store->url == "s3://artifacts/gitlab");
  CHECK(options.object_store->endpoint == "http://127.0.0.1:9000");
  CHECK(options.object_store->region == "eu-west-1");
  CHECK(options.object_store->path_style);
  CHECK(options.object_store->config_file == "connection.yml");
  CHECK(parse_seed({"--local-store=a", "--object-store=s3://artifacts"})
            .local_store);
  CHECK_FALSE(parse_seed({"--local-store=a"}).object_store);
}

TEST_CASE("the seed names what is wrong about a bucket", "[unit][seed]") {
  for (const auto& [option, value] :
       {std::pair{"--object-store", "artifacts"},
        std::pair{"--object-store", "s3://artifacts/../gitlab"},
        std::pair{"--object-store-endpoint", "127.0.0.1:9000"},
        std::pair{"--object-store-region", "Western Europe"},
        std::pair{"--object-store-config", ""}}) {
    CAPTURE(option, value);
    CHECK_THROWS_WITH(parse_seed({"--local-store=a", option, value}),
                      Catch::StartsWith(std::string(option) + " must be "));
  }
  for (const char* const detail :
       {"--object-store-endpoint=http://localhost", "--object-store-region=a",
        "--object-store-path-style", "--object-store-config=connection.yml"})
    CHECK_THROWS_WITH(parse_seed({"--local-store=a", detail}),
                      Catch::Contains("give --object-store s3://BUCKET too"));
}

TEST_CASE("the seed wants no password of a bucket on its command line",
          "[unit][seed]") {
  for (const char* const option :
       {"--object-store=s3://user:hunter2@artifacts",
        "--object-store=s3://artifacts/@hunter2",
        "--object-store-endpoint=http://user:hunter2@localhost"})
    CHECK_THROWS_MATCHES(
        parse_seed({"--local-store=a", option}), UsageError,
        Catch::Matchers::Predicate<UsageError>([](const UsageError& error) {
          return std::string(error.what()).find("hunter2") == std::string::npos;
        }));
}

TEST_CASE("the seed refuses what makes no sense with a bucket",
          "[unit][seed]") {
  const char* const bucket = "--object-store=s3://artifacts";
  CHECK_THROWS_WITH(parse_seed({bucket, "--no-files"}),
                    Catch::Contains("--object-store and --no-files"));
  CHECK_THROWS_WITH(parse_seed({bucket, "--local-store=a", "--with-remote"}),
                    Catch::Contains("--with-remote and --object-store"));
  CHECK_THROWS_WITH(parse_seed({bucket, "--with-poison"}),
                    Catch::Contains("--local-store DIR too"));
  CHECK(parse_seed({bucket, "--with-poison", "--local-store=a"}).with_poison);
  CHECK_THROWS_AS(parse_seed({bucket, "--local-store="}), UsageError);
}

TEST_CASE("the seed takes a Redis as ci-janitor does", "[unit][seed]") {
  for (const char* const url :
       {"redis://localhost:6380/1", "unix:///run/redis.sock", "file:/etc/url"})
    CHECK(parse_seed({"--no-files", "--redis", url}).redis == url);
  for (const char* const url : {"http://localhost", "redis.sock", "file:"})
    CHECK_THROWS_AS(parse_seed({"--no-files", "--redis", url}), UsageError);
}

TEST_CASE("the seed wants no password of Redis on its command line",
          "[unit][seed]") {
  for (const char* const url :
       {"redis://:hunter2@localhost", "redis:/hunter2@localhost"})
    CHECK_THROWS_MATCHES(
        parse_seed({"--no-files", "--redis", url}), UsageError,
        Catch::Matchers::Predicate<UsageError>([](const UsageError& error) {
          return std::string(error.what()).find("hunter2") == std::string::npos;
        }));
}

TEST_CASE("only the headline can be told its jobs, and its Redis needs them",
          "[unit][seed]") {
  const SeedOptions options =
      parse_seed({"--profile=headline", "--no-files", "--jobs=10000",
                  "--redis=unix:///run/redis.sock"});
  CHECK(options.jobs == 10000);
  CHECK_THROWS_AS(parse_seed({"--no-files", "--jobs", "20"}), UsageError);
  CHECK_THROWS_AS(parse_seed({"--profile=headline", "--no-files",
                              "--redis=unix:///run/redis.sock"}),
                  UsageError);
}
