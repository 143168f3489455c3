#include "tests/command_line/janitor.hpp"

#include <catch2/catch.hpp>

#include <nlohmann/json.hpp>

using nlohmann::json;
using tests::Ended;

namespace {

/// A database and a store that ci-janitor-seed has filled.
struct Seeded {
  explicit Seeded(std::vector<std::string> words) {
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
    return tests::run_program(words);
  }
  [[nodiscard]] std::string expected() const {
    return std::to_string(said["expected"]["destroyed"].get<int>());
  }

  tests::TestDatabase database;
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
  const Ended run = seeded.janitor({"run", "--strict", "--output", "json",
                                    "--expect-destroyed", seeded.expected(),
                                    "--expect-backlog", "0"});
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
  CHECK(plan["passes"]["unlocked"]["destroyed"] ==
        passes["unlocked"]["destroyed"]);
  CHECK(plan["passes"]["legacy"]["destroyed"] == passes["legacy"]["destroyed"]);

  // Nothing is left for a second run.
  CHECK(seeded
            .janitor({"run", "--strict", "--expect-destroyed", "0",
                      "--expect-backlog", "0"})
            .status == 0);
}

TEST_CASE("a smoke run that expects the wrong number fails",
          "[postgres][program]") {
  const Seeded seeded({});
  CHECK(seeded.janitor({"run", "--expect-destroyed", "1"}).status == 4);
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
