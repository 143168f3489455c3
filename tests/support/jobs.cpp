#include "tests/support/jobs.hpp"

#include "stores/digest.hpp"
#include "tests/support/schema_era.hpp"
#include "tests/support/temporary_directory.hpp"

#include <fmt/format.h>

#include <filesystem>

namespace tests {
namespace {

std::string quoted(const std::string& text) {
  return "$text$" + text + "$text$";
}

std::string sha256(const std::string& bytes) {
  stores::Digest digest("SHA256");
  digest.update(bytes);
  return digest.hex();
}

}  // namespace

std::int64_t Jobs::user(const std::string& state) {
  return database_.number("INSERT INTO users (state) VALUES (" + quoted(state) +
                          ") RETURNING id");
}

std::int64_t Jobs::pipeline(std::int64_t user, const std::string& status,
                            std::int64_t project) {
  if (schema_era().has_project_keys())
    database_.run(
        fmt::format("INSERT INTO projects (id, name, namespace_id) "
                    "VALUES (1, 'p', 1), ({}, 'p', 1) ON CONFLICT DO NOTHING",
                    project));
  return database_.number(fmt::format(
      "INSERT INTO ci_pipelines (project_id, user_id, status, source, "
      "started_at, created_at, updated_at) VALUES ({}, {}, '{}', 1, "
      "now() AT TIME ZONE 'UTC' - interval '10 minutes', "
      "now() AT TIME ZONE 'UTC' - interval '11 minutes', "
      "now() AT TIME ZONE 'UTC' - interval '1 minute') RETURNING id",
      project, user, status));
}

std::int64_t Jobs::stage(std::int64_t pipeline, int position) {
  const auto found = database_.column(fmt::format(
      "SELECT id FROM ci_stages WHERE pipeline_id = {} AND position = {}",
      pipeline, position));
  if (!found.empty())
    return std::stoll(found.front());
  return database_.number(fmt::format(
      "INSERT INTO ci_stages (project_id, pipeline_id, name, position, status) "
      "VALUES (1, {0}, 'stage {1}', {1}, 2) RETURNING id",
      pipeline, position));
}

std::int64_t Jobs::job(std::int64_t pipeline, const JobSpec& spec) {
  const std::int64_t id = database_.number(fmt::format(
      "INSERT INTO ci_builds (commit_id, project_id, user_id, type, status, "
      "stage_id, stage_idx, name, allow_failure, retried, processed, "
      "failure_reason, started_at, finished_at, resource_group_id, "
      "scheduled_at) "
      "SELECT id, project_id, user_id, '{1}', '{2}', {3}, {4}, 'job', {5}, "
      "{6}, {7}, {8}, {9}, {10}, {11}, "
      "CASE WHEN '{2}' = 'scheduled' THEN now() END "
      "FROM ci_pipelines WHERE id = {0} RETURNING id",
      pipeline, spec.type, spec.status, stage(pipeline, spec.stage), spec.stage,
      spec.allow_failure, spec.retried, spec.processed, spec.failure_reason,
      spec.started_at, spec.finished_at, spec.resource_group_id));
  if (spec.type == "Ci::Build")
    database_.run(fmt::format(
        "UPDATE ci_builds SET token_encrypted = 'token {0}' WHERE id = {0}",
        id));
  if (spec.queued)
    queue(id, spec);
  return id;
}

void Jobs::queue(std::int64_t job, const JobSpec& spec) {
  const bool queues = schema_era().has_queues();
  if (queues && spec.status == "pending")
    database_.run(fmt::format(
        "INSERT INTO ci_pending_builds (build_id, project_id) VALUES ({}, 1)",
        job));
  if (spec.status != "running" || spec.type != "Ci::Build")
    return;
  if (queues)
    database_.run(fmt::format(
        "INSERT INTO ci_running_builds (build_id, project_id, runner_id, "
        "runner_type) VALUES ({}, 1, 1, 1)",
        job));
  database_.run(
      fmt::format("INSERT INTO ci_builds_runner_session (build_id, url) "
                  "VALUES ({}, 'https://runner.example')",
                  job));
}

std::vector<std::int64_t> Jobs::jobs(int count, std::int64_t pipeline,
                                     const JobSpec& spec) {
  std::vector<std::int64_t> ids;
  for (int i = 0; i < count; ++i)
    ids.push_back(job(pipeline, spec));
  return ids;
}

std::int64_t Jobs::dropped_job(std::int64_t pipeline, const std::string& ago) {
  const std::int64_t id =
      job(pipeline,
          {.status = "failed",
           .failure_reason = "14",
           .finished_at = "now() AT TIME ZONE 'UTC' - interval '" + ago + "'",
           .queued = false});
  database_.run(
      fmt::format("UPDATE ci_builds SET token_encrypted = NULL, "
                  "lock_version = 1 WHERE id = {}",
                  id));
  return id;
}

std::int64_t Jobs::resource_group(const std::string& key) {
  const std::int64_t id = database_.number(
      "INSERT INTO ci_resource_groups (created_at, updated_at, project_id, "
      "key) VALUES (now(), now(), 1, " +
      quoted(key) + ") RETURNING id");
  database_.run(fmt::format(
      "INSERT INTO ci_resources (created_at, updated_at, resource_group_id) "
      "VALUES (now(), now(), {})",
      id));
  return id;
}

void Jobs::hold_resource(std::int64_t group, std::int64_t job) {
  database_.run(fmt::format(
      "UPDATE ci_resources AS r SET build_id = b.id{2} FROM ci_builds AS b "
      "WHERE r.resource_group_id = {1} AND b.id = {0}; "
      "UPDATE ci_builds SET resource_group_id = {1} WHERE id = {0}",
      job, group,
      schema_era().is_partitioned() ? ", partition_id = b.partition_id" : ""));
}

std::int64_t Jobs::chunk(std::int64_t job, int index,
                         const std::string& bytes) {
  return database_.number(fmt::format(
      "INSERT INTO ci_build_trace_chunks (build_id, chunk_index, data_store, "
      "raw_data) VALUES ({}, {}, 2, '\\x{}') RETURNING id",
      job, index, stores::hex_of(bytes)));
}

std::int64_t Jobs::bare_chunk(std::int64_t job, int index, int data_store) {
  return database_.number(fmt::format(
      "INSERT INTO ci_build_trace_chunks (build_id, chunk_index, data_store) "
      "VALUES ({}, {}, {}) RETURNING id",
      job, index, data_store));
}

std::int64_t Jobs::chunk(RedisServer& redis, std::int64_t job, int index,
                         const std::string& bytes, int data_store) {
  redis.set(fmt::format("gitlab:ci:trace:{}:chunks:{}", job, index), bytes);
  return bare_chunk(job, index, data_store);
}

std::string Jobs::status(std::int64_t job) {
  return database_.value(
      fmt::format("SELECT status FROM ci_builds WHERE id = {}", job));
}

std::string Jobs::pipeline_status(std::int64_t pipeline) {
  return database_.value(
      fmt::format("SELECT status FROM ci_pipelines WHERE id = {}", pipeline));
}

std::int64_t Jobs::chunks_left(std::int64_t job) {
  return database_.number(fmt::format(
      "SELECT count(*) FROM ci_build_trace_chunks WHERE build_id = {}", job));
}

std::string Jobs::archive(std::int64_t job) {
  const auto paths = database_.column(fmt::format(
      "SELECT substr(h, 1, 2) || '/' || substr(h, 3, 2) || '/' || h || '/' || "
      "to_char(created_at AT TIME ZONE 'UTC', 'YYYY_MM_DD') || '/' || job_id "
      "|| '/' || id || '/' || file FROM (SELECT *, "
      "encode(sha256(project_id::text::bytea), 'hex') AS h "
      "FROM ci_job_artifacts) AS a "
      "WHERE job_id = {} AND file_type = 3 AND file IS NOT NULL",
      job));
  if (paths.empty())
    return "(none)";
  const auto path = world_.store.path() / paths.front();
  return std::filesystem::exists(path) ? read_file(path) : "(no object)";
}

std::vector<std::string> Jobs::violations() {
  std::vector<std::string> found;
  for (const std::string& job :
       database_.column("SELECT id FROM ci_builds WHERE failure_reason = 14 "
                        "AND lock_version <> 1"))
    found.push_back("5: job " + job + " was not dropped exactly once");
  const char* const queues =
      schema_era().has_queues()
          ? "UNION ALL SELECT build_id FROM ci_pending_builds "
            "UNION ALL SELECT build_id FROM ci_running_builds"
          : "";
  for (const std::string& row : database_.column(fmt::format(
           "SELECT q.build_id FROM (SELECT build_id FROM ci_resources "
           "UNION ALL SELECT build_id FROM ci_builds_runner_session {}) AS q "
           "JOIN ci_builds AS b ON b.id = q.build_id "
           "WHERE b.failure_reason = 14",
           queues)))
    found.push_back("5: something points at dropped job " + row);
  for (const auto& row : database_.rows(
           "SELECT job_id, convert_from(file_sha256, 'UTF8'), size "
           "FROM ci_job_artifacts WHERE file_type = 3 AND file IS NOT NULL")) {
    const std::string bytes = archive(std::stoll(row[0]));
    if (sha256(bytes) != row[1] || std::to_string(bytes.size()) != row[2])
      found.push_back("6: the archive of job " + row[0] +
                      " is not what its row says");
  }
  return found;
}

}  // namespace tests
