#include "telemetry/report_page.hpp"

#include <spdlog/sinks/null_sink.h>
#include <spdlog/spdlog.h>
#include <catch2/catch.hpp>
#include <pugixml.hpp>

using telemetry::Moment;
using telemetry::Pass;
using telemetry::Report;

namespace {

constexpr const char* hostile =
    "</style><script>alert('1')</script>&amp;\"\x1b[2J\xe2\x80\xae\xff";

/// The page is XML as well, so that a tag that is not closed is found.
pugi::xml_document parsed(const std::string& page) {
  pugi::xml_document document;
  const auto result = document.load_string(page.c_str());
  INFO(result.description() << " at " << result.offset);
  REQUIRE(result);
  return document;
}

void note_hostile_problem(Report& report) {
  const auto logger = spdlog::default_logger();
  spdlog::set_default_logger(std::make_shared<spdlog::logger>(
      "quiet", std::make_shared<spdlog::sinks::null_sink_mt>()));
  report.problem({Pass::unlocked, "ci_pipeline_artifacts", 7, hostile});
  report.problem({Pass::builds, hostile, 8, "it is odd"});
  spdlog::set_default_logger(logger);
}

std::string text_of(const pugi::xml_node& node) {
  std::string text = node.value();
  for (const pugi::xml_node& child : node.children())
    text += text_of(child);
  return text;
}

/// The value of the only <data> of that field.
std::string datum(const pugi::xml_document& page, const std::string& id) {
  const auto found =
      page.select_nodes(("//data[@data-field='" + id + "']").c_str());
  REQUIRE(found.size() == 1);
  return found.first().node().attribute("value").value();
}

}  // namespace

TEST_CASE("a report page tells what was done", "[unit]") {
  Report report;
  report.command = "run";
  report.pass(Pass::unlocked).destroyed = 12'345;
  report.pass(Pass::unlocked).bytes = 1 << 21;
  report.pass(Pass::unlocked).kept = 200;
  report.pass(Pass::traces).archived = 3;
  report.pass(Pass::traces).bytes = 99;
  report.projects.add({{7, {.destroyed = 5, .bytes = 10}},
                       {8, {.destroyed = 4, .bytes = 1 << 20}}});
  report.backlog.unlocked = 17;
  const auto page = parsed(telemetry::report_page(report));
  CHECK(datum(page, "destroyed") == "12345");
  CHECK(datum(page, "unlocked.destroyed") == "12345");
  CHECK(datum(page, "bytes") == "2097152");
  CHECK(datum(page, "traces.bytes") == "99");
  CHECK(datum(page, "backlog.unlocked") == "17");
  const auto remarks = page.select_nodes("//tr[@class='reason']");
  REQUIRE(remarks.size() == 1);
  CHECK(text_of(remarks.first().node()) ==
        "the oldest 200 wait for VACUUM, so that GitLab finds them first");
  CHECK(page.select_nodes("//data[@data-field='backlog.objects']").empty());
  const auto projects = page.select_nodes("//section[3]//tbody/tr/th");
  REQUIRE(projects.size() == 2);
  CHECK(text_of(projects[0].node()) == "8");
}

TEST_CASE("what rows hold is text on a report page, never markup", "[unit]") {
  Report report;
  report.command = hostile;
  report.run_id = hostile;
  note_hostile_problem(report);
  report.waiting({{3, 7, hostile}});
  report.pass(Pass::legacy).end(telemetry::Outcome::partial, hostile);
  const std::string text = telemetry::report_page(report);
  CHECK(text.find("<script") == std::string::npos);
  CHECK(text.find('\x1b') == std::string::npos);
  CHECK(text.find('\xff') == std::string::npos);
  CHECK(text.find("://") == std::string::npos);  // nothing of the network
  const auto page = parsed(text);
  const std::string shown =
      "</style><script>alert('1')</script>&amp;\"\\x1b[2J\\u202e\\xff";
  for (const char* const place :
       {"//section[5]//h3[1]", "//section[5]//li", "//tr[@class='reason']",
        "//title", "//section[1]//li"}) {
    const auto nodes = page.select_nodes(place);
    REQUIRE_FALSE(nodes.empty());
    std::string all;
    for (const auto& node : nodes)
      all += text_of(node.node());
    INFO(place << ": " << all);
    CHECK(all.find(shown) != std::string::npos);
  }
}

TEST_CASE("a plot has a course where there is one, and none where not",
          "[unit]") {
  CHECK(telemetry::plots_of_run({}).find("<svg") == std::string::npos);
  const Moment none{};
  CHECK(telemetry::plots_of_run({none}).find("<svg") == std::string::npos);

  // 10 a second, then 30; statements of 20 ms, then none.
  const std::string svg = telemetry::plots_of_run(
      {{1, "unlocked", 10, 50, 1.0}, {2, "legacy", 40, 50, 1.0}});
  const auto page = parsed(svg);
  CHECK(text_of(page.select_node("//text[text()='up to 30 rows, objects, jobs, "
                                 "traces a second']")
                    .node()) != "");
  CHECK(svg.find("up to 20 ms") != std::string::npos);
  CHECK(std::string(page.select_node("//polyline[@class='rate']/@points")
                        .attribute()
                        .value()) ==
        "8.0,104.0 320.0,104.0 320.0,24.0 632.0,24.0 ");
  CHECK(svg.find(">legacy<") != std::string::npos);
  CHECK(svg.find("nan") == std::string::npos);
  CHECK(svg.find("inf") == std::string::npos);
}
