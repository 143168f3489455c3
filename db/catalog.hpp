#pragma once

#include <cstdint>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "db/pool.hpp"

namespace db {

/// An index on ci_pipeline_artifacts whose first column is expire_at.
struct ExpiryIndex {
  std::string name;
  std::string predicate;  ///< as pg_get_expr writes it; "" for a full index
  bool valid = false;     ///< CREATE INDEX CONCURRENTLY came to its end
};

/// What this database has, read from pg_catalog once: nothing asks for GitLab's
/// version.  Plain data; may be read from any thread.
class Catalog {
 public:
  /// \throws Error, Unreachable, Refused
  static Catalog read(Pool& pool, const Session& session);

  /// Where the tables stand, as a search_path: the schema, then pg_temp.  Every
  /// statement runs under it, so that no name of ours and none of a trigger
  /// function's is looked up elsewhere.  Empty if there are no tables.
  [[nodiscard]] const std::string& search_path() const { return search_path_; }

  /// Sentences about what this program can't serve; empty if all is well.
  [[nodiscard]] std::vector<std::string> unserved() const;
  /// The same about the tables of jobs and traces alone.
  [[nodiscard]] std::vector<std::string> unserved_builds() const;
  /// There are jobs at all, whether served or not.
  [[nodiscard]] bool has_builds() const;
  /// A table of those that not every GitLab has is here, and this is its
  /// database.
  [[nodiscard]] bool serves(const std::string& table) const;
  [[nodiscard]] bool has(const std::string& table,
                         const std::string& column) const;

  /// E25: ci_deleted_objects.project_id must be given.
  [[nodiscard]] bool queue_names_project() const;
  /// E21 to E22: storage_size falls with pipeline_artifacts_size.  From 17.x on
  /// it does not; ci_pipeline_artifacts.partition_id tells the two apart.
  [[nodiscard]] bool storage_counts_artifacts() const;
  /// projects.pending_delete is here: such a project's statistics stay as they
  /// are.
  [[nodiscard]] bool has_pending_delete() const;

  /// The index for the unlocked pass (WHERE locked = 0), or null.
  [[nodiscard]] const ExpiryIndex* unlocked_index() const;
  /// The index for the legacy pass (no predicate), or null.
  [[nodiscard]] const ExpiryIndex* expiry_index() const;

  [[nodiscard]] std::int64_t server_version() const { return server_version_; }
  [[nodiscard]] bool in_recovery() const { return in_recovery_; }

 private:
  void judge(const std::string& table, const std::string& column,
             std::vector<std::string>& sentences) const;
  void read_server(Pool& pool, const Session& session);
  void read_columns(Pool& pool, const Session& session);
  void read_indexes(Pool& pool, const Session& session);

  std::int64_t server_version_ = 0;  ///< 150018 is 15.18
  bool in_recovery_ = false;
  std::string search_path_;
  std::set<std::pair<std::string, std::string>> columns_;
  std::set<std::string> partitioned_;   ///< roots, and partitions of one
  std::set<std::string> write_locked_;  ///< under GitLab's write-lock trigger
  std::vector<ExpiryIndex> indexes_;
};

}  // namespace db
