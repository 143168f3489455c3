#include "tests/command_line/janitor.hpp"
#include "tests/support/jobs.hpp"

#include <catch2/catch.hpp>

#include <nlohmann/json.hpp>

#include <algorithm>

using nlohmann::json;
using tests::Ended;

namespace {

struct AuditWorld : tests::World {
  [[nodiscard]] Ended ran(std::vector<std::string> words,
                          const std::string& program = JANITOR_PROGRAM,
                          const std::string& fault = "") const {
    words.insert(words.begin(),
                 {program, "run", "--local-store", store.path().string()});
    return tests::run_program(words, {{"JANITOR_TEST_FAULT", fault}});
  }

  tests::Jobs jobs{*this};
  tests::MadeArtifact artifact = add({.project_id = 3, .size = 77});
  tests::MadeArtifact other = add({.locked = "2"});
  tests::MadeArtifact live = add_live();
  std::int64_t job = jobs.job(jobs.pipeline(jobs.user()));
};

/// The lines about single rows.
std::vector<json> audited(const Ended& ended) {
  std::vector<json> lines;
  for (const std::string& line : tests::lines_of(ended.err)) {
    json parsed = json::parse(line);
    if (parsed.contains("kind"))
      lines.push_back(std::move(parsed));
  }
  return lines;
}

/// What was said of a row, in order.
std::vector<std::string> told_of(const std::vector<json>& lines,
                                 const std::string& kind, std::int64_t id) {
  std::vector<std::string> messages;
  for (const json& line : lines)
    if (line["kind"] == kind && line["id"] == id)
      messages.push_back(line["message"]);
  return messages;
}

}  // namespace

TEST_CASE("in JSON every row is audited before and after",
          "[postgres][program]") {
  const AuditWorld world;
  const Ended run = world.ran({"--log-format", "json", "--output", "json"});
  INFO(run.err);
  REQUIRE(run.status == 0);
  const auto lines = audited(run);
  using Words = std::vector<std::string>;
  for (const auto& row : {world.artifact, world.other})
    CHECK(told_of(lines, "artifact", row.id) ==
          Words{"to be destroyed", "destroyed"});
  CHECK(told_of(lines, "build", world.job) ==
        Words{"to be dropped", "dropped"});
  CHECK(lines.size() == 6);

  const auto found = std::ranges::find_if(lines, [&](const json& line) {
    return line["message"] == "destroyed" && line["id"] == world.artifact.id;
  });
  REQUIRE(found != lines.end());
  const json& line = *found;
  CHECK(line["level"] == "info");
  CHECK(line["run_id"] == json::parse(run.out)["run_id"]);
  CHECK(line["project_id"] == 3);
  CHECK(line["bytes"] == 77);
  CHECK(line["store"] == 1);
  CHECK(line["key"] == world.artifact.key.path());
  CHECK(line["reason"] == "expired, and the row says unlocked");
}

TEST_CASE("a run that is killed has said of each row what it was about to do",
          "[postgres][program]") {
  const AuditWorld world;
  const Ended run = world.ran({"--log-format", "json"}, JANITOR_FAULTS_PROGRAM,
                              "batch.destroyed");
  CHECK(run.status == 128 + 9);
  CHECK(told_of(audited(run), "artifact", world.artifact.id) ==
        std::vector<std::string>{"to be destroyed"});
}

TEST_CASE("a row that others hold is audited as left", "[postgres][program]") {
  const AuditWorld world;
  tests::TestSession other;
  other.begin();
  other.run("SELECT FROM ci_pipeline_artifacts WHERE id = " +
            std::to_string(world.artifact.id) + " FOR UPDATE");
  const auto lines = audited(world.ran({"--log-format", "json"}));
  const auto told = told_of(lines, "artifact", world.artifact.id);
  REQUIRE(told.size() >= 2);
  CHECK(told.back() == "not destroyed");
}

TEST_CASE("only JSON at level info is an audit", "[postgres][program]") {
  const AuditWorld world;
  const auto words =
      GENERATE(std::vector<std::string>{},
               std::vector<std::string>{"--log-format", "json", "--log-level",
                                        "warning"});
  const Ended run = world.ran(words);
  CHECK(run.status == 0);
  CHECK_FALSE(tests::contains(run.err, world.artifact.key.file));
  CHECK_FALSE(tests::contains(run.err, "destroyed\""));
}
