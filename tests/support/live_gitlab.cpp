#include "tests/support/live_gitlab.hpp"

#include "tests/support/schema_era.hpp"

#include <fmt/format.h>

#include <filesystem>

namespace tests {

namespace fs = std::filesystem;

void LiveGitlab::lock(const MadeArtifact& artifact) {
  set_locked(artifact, 1);
}

void LiveGitlab::unlock(const MadeArtifact& artifact) {
  set_locked(artifact, 0);
}

void LiveGitlab::set_locked(const MadeArtifact& artifact, int locked) {
  session.run(fmt::format("UPDATE ci_pipelines SET locked = {} WHERE id = {}",
                          locked, artifact.pipeline_id) +
              (schema_era().has_lock_column()
                   ? fmt::format("; UPDATE ci_pipeline_artifacts SET locked = "
                                 "{} WHERE pipeline_id = {}",
                                 locked, artifact.pipeline_id)
                   : ""));
}

void LiveGitlab::lock_pipeline_only(const MadeArtifact& artifact) {
  session.run(fmt::format("UPDATE ci_pipelines SET locked = 1 WHERE id = {}",
                          artifact.pipeline_id));
}

void LiveGitlab::prolong(const MadeArtifact& artifact) {
  session.run(fmt::format(
      "UPDATE ci_pipeline_artifacts SET expire_at = now() + interval '30 days' "
      "WHERE id = {}",
      artifact.id));
}

bool LiveGitlab::destroy(const MadeArtifact& artifact) {
  const auto gone = session.run(fmt::format(
      "WITH gone AS (DELETE FROM ci_pipeline_artifacts WHERE id = {} "
      "RETURNING project_id, size), "
      "counted AS (UPDATE project_statistics AS s SET {} FROM gone "
      "WHERE s.project_id = gone.project_id) "
      "SELECT FROM gone",
      artifact.id, counted_bytes("-gone.size")));
  if (gone.empty())
    return false;
  fs::remove(world_.store.path() / artifact.key.directory / artifact.key.file);
  return true;
}

MadeArtifact LiveGitlab::recreate(const MadeArtifact& artifact) {
  destroy(artifact);
  return world_.add({.expire_at = "now() + interval '30 days'",
                     .locked = "1",
                     .pipeline_locked = 1,
                     .project_id = artifact.project_id,
                     .pipeline_id = artifact.pipeline_id});
}

MadeArtifact LiveGitlab::upload(std::int64_t project_id) {
  return world_.add({.expire_at = "now() + interval '30 days'",
                     .project_id = project_id,
                     .size = 500});
}

void LiveGitlab::delete_objects() {
  const auto leased = session.run(
      "WITH due AS (SELECT id FROM ci_deleted_objects WHERE pick_up_at < now() "
      "ORDER BY pick_up_at LIMIT 100 FOR UPDATE SKIP LOCKED) "
      "UPDATE ci_deleted_objects AS entry "
      "SET pick_up_at = now() + interval '10 minutes' FROM due "
      "WHERE entry.id = due.id "
      "RETURNING entry.id, entry.store_dir || '/' || entry.file");
  for (const Row& entry : leased) {
    fs::remove(world_.store.path() / *entry.at(1));
    session.run("DELETE FROM ci_deleted_objects WHERE id = " + *entry.at(0));
  }
}

}  // namespace tests
