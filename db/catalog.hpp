#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "db/pool.hpp"
#include "db/statistics_way.hpp"
#include "db/tables.hpp"

namespace db {

/// An index on ci_pipeline_artifacts whose first column is expire_at.
struct ExpiryIndex {
  std::string name;
  std::string predicate;  ///< as pg_get_expr writes it; "" for a full index
  bool valid = false;     ///< CREATE INDEX CONCURRENTLY came to its end
};

/// A foreign key by which another table refers to one that rows are deleted
/// from.
struct Reference {
  std::string table;        ///< ours
  std::string other_table;  ///< theirs, as pg_class has it
  /// pg_constraint.confdeltype: "a" and "r" keep our rows from being deleted.
  std::string on_delete;
};

/// Which tables are looked for.  Since 15.x a GitLab may keep users, projects,
/// their statistics and deployments in a database of their own, called main.
enum class Half { whole, ci, main };

/// What this database has, read from pg_catalog once, by five statements:
/// nothing asks for GitLab's version.  Plain data; may be read from any thread.
class Catalog {
 public:
  /// \throws Error, Unreachable, Refused
  static Catalog read(Pool& pool, const Session& session,
                      Half half = Half::whole);

  /// What statements are written by.
  [[nodiscard]] const Tables& tables() const { return tables_; }

  /// Where the tables stand, as a search_path: the schema, then pg_temp.  Every
  /// statement runs under it, so that no name of a trigger function's is looked
  /// up elsewhere (ours are qualified).  Empty if there are no tables.
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
  [[nodiscard]] bool is_partitioned(const std::string& table) const;
  /// The table that a relation of a plan is: a partition is its root's.
  [[nodiscard]] std::string table_of(const std::string& relation) const;

  /// From 15.4 on an artifact says itself whether it is locked; before, only
  /// its pipeline does, and there is nothing for the unlocked pass.
  [[nodiscard]] bool has_lock_column() const;
  /// E21 to E22: storage_size falls with pipeline_artifacts_size.  From 17.x on
  /// it does not; ci_pipeline_artifacts.partition_id tells the two apart.
  [[nodiscard]] bool storage_counts_artifacts() const;
  /// 19.x: a manual job can be canceled, and so is dropped.  Told by
  /// p_ci_builds_metadata, which is gone there.
  [[nodiscard]] bool cancels_manual_jobs() const;

  /// The index for the unlocked pass (WHERE locked = 0), or null.
  [[nodiscard]] const ExpiryIndex* unlocked_index() const;
  /// The index for the legacy pass (no predicate), or null.
  [[nodiscard]] const ExpiryIndex* expiry_index() const;
  /// Foreign keys of tables that nobody here knows.
  [[nodiscard]] const std::vector<Reference>& references() const {
    return references_;
  }

  /// Statements that destroy do so from now on.
  void choose(StatisticsWay way);

  [[nodiscard]] std::int64_t server_version() const { return server_version_; }
  [[nodiscard]] bool in_recovery() const { return in_recovery_; }

 private:
  void judge(const std::string& table, const std::string& column,
             std::vector<std::string>& sentences) const;
  void judge_required(const std::string& table,
                      std::vector<std::string>& sentences) const;
  [[nodiscard]] std::string missing(const std::string& table,
                                    const std::string& column) const;
  void read_server(Pool& pool, const Session& session);
  void read_columns(Pool& pool, const Session& session);
  void read_partitions(Pool& pool, const Session& session);
  void read_indexes(Pool& pool, const Session& session);
  void read_references(Pool& pool, const Session& session);

  Half half_ = Half::whole;
  std::int64_t server_version_ = 0;  ///< 150018 is 15.18
  bool in_recovery_ = false;
  std::string schema_;  ///< quoted
  std::string search_path_;
  Tables tables_;
  std::set<std::string> partitioned_;  ///< have a root with partitions
  /// Their partition_id may be NULL: nothing goes by it.
  std::set<std::string> unfilled_partition_;
  std::set<std::string> write_locked_;  ///< under GitLab's write-lock trigger
  /// Columns that an INSERT has to give.
  std::set<std::pair<std::string, std::string>> required_;
  std::map<std::string, std::string> partitions_;  ///< to their tables
  std::vector<ExpiryIndex> indexes_;
  std::vector<Reference> references_;
};

}  // namespace db
