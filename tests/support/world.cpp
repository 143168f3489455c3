#include "tests/support/world.hpp"

#include "jobs/run.hpp"
#include "tests/support/schema_era.hpp"

#include <fmt/format.h>

#include <filesystem>
#include <set>
#include <stdexcept>

namespace tests {
namespace {

namespace fs = std::filesystem;

/// As the test sees GitLab's path; names here need no quoting.
std::string path_of(const MadeArtifact& artifact) {
  return artifact.key.directory + "/" + artifact.key.file;
}

/// What stands at the end of a list of columns, and of their values.
std::string lock_column() {
  return schema_era().has_lock_column() ? ", locked" : "";
}

std::string lock_value(const ArtifactSpec& spec) {
  if (schema_era().has_lock_column())
    return ", " + spec.locked;
  if (spec.locked == "0" && spec.pipeline_locked != 0)
    throw std::runtime_error(
        "no artifact can say here that it is unlocked: the test wants [locks]");
  return "";
}

}  // namespace

std::string counted_bytes(const std::string& bytes) {
  const std::string more = fmt::format(
      "pipeline_artifacts_size = pipeline_artifacts_size + ({})", bytes);
  return schema_era().storage_counts_artifacts()
             ? more + fmt::format(", storage_size = storage_size + ({})", bytes)
             : more;
}

World::World() {
  options.local_store = store.path().string();
  options.concurrency = 2;
  options.max_fraction = 1;  // there is little else but what has expired
  options.progress = telemetry::ProgressStyle::none;
  options.max_load = 0;  // the tests beside it are no neighbours
}

MadeArtifact World::add(const ArtifactSpec& spec) {
  require_project(spec.project_id);
  MadeArtifact made{.project_id = spec.project_id,
                    .size = spec.size,
                    .file_store = spec.file_store};
  made.pipeline_id = spec.pipeline_id
                         ? *spec.pipeline_id
                         : database.number(fmt::format(
                               "INSERT INTO ci_pipelines (project_id, locked) "
                               "VALUES ({}, {}) RETURNING id",
                               spec.project_id, spec.pipeline_locked));
  made.id = database.number(fmt::format(
      "INSERT INTO ci_pipeline_artifacts (created_at, updated_at, "
      "pipeline_id, project_id, size, file_store, file_type, file_format, "
      "file, expire_at{6}) "
      "SELECT now() - interval '2 days', now(), {0}, {1}, {2}, {3}, "
      "1 + (SELECT count(*) FROM ci_pipeline_artifacts WHERE pipeline_id = "
      "{0}), 1, $json${4}$json$, {5}{7} RETURNING id",
      made.pipeline_id, spec.project_id, spec.size, spec.file_store, spec.file,
      spec.expire_at, lock_column(), lock_value(spec)));
  database.run(
      fmt::format("UPDATE project_statistics SET {} WHERE project_id = {}",
                  counted_bytes(std::to_string(spec.size)), spec.project_id));
  made.key = stores::artifact_key(made.project_id, made.pipeline_id, made.id,
                                  spec.file);
  if (spec.with_file)
    put_object(spec.file_store, path_of(made));
  made_.push_back(made);
  return made;
}

MadeArtifact World::add_many(int count, const ArtifactSpec& spec) {
  MadeArtifact last;
  if (!spec.pipeline_id)
    return add_in_one_go(count, spec);
  for (int i = 0; i < count; ++i)
    last = add(spec);
  return last;
}

/// Thousands, each of a pipeline of its own.
MadeArtifact World::add_in_one_go(int count, const ArtifactSpec& spec) {
  require_project(spec.project_id);
  const auto rows = database.rows(fmt::format(
      "WITH pipelines AS (INSERT INTO ci_pipelines (project_id, locked) "
      "SELECT {0}, {1} FROM generate_series(1, {2}) RETURNING id), "
      "counted AS (UPDATE project_statistics SET {8} WHERE project_id = {0}) "
      "INSERT INTO ci_pipeline_artifacts (created_at, updated_at, "
      "pipeline_id, project_id, size, file_store, file_type, file_format, "
      "file, expire_at{9}) "
      "SELECT now() - interval '2 days', now(), id, {0}, {3}, {4}, 1, 1, "
      "$json${5}$json$, {6}{7} FROM pipelines RETURNING id, pipeline_id",
      spec.project_id, spec.pipeline_locked, count, spec.size, spec.file_store,
      spec.file, spec.expire_at, lock_value(spec),
      counted_bytes(fmt::format("{} * {}", count, spec.size)), lock_column()));
  for (const auto& row : rows) {
    MadeArtifact& made =
        made_.emplace_back(MadeArtifact{.id = std::stoll(row[0]),
                                        .project_id = spec.project_id,
                                        .pipeline_id = std::stoll(row[1]),
                                        .size = spec.size,
                                        .file_store = spec.file_store});
    made.key = stores::artifact_key(made.project_id, made.pipeline_id, made.id,
                                    spec.file);
    if (spec.with_file)
      put_object(spec.file_store, path_of(made));
  }
  return made_.back();
}

void World::add_rows(int count, const ArtifactSpec& spec) {
  require_project(spec.project_id);
  database.run(fmt::format(
      "WITH pipelines AS (INSERT INTO ci_pipelines (project_id, locked) "
      "SELECT {1}, {2} FROM generate_series(1, {0}) RETURNING id) "
      "INSERT INTO ci_pipeline_artifacts (created_at, updated_at, "
      "pipeline_id, project_id, size, file_store, file_type, file_format, "
      "file, expire_at{9}) "
      "SELECT now() - interval '2 days', now(), id, {1}, {3}, {4}, 1, 1, "
      "$json${5}$json$, {6}{7} FROM pipelines; "
      "UPDATE project_statistics SET {8} WHERE project_id = {1}",
      count, spec.project_id, spec.pipeline_locked, spec.size, spec.file_store,
      spec.file, spec.expire_at, lock_value(spec),
      counted_bytes(fmt::format("{} * {}", count, spec.size)), lock_column()));
}

MadeArtifact World::add_live(std::int64_t project_id) {
  return add(
      {.expire_at = "now() + interval '30 days'", .project_id = project_id});
}

std::int64_t World::add_entry(const std::string& store_dir,
                              const std::string& file, bool with_file,
                              const std::string& pick_up_at, int file_store) {
  if (with_file)
    put_object(std::to_string(file_store), store_dir + "/" + file);
  return database.number(fmt::format(
      "INSERT INTO ci_deleted_objects (file_store, pick_up_at, store_dir, "
      "file) VALUES ({}, {}, $json${}$json$, $json${}$json$) RETURNING id",
      file_store, pick_up_at, store_dir, file));
}

bool World::row_exists(const MadeArtifact& artifact) {
  return database.number(fmt::format(
             "SELECT count(*) FROM ci_pipeline_artifacts WHERE id = {}",
             artifact.id)) == 1;
}

void World::put_object(const std::string&, const std::string& path) {
  store.write(path);
}

bool World::object_exists(const std::string&, const std::string& path) {
  return fs::exists(store.path() / path);
}

std::int64_t World::statistic(std::int64_t project_id) {
  return database.number(
      fmt::format("SELECT pipeline_artifacts_size FROM project_statistics "
                  "WHERE project_id = {}",
                  project_id));
}

std::int64_t World::rows_left() {
  return database.number("SELECT count(*) FROM ci_pipeline_artifacts");
}

std::int64_t World::entries_left() {
  return database.number("SELECT count(*) FROM ci_deleted_objects");
}

std::int64_t World::files_left() const {
  std::int64_t files = 0;
  for (const auto& entry : fs::recursive_directory_iterator(store.path()))
    files += entry.is_directory() ? 0 : 1;
  return files;
}

telemetry::Report& World::run() {
  return run_as(jobs::Command::run);
}

telemetry::Report& World::plan() {
  return run_as(jobs::Command::plan);
}

telemetry::Report& World::run_as(jobs::Command command) {
  options.command = command;
  report_ = std::make_unique<telemetry::Report>();
  jobs::Installation installation(options, "test", stop);
  jobs::run(installation, stop, {}, *report_);
  return *report_;
}

void World::require_project(std::int64_t project_id) {
  database.run(fmt::format(
      "INSERT INTO projects (id, name, namespace_id) VALUES ({0}, 'p', 1) "
      "ON CONFLICT DO NOTHING; "
      "INSERT INTO project_statistics (project_id, namespace_id) "
      "SELECT {0}, 1 WHERE NOT EXISTS (SELECT FROM project_statistics "
      "WHERE project_id = {0})",
      project_id));
}

std::vector<std::string> World::violations() {
  std::vector<std::string> found;
  std::set<std::string> queued;
  for (const std::string& path : database.column(
           "SELECT store_dir || '/' || file FROM ci_deleted_objects"))
    queued.insert(path);
  std::set<std::int64_t> rows;
  for (const std::string& id :
       database.column("SELECT id FROM ci_pipeline_artifacts"))
    rows.insert(std::stoll(id));
  for (const MadeArtifact& artifact : made_) {
    const bool row = rows.contains(artifact.id);
    const bool file = file_exists(artifact);
    if (row && !file)
      found.push_back(fmt::format("1: row {} has lost its file", artifact.id));
    if (!row && file && !queued.contains(path_of(artifact)))
      found.push_back(fmt::format("2: the file of {} leaked", artifact.id));
  }
  const char* const storage_size =
      schema_era().storage_counts_artifacts() ? "pipeline_artifacts_size" : "0";
  for (const std::string& project : database.column(fmt::format(
           "SELECT project_id FROM project_statistics AS s "
           "WHERE pipeline_artifacts_size <> coalesce((SELECT sum(a.size) "
           "FROM ci_pipeline_artifacts a WHERE a.project_id = s.project_id), 0)"
           " OR storage_size <> {}",
           storage_size)))
    found.push_back("4: the statistics of project " + project + " are off");
  return found;
}

}  // namespace tests
