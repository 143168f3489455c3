#pragma once

#include <cstdint>

#include "db/seed.hpp"
#include "db/seed_jobs.hpp"
#include "jobs/seed_bucket.hpp"
#include "jobs/seed_options.hpp"

namespace jobs {

/// The users, pipelines, jobs and live traces of a profile; no users where it
/// has none.  Nothing at all is drawn by chance but times and bytes.
///
/// \return the same plan for the same options.
db::SeedJobsPlan plan_jobs(const SeedOptions& options, std::int64_t projects);

/// How much was made of it.
struct MadeJobs {
  std::int64_t users = 0;
  std::int64_t blocked_users = 0;
  std::int64_t pipelines = 0;
  std::int64_t jobs = 0;
  std::int64_t traces = 0;  ///< live ones
  std::int64_t chunks = 0;
  std::int64_t chunks_in_redis = 0;
  std::int64_t chunks_in_bucket = 0;

  bool operator==(const MadeJobs&) const = default;
};

/// What `ci-janitor run --trace-settle 0` must report on this database, with a
/// --max-drop that is large enough, and with the same --redis and
/// --object-store if any.
struct ExpectedJobs {
  std::int64_t users = 0;      ///< of whom something is dropped
  std::int64_t pipelines = 0;  ///< in which something is dropped
  std::int64_t dropped = 0;
  std::int64_t schedules = 0;
  std::int64_t archived = 0;
  std::int64_t partial = 0;
  std::int64_t empty = 0;
  std::int64_t chunks = 0;  ///< forgotten

  bool operator==(const ExpectedJobs&) const = default;
};

MadeJobs count_made(const db::SeedJobsPlan& plan);
ExpectedJobs expect(const db::SeedJobsPlan& plan);

/// Make them, in the transaction of \a database, and put into Redis and \a
/// bucket (or null) what belongs there; GitLab's time to live, a week, removes
/// it from Redis again if the transaction does not come to its end.
///
/// \throws stores::StoreError if either is out of reach, or Redis holds such a
///         key already.
/// \throws UsageError if the file that names Redis can't be read.
void add_jobs(db::SeedDatabase& database, const db::SeedJobsPlan& plan,
              const SeedOptions& options, SeedBucket* bucket);

}  // namespace jobs
