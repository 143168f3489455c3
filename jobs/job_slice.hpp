#pragma once

#include <algorithm>
#include <cstdint>
#include <set>
#include <vector>

#include "db/builds.hpp"

namespace jobs {

/// Where the slice after one that ends with \a job begins.
inline db::JobPlace place_of(const db::Job& job) {
  return {job.pipeline_id, job.id};
}

inline std::set<std::int64_t> pipelines_of(const std::vector<db::Job>& jobs) {
  std::set<std::int64_t> pipelines;
  for (const db::Job& job : jobs)
    pipelines.insert(job.pipeline_id);
  return pipelines;
}

/// The last pipeline of a full slice may have more jobs, so that its status
/// could not be told with them: it is left to the next slice, unless it fills
/// one by itself.
///
/// \param jobs one or more, pipeline by pipeline.
/// \return whether they are now all that their pipelines have.
inline bool leave_cut_pipeline(std::vector<db::Job>& jobs) {
  const auto cut =
      std::ranges::find(jobs, jobs.back().pipeline_id, &db::Job::pipeline_id);
  if (cut == jobs.begin())
    return false;
  jobs.erase(cut, jobs.end());
  return true;
}

}  // namespace jobs
