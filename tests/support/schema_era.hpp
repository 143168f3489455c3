#pragma once

#include <string>
#include <vector>

namespace tests {

/// Which of GitLab's schemas the test databases have, as questions that a test
/// may ask: what the schemas differ in, and what a World has to mind.
class SchemaEra {
 public:
  /// \param name a directory of tests/support/schema, "13.12"; empty is
  ///        db/schema.sql, which has the traits of 15.5.
  /// \throws std::runtime_error if there is no such directory.
  explicit SchemaEra(std::string name);

  [[nodiscard]] const std::string& name() const { return name_; }
  /// What makes the tables, and the names that tests know them by: all of it
  /// is SQL.
  [[nodiscard]] std::string sql() const;

  /// ci_pipeline_artifacts.locked is there, and so is an unlocked pass.
  [[nodiscard]] bool has_lock_column() const;
  /// ci_pending_builds and ci_running_builds are there.
  [[nodiscard]] bool has_queues() const;
  /// ci_build_trace_metadata is there.
  [[nodiscard]] bool has_trace_metadata() const;
  /// Jobs, stages, pipelines and job artifacts have a partition_id.
  [[nodiscard]] bool has_partition_column() const;
  /// p_ci_builds is the root of jobs, with rows in three partitions.
  [[nodiscard]] bool is_partitioned() const;
  /// So are p_ci_pipelines, p_ci_stages and p_ci_job_artifacts.
  [[nodiscard]] bool has_partitioned_pipelines() const;
  /// An artifact's bytes count in project_statistics.storage_size too.
  [[nodiscard]] bool storage_counts_artifacts() const;
  /// Pipelines, jobs and artifacts have foreign keys to projects.
  [[nodiscard]] bool has_project_keys() const;

  /// The table itself of a plain name: "public.p_ci_builds" for "ci_builds".
  /// For what can't be done to a view: triggers, ALTER TABLE.
  [[nodiscard]] std::string root_of(const std::string& plain_name) const;

 private:
  std::string name_;
  int generation_ = 0;
};

/// That of JANITOR_TEST_SCHEMA: empty if it is not set.
SchemaEra schema_era();
/// All that there are, the oldest first; without db/schema.sql.
std::vector<SchemaEra> all_schema_eras();

}  // namespace tests
