#include "db/needed.hpp"

#include <map>

namespace db {
namespace {

const std::vector<Needed> for_artifacts{
    {"ci_pipeline_artifacts", "id"},
    {"ci_pipeline_artifacts", "project_id"},
    {"ci_pipeline_artifacts", "pipeline_id"},
    {"ci_pipeline_artifacts", "size"},
    {"ci_pipeline_artifacts", "file"},
    {"ci_pipeline_artifacts", "file_store"},
    {"ci_pipeline_artifacts", "created_at"},
    {"ci_pipeline_artifacts", "expire_at"},
    {"ci_pipelines", "id"},
    {"ci_pipelines", "locked"},
    {"ci_deleted_objects", "id"},
    {"ci_deleted_objects", "file_store"},
    {"ci_deleted_objects", "pick_up_at"},
    {"ci_deleted_objects", "store_dir"},
    {"ci_deleted_objects", "file"},
    {"project_statistics", "id"},
    {"project_statistics", "project_id"},
    {"project_statistics", "pipeline_artifacts_size"},
    {"project_statistics", "storage_size"}};

const std::vector<Needed> for_builds{{"users", "id"},
                                     {"users", "state"},
                                     {"ci_pipelines", "user_id"},
                                     {"ci_pipelines", "project_id"},
                                     {"ci_pipelines", "status"},
                                     {"ci_pipelines", "started_at"},
                                     {"ci_pipelines", "finished_at"},
                                     {"ci_pipelines", "duration"},
                                     {"ci_pipelines", "updated_at"},
                                     {"ci_pipelines", "lock_version"},
                                     {"ci_stages", "id"},
                                     {"ci_stages", "pipeline_id"},
                                     {"ci_stages", "position"},
                                     {"ci_stages", "status"},
                                     {"ci_stages", "lock_version"},
                                     {"ci_stages", "updated_at"},
                                     {"ci_builds", "id"},
                                     {"ci_builds", "commit_id"},
                                     {"ci_builds", "project_id"},
                                     {"ci_builds", "type"},
                                     {"ci_builds", "status"},
                                     {"ci_builds", "stage_idx"},
                                     {"ci_builds", "allow_failure"},
                                     {"ci_builds", "retried"},
                                     {"ci_builds", "processed"},
                                     {"ci_builds", "lock_version"},
                                     {"ci_builds", "failure_reason"},
                                     {"ci_builds", "started_at"},
                                     {"ci_builds", "finished_at"},
                                     {"ci_builds", "updated_at"},
                                     {"ci_builds", "scheduled_at"},
                                     {"ci_builds", "token_encrypted"},
                                     {"ci_builds", "resource_group_id"},
                                     {"ci_resources", "resource_group_id"},
                                     {"ci_resources", "build_id"},
                                     {"ci_resource_groups", "id"},
                                     {"ci_resource_groups", "project_id"},
                                     {"ci_resource_groups", "key"},
                                     {"ci_build_trace_chunks", "id"},
                                     {"ci_build_trace_chunks", "build_id"},
                                     {"ci_build_trace_chunks", "chunk_index"},
                                     {"ci_build_trace_chunks", "data_store"},
                                     {"ci_build_trace_chunks", "raw_data"},
                                     {"ci_build_trace_chunks", "checksum"},
                                     {"ci_build_trace_chunks", "lock_version"},
                                     {"ci_job_artifacts", "id"},
                                     {"ci_job_artifacts", "project_id"},
                                     {"ci_job_artifacts", "job_id"},
                                     {"ci_job_artifacts", "file_type"},
                                     {"ci_job_artifacts", "size"},
                                     {"ci_job_artifacts", "file"},
                                     {"ci_job_artifacts", "file_store"},
                                     {"ci_job_artifacts", "file_sha256"},
                                     {"ci_job_artifacts", "created_at"},
                                     {"ci_job_artifacts", "updated_at"}};

// Used where they are, and where this is their database.
const std::set<std::string> optional_tables{
    "projects",
    "ci_pending_builds",
    "ci_running_builds",
    "ci_builds_runner_session",
    "ci_builds_metadata",
    "ci_pipeline_schedules",
    "ci_refs",
    "deployments",
    "ci_build_pending_states",
    "ci_build_trace_metadata",
    "geo_nodes",
    "loose_foreign_keys_deleted_records"};

const std::map<std::string, std::set<std::string>> given{
    {"ci_deleted_objects",
     {"id", "file_store", "pick_up_at", "store_dir", "file", "project_id"}},
    {"ci_job_artifacts",
     {"id", "project_id", "job_id", "file_type", "created_at", "updated_at",
      "partition_id"}},
    {"ci_build_trace_metadata",
     {"build_id", "trace_artifact_id", "checksum", "archived_at",
      "partition_id", "project_id"}}};

std::set<std::string> all_tables() {
  std::set<std::string> names = optional_tables;
  for (const auto* const needed : {&for_artifacts, &for_builds})
    for (const Needed& what : *needed)
      names.insert(what.table);
  return names;
}

}  // namespace

const std::vector<Needed>& needed_for_artifacts() {
  return for_artifacts;
}

const std::vector<Needed>& needed_for_builds() {
  return for_builds;
}

const std::set<std::string>& known_tables() {
  static const std::set<std::string> names = all_tables();
  return names;
}

const std::set<std::string>& main_tables() {
  static const std::set<std::string> names{
      "users", "projects", "project_statistics", "deployments", "geo_nodes"};
  return names;
}

const std::set<std::string>& emptied_tables() {
  static const std::set<std::string> names{
      "ci_pipeline_artifacts",    "ci_deleted_objects",
      "ci_pending_builds",        "ci_running_builds",
      "ci_builds_runner_session", "ci_build_trace_chunks",
      "ci_build_pending_states"};
  return names;
}

const std::set<std::string>& given_columns(const std::string& table) {
  static const std::set<std::string> none;
  const auto found = given.find(table);
  return found == given.end() ? none : found->second;
}

}  // namespace db
