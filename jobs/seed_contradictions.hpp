#pragma once

#include "jobs/seed_options.hpp"

namespace jobs {

/// \throws UsageError if some of these options exclude each other, or one lacks
///         another that it needs, or a number is out of its range.
void check_seed_options(const SeedOptions& options);

}  // namespace jobs
