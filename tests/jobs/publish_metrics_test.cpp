#include "jobs/publish_metrics.hpp"

#include "tests/support/http_server.hpp"

#include <catch2/catch.hpp>

#include <memory>

using tests::HttpCall;
using tests::HttpReply;

namespace {

std::string own_counter(const std::string& job, int value) {
  return "ci_janitor_builds_dropped_total{instance=\"\",job=\"" + job +
         "\",shard=\"0\"} " + std::to_string(value) + "\n";
}

/// 20 MiB of others' metrics, and our own in their midst.
HttpReply crowded_gateway() {
  // Long lines: short ones alone take a sanitizer longer than a gateway is
  // given.
  std::string others =
      "ci_janitor_builds_dropped_total{job=\"theirs\",shard=\"0\"} 7\n";
  while (others.size() < std::size_t{1} << 20)
    others += "# " + std::string(10'000, 'x') + "\n";
  const auto sent = std::make_shared<int>(0);
  return {.pieces = [others, sent]() -> std::string {
            if (++*sent == 10)
              return "ci_janitor_builds_dropped_total{instance=\"\","
                     "job=\"ci-janitor\",shard=\"0\"} 41\n";
            return *sent > 21 ? "" : others;
          },
          .chunked = true};
}

}  // namespace

TEST_CASE("counters go on from a gateway that has much of others", "[unit]") {
  const tests::HttpServer gateway([](const HttpCall& call) {
    return call.method == "GET" ? crowded_gateway() : HttpReply{};
  });
  telemetry::Report report;
  report.pass(telemetry::Pass::builds).dropped = 1;
  jobs::push_metrics(gateway.url() + "/", "0", report, {});
  REQUIRE(gateway.count() == 2);
  const HttpCall pushed = gateway.calls().back();
  CHECK(pushed.target == "/metrics/job/ci-janitor/shard/0");
  CHECK(pushed.body.find("\nci_janitor_builds_dropped_total 42\n") !=
        std::string::npos);
}

TEST_CASE("two GitLabs push to one gateway under jobs of their own", "[unit]") {
  const tests::HttpServer gateway([](const HttpCall& call) {
    return call.method == "GET"
               ? HttpReply{.body = own_counter("ci-janitor", 7) +
                                   own_counter("staging", 20)}
               : HttpReply{};
  });
  telemetry::Report report;
  report.pass(telemetry::Pass::builds).dropped = 1;
  jobs::push_metrics(gateway.url() + "/path/metrics/job/staging/", "0", report,
                     {});
  REQUIRE(gateway.count() == 2);
  CHECK(gateway.calls().front().target == "/path/metrics");
  const HttpCall pushed = gateway.calls().back();
  CHECK(pushed.target == "/path/metrics/job/staging/shard/0");
  CHECK(pushed.body.find("\nci_janitor_builds_dropped_total 21\n") !=
        std::string::npos);
}
