#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "jobs/installation.hpp"
#include "jobs/options.hpp"
#include "stores/object_key.hpp"
#include "telemetry/report.hpp"
#include "tests/support/scoped_environment.hpp"
#include "tests/support/temporary_directory.hpp"
#include "tests/support/test_database.hpp"

namespace tests {

/// An artifact to be made.  The default is what every run destroys: expired an
/// hour ago, unlocked, with its file.
struct ArtifactSpec {
  std::string expire_at = "now() - interval '1 hour'";  ///< SQL; may be "NULL"
  std::string locked = "0";                             ///< SQL; may be "NULL"
  int pipeline_locked = 0;
  std::int64_t project_id = 1;
  std::int64_t size = 100;
  std::string file_store = "1";  ///< SQL
  std::string file = "code_coverage.json";
  bool with_file = true;
  /// Of an existing pipeline; a new one is made if not given.
  std::optional<std::int64_t> pipeline_id = std::nullopt;
};

/// An artifact that was made.
struct MadeArtifact {
  std::int64_t id = 0;
  std::int64_t project_id = 0;
  std::int64_t pipeline_id = 0;
  std::int64_t size = 0;
  std::string file_store = "1";
  stores::ObjectKey key{};
};

/// What an UPDATE of project_statistics sets where \a bytes (SQL) of artifacts
/// come, or go with a minus.
std::string counted_bytes(const std::string& bytes);

/// A GitLab of a test's own: database, artifacts directory, and what a run on
/// them is told.  Rows are made by plain SQL, files by plain files, so that
/// nothing of the program under test stands in for itself.
class World {
 public:
  World();
  virtual ~World() = default;
  World(const World&) = delete;
  World& operator=(const World&) = delete;

  MadeArtifact add(const ArtifactSpec& spec = {});
  /// \a count of the same; the last one is returned.
  MadeArtifact add_many(int count, const ArtifactSpec& spec = {});
  /// \a count of the same by one statement, each with a pipeline of its own:
  /// for many.  They have no files, and violations() counts only their bytes.
  void add_rows(int count, const ArtifactSpec& spec = {});
  /// A live artifact with its file, so that the store check has its sample.
  MadeArtifact add_live(std::int64_t project_id = 1);
  /// An entry of ci_deleted_objects, due unless \a pick_up_at (SQL) says else.
  std::int64_t add_entry(
      const std::string& store_dir, const std::string& file,
      bool with_file = true,
      const std::string& pick_up_at = "now() - interval '1 minute'",
      int file_store = 1);

  /// All that were made so far.
  [[nodiscard]] const std::vector<MadeArtifact>& made() const { return made_; }
  [[nodiscard]] bool row_exists(const MadeArtifact& artifact);
  [[nodiscard]] bool file_exists(const MadeArtifact& artifact) {
    return object_exists(artifact.file_store,
                         artifact.key.directory + "/" + artifact.key.file);
  }
  /// pipeline_artifacts_size of a project.
  [[nodiscard]] std::int64_t statistic(std::int64_t project_id = 1);
  [[nodiscard]] std::int64_t rows_left();
  [[nodiscard]] std::int64_t entries_left();
  [[nodiscard]] std::int64_t files_left() const;

  /// Run or plan inside this process, with `options`.
  /// \throws what jobs::run() throws.
  telemetry::Report& run();
  telemetry::Report& plan();

  /// What is wrong by invariants 1, 2 and 4 of the program: found by SQL and by
  /// walking the store, never by asking the program.  Empty if all holds.
  std::vector<std::string> violations();

  TestDatabase database;
  /// Whoever connects but the tests' own sessions is program_role: code under
  /// test, in this process and in others.
  ScopedEnvironment as_program{{{"PGUSER", program_role}}};
  TemporaryDirectory store{fast_place()};
  jobs::Options options;  ///< local_store is set; two workers; no progress
  std::atomic<bool> stop{false};

 protected:
  /// Objects of every file_store lie in the directory, but where somebody has
  /// a bucket for them.
  virtual void put_object(const std::string& file_store,
                          const std::string& path);
  virtual bool object_exists(const std::string& file_store,
                             const std::string& path);

 private:
  telemetry::Report& run_as(jobs::Command command);
  MadeArtifact add_in_one_go(int count, const ArtifactSpec& spec);
  void require_project(std::int64_t project_id);

  std::vector<MadeArtifact> made_;
  std::unique_ptr<telemetry::Report> report_;
};

}  // namespace tests
