#pragma once

#include <cstdint>
#include <string>

#include "tests/support/world.hpp"

namespace tests {

/// What a live GitLab does to artifacts beside a run, each by its own protocol:
/// the row in a transaction, the file after it, the statistics with the row.
///
/// It has a session of its own.  Use it from one thread at a time, and not
/// while another thread uses the World.
class LiveGitlab {
 public:
  explicit LiveGitlab(World& world) : world_(world) {}

  /// The pipeline and its artifacts become locked or unlocked.
  void lock(const MadeArtifact& artifact);
  void unlock(const MadeArtifact& artifact);
  /// As lock(), as it was before artifacts had a column for it.
  void lock_pipeline_only(const MadeArtifact& artifact);
  /// The artifact expires in a month.
  void prolong(const MadeArtifact& artifact);
  /// Destroy it: the row and its bytes, then the file.
  /// \return whether it was still there.
  bool destroy(const MadeArtifact& artifact);
  /// A report is uploaded again: the artifact is destroyed, if it is still
  /// there, and one of the same pipeline and type that is kept takes its place.
  MadeArtifact recreate(const MadeArtifact& artifact);
  /// Another artifact of the project is made: its statistics rise.
  MadeArtifact upload(std::int64_t project_id);
  /// The worker that drains ci_deleted_objects.
  void delete_objects();

  /// Its session, to leave a transaction open around what it does.
  TestSession session;

 private:
  void set_locked(const MadeArtifact& artifact, int locked);

  World& world_;
};

}  // namespace tests
