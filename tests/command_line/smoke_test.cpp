#include "tests/command_line/janitor.hpp"
#include "tests/support/redis_server.hpp"

#include <catch2/catch.hpp>

#include <nlohmann/json.hpp>

using nlohmann::json;
using tests::Ended;

namespace {

/// A database, a store and a Redis that ci-janitor-seed has filled.
struct Seeded {
  explicit Seeded(std::vector<std::string> words) {
    words.insert(words.end(), {"--redis", redis.url()});
    words.insert(words.begin(), {JANITOR_SEED_PROGRAM, "--profile", "smoke",
                                 "--output", "json", "--local-store", store});
    const Ended ended = tests::run_program(words);
    INFO(ended.err);
    REQUIRE(ended.status == 0);
    said = json::parse(ended.out);
  }
  [[nodiscard]] Ended janitor(std::vector<std::string> words) const {
    words.insert(words.begin(), JANITOR_PROGRAM);
    words.insert(words.end(), {"--local-store", store});
    return tests::run_program(words, {{"PGUSER", tests::program_role},
                                      {"CI_JANITOR_REDIS", redis.url()},
                                      {"CI_JANITOR_TRACE_SETTLE", "0"}});
  }
  [[nodiscard]] std::string expected(const char* what = "destroyed") const {
    return std::to_string(said["expected"][what].get<int>());
  }

  tests::TestDatabase database;
  tests::RedisServer redis;
  tests::TemporaryDirectory directory;
  std::string store = (directory.path() / "artifacts").string();
  json said;
};

}  // namespace

TEST_CASE("the smoke run of the README does what the seed foretold",
          "[postgres][program]") {
  const Seeded seeded({});
  CHECK(seeded.janitor({"check"}).status == 0);

  const auto plan = json::parse(seeded.janitor({"plan", "--output=json"}).out);
  const Ended run = seeded.janitor(
      {"run", "--strict", "--output", "json", "--expect-destroyed",
       seeded.expected(), "--expect-dropped", seeded.expected("dropped"),
       "--expect-backlog", seeded.expected("backlog")});
  INFO(run.err);
  CHECK(run.status == 0);
  const json summary = json::parse(run.out);
  const json& expected = seeded.said["expected"];
  const json& passes = summary["passes"];
  CHECK(passes["unlocked"]["destroyed"] == expected["unlocked"]["destroyed"]);
  for (const char* const count : {"destroyed", "resolved", "contradictions"})
    CHECK(passes["legacy"][count] == expected["legacy"][count]);
  for (const char* const count : {"removed", "absent"})
    CHECK(passes["objects"][count] == expected["objects"][count]);
  CHECK(passes["unlocked"]["bytes"].get<int>() +
            passes["legacy"]["bytes"].get<int>() ==
        expected["destroyed_bytes"]);
  for (const char* const pass : {"builds", "traces"})
    for (const auto& [count, number] : expected[pass].items()) {
      CAPTURE(pass, count);
      CHECK(passes[pass][count] == number);
    }
  CHECK(plan["passes"]["unlocked"]["destroyed"] ==
        passes["unlocked"]["destroyed"]);
  CHECK(plan["passes"]["legacy"]["destroyed"] == passes["legacy"]["destroyed"]);
  CHECK(plan["passes"]["builds"]["dropped"] == expected["dropped"]);

  // Nothing is left for a second run.
  CHECK(seeded
            .janitor({"run", "--strict", "--expect-destroyed", "0",
                      "--expect-dropped", "0", "--expect-backlog", "0"})
            .status == 0);
}

TEST_CASE("a smoke run that expects the wrong number fails",
          "[postgres][program]") {
  const Seeded seeded({});
  CHECK(seeded.janitor({"run", "--expect-destroyed", "1"}).status == 4);
  CHECK(seeded.janitor({"run", "--expect-dropped", "1"}).status == 4);
}

TEST_CASE("a smoke run touches nothing of users who are not blocked",
          "[postgres][program]") {
  Seeded seeded({});
  const auto theirs = [&](const std::string& what) {
    return seeded.database.column("SELECT t::text FROM " + what +
                                  " AS t WHERE t.user_id > 6 ORDER BY t.id");
  };
  const std::string chunks =
      "SELECT count(*) FROM ci_build_trace_chunks AS c JOIN ci_builds AS b "
      "ON b.id = c.build_id WHERE b.failure_reason IS NULL";
  const auto jobs = theirs("ci_builds");
  const auto pipelines = theirs("(SELECT * FROM ci_pipelines WHERE id > 500)");
  REQUIRE(seeded.janitor({"run", "--strict"}).status == 0);
  CHECK(theirs("ci_builds") == jobs);
  CHECK(theirs("(SELECT * FROM ci_pipelines WHERE id > 500)") == pipelines);
  // Their traces are all that is left, in either place.
  CHECK(seeded.database.number(chunks) > 0);
  CHECK(seeded.database.number("SELECT count(*) FROM ci_build_trace_chunks") ==
        seeded.database.number(chunks));
  CHECK(static_cast<std::int64_t>(seeded.redis.keys()) ==
        seeded.database.number("SELECT count(*) FROM ci_build_trace_chunks "
                               "WHERE data_store = 4"));
}

TEST_CASE("a smoke run over poison is partial and does the rest",
          "[postgres][program]") {
  const Seeded seeded({"--with-poison"});
  const int problems = seeded.said["expected"]["problems"].get<int>();
  REQUIRE(problems > 0);
  const Ended run = seeded.janitor(
      {"run", "--output", "json", "--expect-destroyed", seeded.expected()});
  INFO(run.err);
  CHECK(run.status == 3);
  const json summary = json::parse(run.out);
  CHECK(summary["problems_total"] == problems);
  CHECK(seeded
            .janitor({"run", "--tolerate-problems", std::to_string(problems),
                      "--expect-destroyed", "0"})
            .status == 0);
}

TEST_CASE("the seed refuses a database that a run has left",
          "[postgres][program]") {
  const Seeded seeded({});
  const Ended again = tests::run_program(
      {JANITOR_SEED_PROGRAM, "--profile", "smoke", "--local-store",
       (seeded.directory.path() / "other").string()});
  CHECK(again.status == 78);
  CHECK(again.out.empty());
  CHECK(tests::contains(again.err, "holds rows"));
}
