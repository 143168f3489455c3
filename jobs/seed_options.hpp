#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "jobs/options.hpp"
#include "stores/open_stores.hpp"
#include "telemetry/timestamp.hpp"

namespace jobs {

/// How much is made, and of what.
enum class Profile {
  smoke,    ///< 300 artifacts: every case, for tests
  demo,     ///< 20,000 artifacts with their files
  headline  ///< three million, as GitLab.com published, for benchmarks
};

/// Everything ci-janitor-seed can be told, with its defaults.
struct SeedOptions {
  Profile profile = Profile::demo;
  std::int64_t random_seed = 1;            ///< 0 to 2^32 - 1
  std::optional<std::string> local_store;  ///< made if missing; else empty
  /// Half of all objects, or all of them without a local store; else empty.
  std::optional<stores::ObjectStoreSettings> object_store;
  bool files = true;
  std::optional<std::string> redis;  ///< URL, or file:PATH; none: not used
  std::optional<std::int64_t> jobs;  ///< headline only: running ones
  double scale = 1;                  ///< headline only: of its counts
  std::optional<telemetry::Timestamp> now;  ///< database now if not given
  bool with_remote = false;  ///< a few rows of file_store 2 besides
  bool with_poison = false;  ///< a poison row of every kind besides
  Output output = Output::text;
};

/// Read the command line.  Touches nothing else of the world.
///
/// \return nothing if help or the version was all they wanted; it has been
///         printed to standard output.
/// \throws UsageError
std::optional<SeedOptions> parse_seed_options(int argc,
                                              const char* const argv[]);

std::string name_of(Profile profile);

}  // namespace jobs
