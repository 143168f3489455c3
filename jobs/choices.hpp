#pragma once

#include <string>
#include <vector>

#include "db/catalog.hpp"
#include "db/pipeline_artifacts.hpp"
#include "jobs/options.hpp"

/// What GitLab's eras do differently, and what of it was chosen here: by the
/// traits of the schema, unless the user says else.
namespace jobs {

/// A choice, and the sentence in which `check` tells it.
template <typename Value>
struct Choice {
  Value value;
  std::string reason;
};

/// The statuses of jobs to be dropped.
Choice<std::vector<std::string>> statuses_to_drop(const Options& options,
                                                  const db::Catalog& catalog);

/// How project_statistics follows.
Choice<db::StatisticsWay> statistics_way(const Options& options,
                                         const db::Catalog& catalog);

/// Which artifacts the user left in.
db::Filter filter_of(const Options& options);

/// The share of the work that is this run's.
db::Shard shard_of(const Options& options);

}  // namespace jobs
