#include "tests/support/fault_point.hpp"
#include "tests/support/s3_server.hpp"
#include "tests/support/scoped_environment.hpp"
#include "tests/support/some_bytes.hpp"
#include "tests/support/traces_world.hpp"

#include <fmt/format.h>
#include <catch2/catch.hpp>

// Live traces in object storage, and archives that go there.

using telemetry::Outcome;
using telemetry::Pass;
using tests::full_chunk;
using tests::in_database;
using tests::in_redis;
using tests::some_bytes;
using tests::TracesWorld;
using Strings = std::vector<std::string>;

namespace {

constexpr int in_bucket = 3;
const std::string prefix = "gitlab/";

class TracesInBucket : public TracesWorld {
 public:
  TracesInBucket() {
    options.object_store = "s3://" + bucket.name() + "/gitlab";
    options.object_store_endpoint = tests::rgw_server().endpoint;
  }

  static std::string object_of(std::int64_t job, int index) {
    return fmt::format("tmp/builds/{}/chunks/{}.log", job, index);
  }

  /// A trace of two chunks in the bucket and one elsewhere.
  std::int64_t add(const std::string& trace) {
    const std::int64_t job = builds.dropped_job(pipeline);
    for (int index = 0; index < 3; ++index) {
      const auto at = static_cast<std::size_t>(index) * full_chunk;
      const std::string bytes = trace.substr(at, full_chunk);
      if (index == 1) {
        chunk(job, index, bytes, in_redis);
        continue;
      }
      builds.bare_chunk(job, index, in_bucket);
      bucket.put(object_of(job, index), bytes);
    }
    return job;
  }

  std::optional<std::string> archived_object() {
    const auto archives = bucket.keys(prefix);
    return archives.size() == 1 ? bucket.get(archives.front()) : std::nullopt;
  }

  tests::TestBucket bucket{tests::rgw_server()};
  tests::ScopedEnvironment credentials{
      {{"AWS_ACCESS_KEY_ID", tests::rgw_server().access_key},
       {"AWS_SECRET_ACCESS_KEY", tests::rgw_server().secret_key}}};
};

const std::string trace = some_bytes(2 * full_chunk + 77);

}  // namespace

TEST_CASE("a trace in object storage is archived, and its chunks removed",
          "[s3][postgres]") {
  TracesInBucket world;
  const auto job = world.add(trace);
  const telemetry::PassReport& pass = world.archive();
  CHECK(pass.archived == 1);
  CHECK(pass.chunks == 3);
  CHECK(world.builds.archive(job) == trace);
  CHECK(world.bucket.count() == 0);
  CHECK(world.chunk_rows() == 0);
}

TEST_CASE("an archive goes into the bucket where it is told to",
          "[s3][postgres]") {
  TracesInBucket world;
  world.add(trace);
  world.options.archive_store = 2;
  CHECK(world.archive().archived == 1);
  CHECK((world.archived_object() == trace));
  CHECK(world.files_left() == 0);
  CHECK(world.database.number("SELECT file_store FROM ci_job_artifacts") == 2);
  CHECK(world.bucket.count() == 1);
  CHECK(world.chunk_rows() == 0);
}

TEST_CASE("archives go where most recent ones are", "[s3][postgres]") {
  TracesInBucket world;
  world.options.archive_store = 2;
  world.add(trace);
  world.archive();
  world.options.archive_store.reset();
  world.add(trace);
  CHECK(world.archive().archived == 1);
  CHECK(world.bucket.count(prefix) == 2);

  world.options.object_store.reset();
  world.trace("log", {in_database});
  CHECK_THROWS_WITH(world.run(),
                    Catch::Contains("most archives are in object storage"));
}

TEST_CASE("a bucket alone takes archives", "[s3][postgres]") {
  TracesInBucket world;
  world.options.local_store.reset();
  world.add(trace);
  CHECK(world.archive().archived == 1);
  CHECK((world.archived_object() == trace));
}

TEST_CASE("a chunk that is gone from the bucket is a gap", "[s3][postgres]") {
  TracesInBucket world;
  const auto job = world.add(trace);
  world.bucket.remove(TracesInBucket::object_of(job, 0));
  const telemetry::PassReport& pass = world.archive();
  CHECK(pass.partial == 1);
  CHECK(world.bucket.count() == 0);
  CHECK(world.builds.archive(job).ends_with(trace.substr(full_chunk)));
}

TEST_CASE("a chunk that grew after it was archived is kept, and named",
          "[s3][postgres]") {
  TracesInBucket world;
  const auto job = world.add(trace);
  const tests::FaultHook hook("traces.before_forget", [&] {
    world.bucket.put(TracesInBucket::object_of(job, 2),
                     trace.substr(2 * full_chunk) + "more");
  });
  const telemetry::Report& report = world.run();
  CHECK(report.outcome() == Outcome::partial);
  REQUIRE(report.problems_total() == 1);
  CHECK(report.problems()[0].reason.find("bytes were added") !=
        std::string::npos);
  CHECK(world.bucket.holds(TracesInBucket::object_of(job, 2)));
  CHECK(world.chunk_rows() > 0);
}

TEST_CASE("a run that ends between objects and rows is made good",
          "[s3][postgres]") {
  TracesInBucket world;
  const auto job = world.add(trace);
  {
    const tests::FaultHook hook("traces.between_forgets", [] {
      throw std::runtime_error("the machine dies here");
    });
    CHECK_THROWS(world.run());
  }
  CHECK(world.bucket.count() == 0);
  CHECK(world.chunk_rows() == 3);
  CHECK(world.run().outcome() == Outcome::drained);
  CHECK(world.chunk_rows() == 0);
  CHECK(world.builds.archive(job) == trace);
}
