// What runs inside the process for each row, object or job: times a call, by
// Google Benchmark.  For benchmarks/micro.

#include <benchmark/benchmark.h>

#include <array>
#include <chrono>
#include <cstddef>
#include <string>
#include <vector>

#include "jobs/composite_status.hpp"
#include "stores/digest.hpp"
#include "stores/object_key.hpp"
#include "stores/s3_signature.hpp"
#include "telemetry/timestamp.hpp"

namespace bench {
namespace {

using benchmark::DoNotOptimize;
using benchmark::State;

void make_key(State& state) {
  std::int64_t number = 0;
  for (auto _ : state) {
    ++number;
    DoNotOptimize(stores::artifact_key(number % 5000 + 1, 1000000 + number,
                                       number, "code_coverage.json"));
  }
}

/// Keys are made and looked at in runs of a project's artifacts.
void make_key_of_one_project(State& state) {
  std::int64_t number = 0;
  for (auto _ : state) {
    ++number;
    DoNotOptimize(stores::artifact_key(7, 1000000 + number, number,
                                       "code_coverage.json"));
  }
}

void look_for_poison(State& state) {
  const stores::ObjectKey key =
      stores::artifact_key(1, 1000000, 2, "code_coverage.json");
  for (auto _ : state)
    DoNotOptimize(stores::poison(key));
}

void parse_time(State& state) {
  const std::string text = "2022-10-06T12:30:00.123456Z";
  for (auto _ : state)
    DoNotOptimize(telemetry::parse_timestamp(text));
}

void format_time(State& state) {
  const auto moment =
      telemetry::parse_timestamp("2022-10-06T12:30:00.123456Z").value();
  for (auto _ : state)
    DoNotOptimize(telemetry::format_timestamp(moment));
}

/// Of a request that removes a thousand objects; its body is hashed apart.
void sign_request(State& state) {
  const stores::S3Credentials credentials{"AKIDEXAMPLE", "secret", ""};
  const std::string body_sha256 = stores::sha256_hex("");
  const auto now = telemetry::parse_timestamp("2022-10-06T12:30:00Z").value();
  for (auto _ : state) {
    stores::S3Request request{.method = "POST",
                              .host = "s3.example.com",
                              .path = "/gitlab-artifacts",
                              .query = {{"delete", ""}},
                              .headers = {{"content-type", "application/xml"}}};
    stores::sign(request, body_sha256, credentials, "us-east-1", "s3", now);
    DoNotOptimize(request);
  }
}

/// Of what a trace's chunk is: 128 KiB.  Both are written down for an archive.
void digest(State& state, const char* algorithm) {
  const std::string chunk(128 << 10, 'x');
  for (auto _ : state) {
    stores::Digest sum(algorithm);
    sum.update(chunk);
    DoNotOptimize(sum.hex());
  }
  state.SetBytesProcessed(state.iterations() *
                          static_cast<std::int64_t>(chunk.size()));
}

/// A pipeline of so many jobs.
void compose_status(State& state) {
  constexpr std::array statuses{db::JobStatus::success, db::JobStatus::failed,
                                db::JobStatus::skipped,
                                db::JobStatus::canceled};
  std::vector<jobs::CountedStatus> jobs(
      static_cast<std::size_t>(state.range(0)));
  for (std::size_t i = 0; i < jobs.size(); ++i)
    jobs[i] = {statuses.at(i % statuses.size()), i % 3 == 0};
  for (auto _ : state)
    DoNotOptimize(jobs::composite_status(jobs));
}

BENCHMARK(make_key)->Name("the key of an artifact");
BENCHMARK(make_key_of_one_project)
    ->Name("the key of one more of the same project");
BENCHMARK(look_for_poison)->Name("looking whether a key is safe");
BENCHMARK(parse_time)->Name("reading a time");
BENCHMARK(format_time)->Name("writing a time");
BENCHMARK(sign_request)->Name("signing a request to S3");
BENCHMARK_CAPTURE(digest, sha256, "SHA256")->Name("SHA-256 of 128 KiB");
BENCHMARK_CAPTURE(digest, md5, "MD5")->Name("MD5 of 128 KiB");
BENCHMARK(compose_status)
    ->Name("the status of jobs, so many:")
    ->Arg(5)
    ->Arg(1000);

}  // namespace
}  // namespace bench

BENCHMARK_MAIN();
