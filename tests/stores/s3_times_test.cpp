#include "tests/stores/s3_subject.hpp"
#include "tests/support/http_server.hpp"

#include <catch2/catch.hpp>

TEST_CASE("what requests to a bucket took is noted by method, answered or not",
          "[unit]") {
  telemetry::Durations times;
  tests::HttpServer server([](const tests::HttpCall& call) {
    tests::HttpReply reply{.status = 204};
    if (call.method == "PUT")
      reply.close_after = 0;
    return reply;
  });
  stores::S3Account account =
      tests::account_at({server.url(), "key", "secret", "us-east-1"}, "bucket",
                        tests::short_patience);
  account.times = &times;
  stores::S3Client client(account);
  client.send({.method = "GET"});
  client.send({.method = "DELETE", .key = "a"});
  client.send({.method = "DELETE", .key = "b"});
  CHECK_THROWS_AS(client.send({.method = "PUT", .key = "c"}),
                  stores::StoreUnreachable);
  std::map<std::string, std::int64_t> counts;
  for (const auto& kind : times.read())
    for (const std::int64_t count : kind.counts)
      counts[kind.name] += count;
  CHECK(counts == std::map<std::string, std::int64_t>{
                      {"DELETE", 2}, {"GET", 1}, {"PUT", 1}});
}
