#pragma once

#include <cstdint>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

#include "db/seed_session.hpp"
#include "telemetry/timestamp.hpp"

namespace db {

/// The database can't be filled: it holds rows, or only some of the tables.
/// what() is a sentence that names the table and says what to do.
class NotEmpty : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// When an artifact expires, seen from the base moment.
enum class Expiry {
  past,   ///< a minute to 180 days ago
  soon,   ///< 1 to 91 days ahead: not within any demo or benchmark
  never,  ///< NULL
  far     ///< a hundred years ahead
};

/// So many artifacts that are alike.
struct SeedKind {
  std::int64_t count = 0;
  std::optional<int> locked;  ///< the artifact's own column: 0, 1, 2 or NULL
  int pipeline_locked = 0;
  Expiry expiry = Expiry::past;
  int file_store = 1;
  std::optional<std::string> file = {};  ///< a poison name; else by file_type
};

/// What to fill a database with.  The same plan makes the same rows.
struct SeedPlan {
  std::int64_t random_seed = 1;
  std::optional<telemetry::Timestamp> base;  ///< database now if not given
  std::vector<SeedKind> kinds;
  std::int64_t pipelines = 0;  ///< at least as many as the kinds need
  std::int64_t projects = 0;
  /// Of so many artifacts in a row the last shares its pipeline with the one
  /// before it, as the second file_type.
  std::int64_t pair_every = 10;
  std::int64_t max_size = 8192;  ///< of `size`, in bytes; the least is 1 KiB
  /// Have one project pending_delete, and one in ten without statistics.
  bool odd_projects = true;
  /// Objects of every row, or only of those that a run looks for: what it will
  /// destroy, and live rows at both ends.
  bool all_objects = true;
  /// Rows of file_store 2 have objects too.
  bool has_bucket = false;
};

/// How many pipelines \a count artifacts of one kind are spread over.
std::int64_t pipelines_needed(std::int64_t count, std::int64_t pair_every);

/// An artifact whose object is to be written.
struct SeedObject {
  std::int64_t id = 0;
  std::int64_t project_id = 0;
  std::int64_t pipeline_id = 0;
  std::string file;
  std::int64_t size = 0;
  bool destroyable = false;  ///< expired, and it or its pipeline is unlocked
  std::int64_t file_store = 1;
};

/// An entry of ci_deleted_objects.
struct SeedEntry {
  int file_store = 1;
  std::int64_t due_in = 0;  ///< seconds from the base moment; negative: is due
  std::string directory;
  std::string file;
};

/// An empty database that is being filled, in one transaction: what breaks off
/// leaves it as empty as it was.
///
///     SeedDatabase database;
///     database.fill(plan);
///     database.open_objects(plan);
///     while (… database.next_objects() …)
///     database.commit();
///
/// Everything that talks to the server throws Error.
class SeedDatabase {
 public:
  /// Connect, and make sure that there is nothing to spoil; the tables are
  /// made where there are none.
  ///
  /// \throws NotEmpty, Unreachable, Refused
  SeedDatabase();

  /// Insert projects, pipelines, artifacts and statistics.
  void fill(const SeedPlan& plan);
  /// For those who insert more in the same transaction; \pre fill().
  SeedSession& session() { return session_; }
  void add_entries(const std::vector<SeedEntry>& entries);

  /// Begin to read the objects, by project and pipeline.
  void open_objects(const SeedPlan& plan);
  /// \return the next hundred; none at the end.
  std::vector<SeedObject> next_objects();

  /// Make it permanent, and gather the planner's statistics.
  void commit();

  /// The moment that every time in the rows is relative to; \pre fill().
  [[nodiscard]] telemetry::Timestamp base() const { return base_; }

 private:
  void require_empty();
  void insert_rows(const SeedPlan& plan, std::int64_t slots);
  std::int64_t insert_kinds(const SeedPlan& plan);

  SeedSession session_;
  telemetry::Timestamp base_{};
};

}  // namespace db
