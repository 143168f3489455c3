#pragma once

#include <vector>

#include "db/seed_jobs.hpp"

namespace jobs {

/// A pipeline of every status that GitLab 15.5 has, with jobs of every type and
/// in every status: 49 jobs in 11 pipelines, 23 of them cancelable.
std::vector<db::SeedShape> every_shape();

/// A pipeline of five running builds.
std::vector<db::SeedShape> running_shape();

/// A trace of one byte, of exactly one chunk, of several, one with a gap, and
/// one that is empty.
std::vector<db::SeedTrace> every_trace();

}  // namespace jobs
