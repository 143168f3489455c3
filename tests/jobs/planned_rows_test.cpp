#include "jobs/planned_rows.hpp"

#include "jobs/options.hpp"

#include <catch2/catch.hpp>

#include <sstream>

using jobs::PlannedRows;

namespace {

const std::string artifact_line =
    R"({"kind":"artifact","pass":"unlocked","id":7,"project_id":1,)"
    R"("pipeline_id":2,"bytes":10,"store":1,"key":"a/b"})";
const std::string build_line =
    R"({"kind":"build","id":9,"project_id":1,"pipeline_id":3,)"
    R"("status":"running","user_id":4})";
const db::Filter everything{{}, {}, {1, 2}};

PlannedRows parse_plan(const std::string& text,
                       const db::Filter& filter = everything) {
  std::istringstream lines(text);
  return {lines, "a plan", filter};
}

std::string complaint_about(const std::string& text) {
  try {
    parse_plan(text);
  } catch (const jobs::UsageError& error) {
    return error.what();
  }
  return "";
}

std::string without(std::string text, const std::string& part) {
  return text.replace(text.find(part), part.size(), "");
}

}  // namespace

TEST_CASE("a bad line of a plan is refused with its number", "[unit]") {
  const std::string deep(60000, '[');
  const std::string bad[] = {
      "",
      "7",
      "[]",
      "nonsense",
      "{}",
      "\xff",
      std::string("\0", 1),
      deep,
      artifact_line + artifact_line,
      without(artifact_line, R"("key":"a/b")"),
      without(artifact_line, R"("id":7,)"),
      without(artifact_line, R"("bytes":10,)"),
      without(build_line, R"("user_id":4)"),
      without(build_line, R"("status":"running",)"),
      R"({"kind":"trace","id":1,"project_id":1,"pipeline_id":1})",
      R"({"kind":"build","id":"1; DROP TABLE users","project_id":1})",
      R"({"kind":"build","id":1.5,"project_id":1,"pipeline_id":1})",
      R"({"kind":"build","id":18446744073709551615,"project_id":1,)"
      R"("pipeline_id":1,"status":"running","user_id":4})",
      R"({"kind":"artifact","pass":"objects","id":7,"project_id":1,)"
      R"("pipeline_id":2,"bytes":10,"store":1,"key":"a/b"})",
      std::string(PlannedRows::longest_line + 1, ' ')};
  for (const std::string& line : bad) {
    INFO(line.substr(0, 100));
    const std::string said =
        complaint_about(artifact_line + "\n" + build_line + "\n" + line + "\n");
    CHECK_THAT(said, Catch::StartsWith("--plan 'a plan', line 3: "));
    CHECK(said.size() < 300);
  }
  CHECK_THAT(complaint_about(artifact_line),
             Catch::Contains("line 1: it has no end"));
  CHECK(complaint_about(artifact_line + "\n" + build_line + "\n").empty());
  CHECK(complaint_about("").empty());
}

TEST_CASE("a plan may name a row twice, but not as two", "[unit]") {
  std::string other = artifact_line;
  other.replace(other.find("\"bytes\":10"), 10, "\"bytes\":11");
  CHECK(parse_plan(artifact_line + "\n" + artifact_line + "\n").artifacts() ==
        1);
  CHECK_THAT(complaint_about(artifact_line + "\n" + other + "\n"),
             Catch::Contains("names artifact 7 twice"));
}

TEST_CASE("rows of a plan that are another run's are left out", "[unit]") {
  const std::string both = artifact_line + "\n" + build_line + "\n";
  const auto kept = [&](const db::Filter& filter) {
    const PlannedRows rows = parse_plan(both, filter);
    return std::pair(rows.artifacts(), rows.jobs());
  };
  using Counts = std::pair<std::int64_t, std::int64_t>;
  CHECK(kept(everything) == Counts(1, 1));
  CHECK(kept({{2}, {}, {1, 2}}) == Counts(0, 0));
  CHECK(kept({{}, {1}, {1, 2}}) == Counts(0, 0));
  CHECK(kept({{}, {}, {2}}) == Counts(0, 1));
  Counts all;
  for (std::int64_t index = 0; index < 3; ++index) {
    const auto some = kept({{}, {}, {1, 2}, {3, index}});
    all.first += some.first;
    all.second += some.second;
  }
  CHECK(all == Counts(1, 1));
}
