#include "telemetry/past_lines.hpp"

#include <catch2/catch.hpp>

#include <stdexcept>

using telemetry::PastLines;

namespace {

const std::map<std::string, std::string> own_group{{"job", "ci-janitor"},
                                                   {"shard", "1"}};
const std::string own_line =
    "ci_janitor_builds_dropped_total{instance=\"\",job=\"ci-janitor\","
    "shard=\"1\"} 10\n";

}  // namespace

TEST_CASE("of a gateway's lines our own are picked, wherever they are cut",
          "[unit]") {
  const std::string told =
      "# TYPE ci_janitor_builds_dropped_total counter\n" + own_line +
      "ci_janitor_builds_dropped_total{job=\"ci-janitor\",shard=\"2\"} 200\n"
      "ci_janitor_something{job=\"ci-janitor\",shard=\"1\"} 3\n"
      "ci_janitor_exit_status{job=\"ci-janitor\",shard=\"1\",x=\"" +
      std::string(5000, 'y') + "\"} 4\nup 1\n" + own_line +
      "ci_janitor_exit_status{job=\"ci-janitor\",shard=\"1\"} 7";
  for (const std::size_t piece : {1, 2, 7, 100, 10'000}) {
    PastLines lines(own_group);
    for (std::size_t at = 0; at < told.size(); at += piece)
      lines.take(std::string_view(told).substr(at, piece));
    CHECK(lines.text() == own_line + own_line);
  }
}

TEST_CASE("a gateway that has no end of our own metrics is given up",
          "[unit]") {
  PastLines lines(own_group);
  CHECK_THROWS_AS(
      [&] {
        for (int i = 0; i < 100'000; ++i)
          lines.take(own_line);
      }(),
      std::runtime_error);
  CHECK(lines.text().size() < std::size_t{4} << 20);
}
