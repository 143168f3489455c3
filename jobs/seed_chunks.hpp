#pragma once

#include "db/seed_jobs.hpp"
#include "jobs/seed_bucket.hpp"
#include "stores/redis.hpp"

namespace jobs {

/// Put the chunks of \a jobs whose bytes are not in the database where their
/// rows say; \pre the jobs were filled for that \a redis and \a bucket, each of
/// which may be null.
///
/// \throws stores::StoreError if a store is out of reach, or Redis holds such a
///         key already.
void put_chunks(db::SeedJobs& jobs, stores::Redis* redis, SeedBucket* bucket);

}  // namespace jobs
