#pragma once

#include <cstdint>
#include <string>

#include "jobs/seed_jobs.hpp"
#include "jobs/seed_options.hpp"
#include "jobs/seed_profile.hpp"
#include "telemetry/timestamp.hpp"

namespace jobs {

/// What was made, and what a run must then find.
struct SeedReport {
  Made made;
  Expected expected;
  MadeJobs made_jobs;
  ExpectedJobs expected_jobs;
  std::int64_t missing = 0;          ///< objects left out of destroyable rows
  std::int64_t destroyed_bytes = 0;  ///< `size` of all rows a run will destroy
  std::int64_t files = 0;
  std::int64_t file_bytes = 0;
  std::int64_t bucket_objects = 0;  ///< chunks of live traces too
  std::int64_t bucket_bytes = 0;
  telemetry::Timestamp base{};  ///< all times in the rows are relative to it
  double seconds = 0;
};

/// Fill the database named by libpq's environment, the directory, the bucket,
/// and Redis.
/// Either every row is there at the end, and its bytes before it, or none is.
///
/// \throws db::NotEmpty, stores::StoreError if there is something to spoil.
/// \throws UsageError if the file that names Redis can't be read.
/// \throws db::Unreachable, db::Refused, db::Error
SeedReport seed(const SeedOptions& options);

/// The report for people, and as one JSON document.
std::string as_text(const SeedOptions& options, const SeedReport& report);
std::string as_json(const SeedOptions& options, const SeedReport& report);

}  // namespace jobs
