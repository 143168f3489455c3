#pragma once

#include <cstdint>
#include <string>

#include "jobs/seed_options.hpp"
#include "jobs/seed_profile.hpp"
#include "telemetry/timestamp.hpp"

namespace jobs {

/// What was made, and what a run must then find.
struct SeedReport {
  Made made;
  Expected expected;
  std::int64_t missing = 0;          ///< objects left out of destroyable rows
  std::int64_t destroyed_bytes = 0;  ///< `size` of all rows a run will destroy
  std::int64_t files = 0;
  std::int64_t file_bytes = 0;
  telemetry::Timestamp base{};  ///< all times in the rows are relative to it
  double seconds = 0;
};

/// Fill the database named by libpq's environment, and the directory.  Either
/// every row is there at the end, and its file before it, or none is.
///
/// \throws db::NotEmpty, stores::StoreError if there is something to spoil.
/// \throws db::Unreachable, db::Refused, db::Error
SeedReport seed(const SeedOptions& options);

/// The report for people, and as one JSON document.
std::string as_text(const SeedOptions& options, const SeedReport& report);
std::string as_json(const SeedOptions& options, const SeedReport& report);

}  // namespace jobs
