#include "tests/command_line/janitor.hpp"

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include <fstream>
#include <regex>
#include <sstream>

using nlohmann::json;
using tests::contains;
using tests::Ended;
using tests::janitor;
using tests::World;

namespace {

/// A run of two passes with a problem, and its page.
struct Reported : World {
  Reported() {
    add_live();
    add_many(5);
    add({.locked = "2", .project_id = 7, .size = 11});
    add({.file = "..", .with_file = false});
  }

  json report(const std::string& command) {
    return json::parse(
        janitor(*this, {command, "--output", "json", "--report", page}).out);
  }

  tests::TemporaryDirectory directory;
  std::string page = (directory.path() / "report.html").string();
};

/// What a headless Chromium makes of a page: the document, and on standard
/// error what stands in its console.
Ended browse(const Reported& world, const std::string& page,
             const std::vector<std::string>& options = {}) {
  std::vector<std::string> command{
      "/usr/bin/chromium",
      "--headless",
      "--no-sandbox",
      "--disable-gpu",
      "--disable-dev-shm-usage",
      "--enable-logging=stderr",
      "--allow-file-access-from-files",
      "--user-data-dir=" + (world.directory.path() / "profile").string()};
  command.insert(command.end(), options.begin(), options.end());
  command.insert(command.end(), {"--dump-dom", "file://" + page});
  return tests::run_program(command,
                            {{"HOME", world.directory.path().string()}});
}

/// A page that has the report in a frame as wide as a phone, and says what
/// became of it.
std::string phone(const Reported& world) {
  return world.directory
      .write("phone.html",
             "<!DOCTYPE html><iframe id=\"f\" width=\"360\" height=\"9000\" "
             "src=\"report.html\"></iframe><p id=\"o\"></p><script>"
             "f.onload=()=>{const d=f.contentDocument;o.textContent="
             "'wide '+d.documentElement.scrollWidth+', on '+"
             "f.contentWindow.getComputedStyle(d.body).backgroundColor}"
             "</script>")
      .string();
}

/// What the summary says at "unlocked.destroyed" or "backlog.unlocked".
json summary_at(const json& summary, const std::string& way) {
  const std::size_t dot = way.find('.');
  const std::string first = way.substr(0, dot);
  if (dot == std::string::npos)
    return summary[first];
  const json& place =
      first == "backlog" ? summary[first] : summary["passes"][first];
  return place[way.substr(dot + 1)];
}

}  // namespace

TEST_CASE("run and plan write a page of what they did", "[postgres][program]") {
  Reported world;
  for (const std::string command : {"plan", "run"}) {
    const json summary = world.report(command);
    std::ostringstream page;
    page << std::ifstream(world.page).rdbuf();
    CHECK(contains(page.str(), "<h1>ci-janitor " + command));
    CHECK(contains(page.str(), R"(data-field="unlocked.destroyed" value="5")"));
    CHECK(contains(page.str(), R"(data-field="project.7" value="1")"));
    CHECK(contains(page.str(), "<svg"));
    CHECK(contains(page.str(), "<h3>ci_pipeline_artifacts</h3>"));
    CHECK(summary["passes"]["unlocked"]["destroyed"] == 5);
  }
}

TEST_CASE(
    "a browser shows the figures of the summary, and complains of nothing",
    "[postgres][program][long]") {
  Reported world;
  const json summary = world.report("run");
  const Ended shown = browse(world, world.page);
  INFO(shown.err);
  CHECK(shown.status == 0);
  CHECK_FALSE(contains(shown.err, "CONSOLE"));
  const std::regex datum(R"re(<data data-field="([a-z_.]+)" value="(\d+)">)re");
  int compared = 0;
  for (std::sregex_iterator it(shown.out.begin(), shown.out.end(), datum), end;
       it != end; ++it) {
    const std::string way = (*it)[1];
    if (way == "destroyed" || way == "bytes")
      continue;
    INFO(way);
    CHECK(summary_at(summary, way) == std::stoll((*it)[2]));
    ++compared;
  }
  CHECK(compared >= 18);
}

TEST_CASE("a report page fits a phone, light and dark",
          "[postgres][program][long]") {
  Reported world;
  world.report("run");
  const Ended light = browse(world, phone(world));
  INFO(light.err);
  CHECK_FALSE(contains(light.err, "CONSOLE"));
  CHECK(contains(light.out, "wide 360, on rgb(255, 255, 255)"));
  const Ended dark =
      browse(world, phone(world), {"--blink-settings=preferredColorScheme=0"});
  CHECK(contains(dark.out, "wide 360, on rgb(21, 25, 30)"));
}
