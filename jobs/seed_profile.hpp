#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "db/seed.hpp"
#include "jobs/seed_options.hpp"
#include "jobs/seed_queue.hpp"

namespace jobs {

/// The name of a file that the seed puts behind a symlinked directory.
inline constexpr const char* symlinked_file = "symlinked.json";

/// What a profile makes: the rows, the queue, and the objects left out.
struct ProfilePlan {
  db::SeedPlan rows;
  std::vector<QueuedObject> queue;
  /// Of destroyable rows of file_store 1, whose store tells what was absent; 0:
  /// none missing.
  std::int64_t missing_every = 0;
  std::int64_t content_limit = 8192;  ///< bytes written of a file, at most
};

/// \return the same plan for the same options.
ProfilePlan plan_profile(const SeedOptions& options);

/// How many artifacts of which kind were made; poison, and what is in
/// file_store 2 without an object, are counted in their own place only.
struct Made {
  std::int64_t artifacts = 0;  ///< all of them
  std::int64_t expired_unlocked = 0;
  std::int64_t expired_locked = 0;
  std::int64_t expired_unknown = 0;
  std::int64_t contradictions = 0;  ///< locked, under an unlocked pipeline
  std::int64_t live = 0;
  std::int64_t in_bucket = 0;  ///< of all these
  std::int64_t remote = 0;
  std::int64_t poison = 0;
  std::int64_t queue_entries = 0;
};
Made count_made(const ProfilePlan& plan);

/// What `ci-janitor run` with its defaults and the same --local-store and
/// --object-store must report on this database (with --only-store 1 if there is
/// a row of file_store 2 and no bucket), within a day of the base moment.
struct Expected {
  std::int64_t unlocked_destroyed = 0;
  std::int64_t legacy_destroyed = 0;
  std::int64_t contradictions = 0;
  std::int64_t resolved = 0;
  std::int64_t queue_removed = 0;  ///< by the objects pass
  std::int64_t queue_absent = 0;   ///< by the objects pass
  std::int64_t problems = 0;
};
Expected expect(const ProfilePlan& plan);

}  // namespace jobs
