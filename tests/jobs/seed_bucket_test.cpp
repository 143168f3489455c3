// ci-janitor-seed fills a bucket, and ci-janitor does with it what was
// foretold.

#include "stores/object_key.hpp"
#include "tests/support/program.hpp"
#include "tests/support/redis_server.hpp"
#include "tests/support/s3_server.hpp"
#include "tests/support/temporary_directory.hpp"
#include "tests/support/test_database.hpp"

#include <catch2/catch.hpp>

#include <nlohmann/json.hpp>

#include <algorithm>
#include <cstdint>
#include <string>
#include <vector>

namespace {

using nlohmann::json;
using tests::Ended;
using Words = std::vector<std::string>;

constexpr const char* rest_of_rows = R"sql(
SELECT project_id, pipeline_id, id, file FROM ci_pipeline_artifacts
WHERE file_store = 2
)sql";
constexpr const char* rest_of_queue =
    "SELECT store_dir || '/' || file FROM ci_deleted_objects "
    "WHERE file_store = 2";

/// A bucket with a Redis, a directory and a database, for both programs.
struct SeededBucket {
  [[nodiscard]] Ended ask(const std::string& program, Words words,
                          const std::string& prefix = "/gitlab") const {
    words.insert(words.begin(), program);
    words.insert(words.end(),
                 {"--redis", redis.url(), "--object-store",
                  "s3://" + bucket.name() + prefix, "--object-store-endpoint",
                  server.endpoint, "--object-store-region", server.region,
                  "--output", "json"});
    const bool seeds = program == JANITOR_SEED_PROGRAM;
    return tests::run_program(
        words, {{"PGUSER", seeds ? tests::owner_role : tests::program_role},
                {"AWS_ACCESS_KEY_ID", server.access_key},
                {"AWS_SECRET_ACCESS_KEY", server.secret_key}});
  }
  [[nodiscard]] Ended seed(Words words,
                           const std::string& prefix = "/gitlab") const {
    words.insert(words.begin(), {"--profile", "smoke"});
    return ask(JANITOR_SEED_PROGRAM, words, prefix);
  }
  [[nodiscard]] json run(Words words, const json& expected) const {
    words.insert(words.begin(),
                 {"run", "--trace-settle", "0", "--expect-destroyed",
                  expected["destroyed"].dump(), "--expect-dropped",
                  expected["dropped"].dump(), "--expect-backlog",
                  expected["backlog"].dump()});
    const Ended ended = ask(JANITOR_PROGRAM, words);
    INFO(ended.err);
    CHECK(ended.status == (expected["problems"] == 0 ? 0 : 3));
    return json::parse(ended.out);
  }

  tests::S3Server server = tests::rgw_server();
  tests::TestDatabase database;
  tests::RedisServer redis;
  tests::TemporaryDirectory directory;
  std::string store = (directory.path() / "artifacts").string();
  tests::TestBucket bucket{server};
};

json foretold_by(const Ended& ended) {
  INFO(ended.err);
  REQUIRE(ended.status == 0);
  return json::parse(ended.out);
}

/// Every number that \a expected has of a pass.
void check_passes(const json& summary, const json& expected) {
  for (const auto& [pass, counts] : summary["passes"].items())
    for (const auto& [count, number] : counts.items())
      if (expected.contains(pass) && expected[pass].contains(count)) {
        CAPTURE(pass, count);
        CHECK(number == expected[pass][count]);
      }
  CHECK(summary["problems_total"] == expected["problems"]);
}

std::int64_t count_held(tests::TestBucket& bucket, const Words& paths) {
  return std::ranges::count_if(paths, [&](const std::string& path) {
    return bucket.holds("gitlab/" + path);
  });
}

Words paths_of_rows(tests::TestDatabase& database) {
  Words paths;
  for (const auto& row : database.rows(rest_of_rows))
    paths.push_back(stores::artifact_key(std::stol(row[0]), std::stol(row[1]),
                                         std::stol(row[2]), row[3])
                        .path());
  return paths;
}

/// Nothing is in the bucket but what a row names, and whatever a row names is.
///
/// \param archives of traces, in it.
void check_rest(SeededBucket& seeded, std::int64_t archives) {
  const Words rows = paths_of_rows(seeded.database);
  CHECK(count_held(seeded.bucket, rows) == std::ssize(rows));
  CHECK(static_cast<std::int64_t>(seeded.bucket.count("gitlab/")) ==
        std::ssize(rows) + archives +
            count_held(seeded.bucket, seeded.database.column(rest_of_queue)));
  CHECK(static_cast<std::int64_t>(seeded.bucket.count("tmp/builds/")) ==
        seeded.database.number("SELECT count(*) FROM ci_build_trace_chunks "
                               "WHERE data_store = 3"));
}

}  // namespace

TEST_CASE("a run does what the seed foretold of a directory and a bucket",
          "[s3][postgres][program]") {
  SeededBucket seeded;
  seeded.bucket.put("gitlab-other/a file");
  Words words{"--local-store", seeded.store};
  if (GENERATE(false, true))
    words.emplace_back("--with-poison");
  const json said = foretold_by(seeded.seed(words));
  const json& made = said["made"];
  CHECK(made["in_bucket"] == 138);
  CHECK(made["chunks_in_bucket"] > 0);
  CHECK(made["bucket_objects"] == seeded.bucket.count() - 1);
  CHECK(seeded.bucket.count("tmp/builds/") == made["chunks_in_bucket"]);

  const Words where{"--local-store", seeded.store};
  check_passes(seeded.run(where, said["expected"]), said["expected"]);
  check_rest(seeded, 0);
  CHECK(seeded.bucket.holds("gitlab-other/a file"));
}

TEST_CASE("a run does what the seed foretold of a bucket alone",
          "[s3][postgres][program]") {
  SeededBucket seeded;
  const json said = foretold_by(seeded.seed({}));
  const json& expected = said["expected"];
  CHECK(said["made"]["in_bucket"] == 300);
  CHECK(said["made"]["files"] == 0);
  CHECK(expected["objects"]["absent"] == 0);

  check_passes(seeded.run({}, expected), expected);
  check_rest(seeded, expected["traces"]["archived"].get<std::int64_t>() +
                         expected["traces"]["partial"].get<std::int64_t>());
}

TEST_CASE("the seed refuses a bucket that holds anything where it would write",
          "[s3][postgres][program]") {
  SeededBucket seeded;
  seeded.bucket.put("gitlab/a file");
  seeded.bucket.put("tmp/builds/1/chunks/0.log");
  const std::string before = seeded.database.dump();
  const auto refusal = [&](const std::string& prefix) {
    const Ended ended = seeded.seed({}, prefix);
    CHECK(ended.status == 78);
    CHECK(ended.out.empty());
    return ended.err;
  };
  CHECK_THAT(refusal("/gitlab"),
             Catch::Contains("holds 'gitlab/a file' already"));
  CHECK_THAT(refusal(""), Catch::Contains("already"));
  CHECK_THAT(refusal("/other"),
             Catch::Contains("holds 'tmp/builds/1/chunks/0.log' already"));
  CHECK(seeded.database.dump() == before);
  CHECK(seeded.bucket.count() == 2);
}

TEST_CASE("a bucket cannot be seeded a second time",
          "[s3][postgres][program]") {
  SeededBucket seeded;
  foretold_by(seeded.seed({}));
  const std::size_t objects = seeded.bucket.count();
  tests::TestDatabase other;
  const Ended again = seeded.seed({});
  CHECK(again.status == 78);
  CHECK_THAT(again.err, Catch::Contains("bucket '" + seeded.bucket.name()));
  CHECK(seeded.bucket.count() == objects);
  CHECK(other.number("SELECT count(*) FROM projects") == 0);
}

TEST_CASE("a bucket that is not there leaves the database empty",
          "[s3][postgres][program]") {
  SeededBucket seeded;
  const Ended ended = seeded.seed({}, "-not-there");
  CHECK(ended.status == 78);
  CHECK_THAT(ended.err, Catch::Contains("NoSuchBucket"));
  CHECK(seeded.database.number("SELECT count(*) FROM projects") == 0);

  seeded.server.endpoint = "http://127.0.0.1:1";
  CHECK(seeded.seed({}).status == 69);
}
