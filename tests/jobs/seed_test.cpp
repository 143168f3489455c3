#include "jobs/seed.hpp"

#include "db/seed.hpp"
#include "stores/object_key.hpp"
#include "stores/store.hpp"
#include "tests/support/temporary_directory.hpp"
#include "tests/support/test_database.hpp"

#include <catch2/catch.hpp>

#include <algorithm>
#include <filesystem>
#include <iterator>
#include <map>
#include <sstream>
#include <string>
#include <vector>

namespace {

namespace fs = std::filesystem;
using jobs::Profile;
using jobs::SeedOptions;
using jobs::SeedReport;

SeedOptions options(Profile profile) {
  SeedOptions options;
  options.profile = profile;
  options.files = false;
  options.now = telemetry::parse_timestamp("2022-10-06T12:00:00Z");
  return options;
}

SeedOptions smoke_into(const fs::path& directory) {
  SeedOptions smoke = options(Profile::smoke);
  smoke.files = true;
  smoke.local_store = directory.string();
  return smoke;
}

/// Every file below \a root with its content; a link with where it leads.
std::map<std::string, std::string> contents(const fs::path& root) {
  std::map<std::string, std::string> found;
  for (const fs::directory_entry& entry :
       fs::recursive_directory_iterator(root)) {
    std::string& content = found[fs::relative(entry.path(), root).string()];
    if (entry.is_symlink()) {
      content = fs::read_symlink(entry.path()).string();
    } else if (entry.is_regular_file()) {
      content = tests::read_file(entry.path());
    }
  }
  return found;
}

constexpr const char* disagreeing_statistics = R"sql(
SELECT count(*)
FROM project_statistics AS statistics
WHERE pipeline_artifacts_size <>
      (SELECT coalesce(sum(size), 0)
       FROM ci_pipeline_artifacts
       WHERE project_id = statistics.project_id)
   OR storage_size <> pipeline_artifacts_size + repository_size
                      + build_artifacts_size
)sql";

/// Rows that a run destroys, with their keys' parts.
constexpr const char* destroyable = R"sql(
FROM ci_pipeline_artifacts AS artifact
JOIN ci_pipelines AS pipeline ON pipeline.id = artifact.pipeline_id
WHERE artifact.expire_at < '2022-10-06T12:00:00Z' AND artifact.file_store = 1
)sql";

constexpr const char* objects_of_artifacts = R"sql(
SELECT project_id || ' ' || pipeline_id || ' ' || id || ' ' || file
FROM ci_pipeline_artifacts
)sql";

fs::path path_of(const std::string& object) {
  std::istringstream words(object);
  std::int64_t project = 0;
  std::int64_t pipeline = 0;
  std::int64_t artifact = 0;
  std::string file;
  words >> project >> pipeline >> artifact >> file;
  return stores::artifact_key(project, pipeline, artifact, file).path();
}

std::int64_t count_missing(const fs::path& root,
                           const std::vector<std::string>& objects) {
  return std::count_if(objects.begin(), objects.end(),
                       [&](const std::string& object) {
                         return !fs::is_regular_file(root / path_of(object));
                       });
}

constexpr const char* definitions = R"sql(
SELECT indexdef FROM pg_indexes WHERE schemaname = 'public'
UNION ALL
SELECT conrelid::regclass || ' ' || conname || ' ' || pg_get_constraintdef(oid)
FROM pg_constraint
WHERE connamespace = 'public'::regnamespace
ORDER BY 1
)sql";

}  // namespace

TEST_CASE("the same seed and moment make the same rows and files",
          "[postgres][seed]") {
  std::vector<std::string> rows;
  std::vector<std::map<std::string, std::string>> files;
  for (int i = 0; i < 2; ++i) {
    tests::TestDatabase database;
    const tests::TemporaryDirectory directory;
    SeedOptions smoke = smoke_into(directory.path() / "objects");
    smoke.with_poison = smoke.with_remote = true;
    jobs::seed(smoke);
    rows.push_back(database.dump());
    files.push_back(contents(directory.path() / "objects"));
  }
  CHECK(rows[0] == rows[1]);
  CHECK(files[0] == files[1]);
  CHECK(files[0].size() > 300);
}

TEST_CASE("another seed makes other rows", "[postgres][seed]") {
  std::vector<std::string> rows;
  for (const std::int64_t random_seed : {1, 2}) {
    tests::TestDatabase database;
    SeedOptions smoke = options(Profile::smoke);
    smoke.random_seed = random_seed;
    jobs::seed(smoke);
    rows.push_back(database.dump());
  }
  CHECK(rows[0] != rows[1]);
}

TEST_CASE("smoke holds every lock state under every pipeline and expiry",
          "[postgres][seed]") {
  tests::TestDatabase database;
  jobs::seed(options(Profile::smoke));
  CHECK(database.number(R"sql(
SELECT count(DISTINCT (artifact.locked, pipeline.locked,
                       artifact.expire_at < '2022-10-06T12:00:00Z',
                       artifact.expire_at > '2023-10-06T12:00:00Z'))
FROM ci_pipeline_artifacts AS artifact
JOIN ci_pipelines AS pipeline ON pipeline.id = artifact.pipeline_id
)sql") == 4 * 2 * 4);
  CHECK(database.number("SELECT count(*) FROM ci_pipeline_artifacts"
                        " WHERE file_store <> 1") == 0);
}

TEST_CASE(
    "smoke has pipelines with two artifacts and projects out of the"
    " ordinary",
    "[postgres][seed]") {
  tests::TestDatabase database;
  jobs::seed(options(Profile::smoke));
  CHECK(database.number("SELECT count(*) FROM ci_pipeline_artifacts"
                        " WHERE file_type = 2") > 50);
  CHECK(database.number("SELECT count(*) FROM projects"
                        " WHERE pending_delete AND id IN"
                        " (SELECT project_id FROM ci_pipeline_artifacts)") ==
        1);
  CHECK(database.number("SELECT count(DISTINCT project_id)"
                        " FROM ci_pipeline_artifacts WHERE project_id NOT IN"
                        " (SELECT project_id FROM project_statistics)") > 0);
}

TEST_CASE("the seeded statistics are the sums of the sizes",
          "[postgres][seed]") {
  for (const Profile profile : {Profile::smoke, Profile::demo}) {
    tests::TestDatabase database;
    jobs::seed(options(profile));
    CHECK(database.number(disagreeing_statistics) == 0);
    CHECK(database.number("SELECT count(*) FROM project_statistics"
                          " WHERE pipeline_artifacts_size > 0") > 10);
  }
}

TEST_CASE("what the seed expects of a run agrees with its rows",
          "[postgres][seed]") {
  tests::TestDatabase database;
  SeedOptions smoke = options(Profile::smoke);
  smoke.with_remote = true;
  const SeedReport report = jobs::seed(smoke);
  const std::string rows = destroyable;
  const auto count = [&](const std::string& condition) {
    return database.number("SELECT count(*) " + rows + condition);
  };
  CHECK(report.expected.unlocked_destroyed == count("AND artifact.locked = 0"));
  CHECK(
      report.expected.legacy_destroyed ==
      count("AND artifact.locked IS DISTINCT FROM 0 AND pipeline.locked = 0"));
  CHECK(report.expected.contradictions ==
        count("AND artifact.locked = 1 AND pipeline.locked = 0"));
  CHECK(report.expected.resolved ==
        count("AND coalesce(artifact.locked, 2) = 2 AND pipeline.locked = 1"));
  CHECK(report.destroyed_bytes ==
        database.number("SELECT sum(artifact.size) " + rows +
                        "AND (artifact.locked = 0 OR pipeline.locked = 0)"));
}

TEST_CASE("every artifact has its object but for those left out",
          "[postgres][seed]") {
  tests::TestDatabase database;
  const tests::TemporaryDirectory directory;
  const SeedReport report = jobs::seed(smoke_into(directory.path()));
  CHECK(report.missing > 0);
  CHECK(count_missing(directory.path(),
                      database.column(objects_of_artifacts)) == report.missing);
  CHECK(count_missing(directory.path(),
                      database.column(std::string(objects_of_artifacts) +
                                      " WHERE expire_at IS NULL"
                                      " OR expire_at > now()")) == 0);
}

TEST_CASE("an object is as long as its row says", "[postgres][seed]") {
  tests::TestDatabase database;
  const tests::TemporaryDirectory directory;
  jobs::seed(smoke_into(directory.path()));
  const std::string object =
      database.value(std::string(objects_of_artifacts) +
                     " WHERE expire_at IS NULL ORDER BY id LIMIT 1");
  CHECK(static_cast<std::int64_t>(
            fs::file_size(directory.path() / path_of(object))) ==
        database.number("SELECT size FROM ci_pipeline_artifacts"
                        " WHERE expire_at IS NULL ORDER BY id LIMIT 1"));
}

TEST_CASE("poison rows are planted inside the store", "[postgres][seed]") {
  tests::TestDatabase database;
  const tests::TemporaryDirectory directory;
  SeedOptions smoke = smoke_into(directory.path() / "objects");
  smoke.with_poison = true;
  jobs::seed(smoke);
  CHECK(database.column("SELECT file FROM ci_pipeline_artifacts"
                        " WHERE file NOT LIKE 'code%' ORDER BY file COLLATE"
                        " \"C\"") ==
        std::vector<std::string>{"", ".", "..", "a/b", "symlinked.json"});
  CHECK(fs::is_regular_file(directory.path() / "objects" / "symlink-target" /
                            "symlinked.json"));
  const fs::path behind = path_of(database.value(
      std::string(objects_of_artifacts) + " WHERE file = 'symlinked.json'"));
  CHECK(fs::is_symlink(directory.path() / "objects" / behind.parent_path()));
  CHECK(fs::is_regular_file(directory.path() / "objects" / behind));
  CHECK(std::distance(fs::directory_iterator(directory.path()), {}) == 1);
}

TEST_CASE("the seed refuses a database that holds rows", "[postgres][seed]") {
  tests::TestDatabase database;
  const tests::TemporaryDirectory directory;
  database.run(
      "INSERT INTO ci_deleted_objects (store_dir, file)"
      " VALUES ('a', 'b')");
  const std::string before = database.dump();
  CHECK_THROWS_WITH(jobs::seed(smoke_into(directory.path() / "objects")),
                    Catch::Contains("'ci_deleted_objects' holds rows"));
  CHECK(database.dump() == before);
  CHECK_FALSE(fs::exists(directory.path() / "objects"));
}

TEST_CASE("the seed refuses a directory that is not empty",
          "[postgres][seed]") {
  tests::TestDatabase database;
  const tests::TemporaryDirectory directory;
  directory.write("somebody's");
  CHECK_THROWS_AS(jobs::seed(smoke_into(directory.path())), stores::StoreError);
  CHECK(database.number("SELECT count(*) FROM projects") == 0);
  CHECK(contents(directory.path()).size() == 1);
}

TEST_CASE("the seed refuses a database with only some of the tables",
          "[postgres][seed]") {
  for (const std::string table :
       {"ci_deleted_objects", "ci_build_pending_states"}) {
    tests::TestDatabase database;
    database.run("DROP TABLE " + table);
    CHECK_THROWS_WITH(jobs::seed(options(Profile::smoke)),
                      Catch::Contains("no table '" + table + "'"));
    CHECK(database.number("SELECT count(*) FROM projects") == 0);
  }
}

TEST_CASE("the seed makes the tables where there are none, with every index",
          "[postgres][seed]") {
  tests::TestDatabase database;
  const std::vector<std::string> before = database.column(definitions);
  jobs::seed(options(Profile::smoke));
  CHECK(database.column(definitions) == before);

  database.run("DROP SCHEMA public CASCADE; CREATE SCHEMA public");
  jobs::seed(options(Profile::smoke));
  CHECK(database.column(definitions) == before);
}

TEST_CASE("rows can be added to a seeded database", "[postgres][seed]") {
  tests::TestDatabase database;
  jobs::seed(options(Profile::smoke));
  database.run("INSERT INTO ci_pipelines DEFAULT VALUES");
  database.run("INSERT INTO projects (namespace_id) VALUES (1)");
  CHECK(database.number("SELECT max(id) FROM ci_pipelines") == 541);
  CHECK(database.number("SELECT max(id) FROM projects") == 21);
  for (const std::string table :
       {"users", "ci_pipeline_schedules", "ci_stages", "ci_builds"})
    CHECK_NOTHROW(database.run("INSERT INTO " + table + " DEFAULT VALUES"));
  CHECK_NOTHROW(
      database.run("INSERT INTO ci_refs (project_id, ref_path) "
                   "VALUES (1, 'refs/heads/new')"));
}

TEST_CASE("a run's database cannot be seeded a second time",
          "[postgres][seed]") {
  tests::TestDatabase database;
  jobs::seed(options(Profile::smoke));
  CHECK_THROWS_AS(jobs::seed(options(Profile::smoke)), db::NotEmpty);
}

TEST_CASE("headline has files only where a run looks for them",
          "[postgres][seed]") {
  tests::TestDatabase database;
  const tests::TemporaryDirectory directory;
  SeedOptions headline = smoke_into(directory.path());
  headline.profile = Profile::headline;
  headline.scale = 0.001;
  const SeedReport report = jobs::seed(headline);
  CHECK(database.number("SELECT count(*) FROM ci_pipeline_artifacts") ==
        180 + 861 + 2000);
  CHECK(report.files == 180 + 1 + 200 + 200);
  CHECK(count_missing(directory.path(),
                      database.column(std::string(objects_of_artifacts) +
                                      " WHERE expire_at >= "
                                      "'2022-10-06T12:00:00Z'"
                                      " ORDER BY id DESC LIMIT 200")) == 0);
  CHECK(count_missing(directory.path(),
                      database.column(std::string(objects_of_artifacts) +
                                      " WHERE locked = 0 AND expire_at <"
                                      " '2022-10-06T12:00:00Z'")) == 0);
}

TEST_CASE("headline leaves half of the pipelines unlocked",
          "[postgres][seed]") {
  tests::TestDatabase database;
  SeedOptions headline = options(Profile::headline);
  headline.scale = 0.002;
  jobs::seed(headline);
  const std::int64_t unlocked =
      database.number("SELECT count(*) FROM ci_pipelines WHERE locked = 0");
  CHECK(unlocked > 9000);
  CHECK(unlocked < 12000);
}
