#include "jobs/choices.hpp"

#include "db/builds.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

namespace jobs {
namespace {

std::string sentence(db::StatisticsWay way) {
  switch (way) {
    case db::StatisticsWay::with_storage:
      return "pipeline_artifacts_size and storage_size fall with the bytes "
             "destroyed";
    case db::StatisticsWay::alone:
      return "pipeline_artifacts_size falls with the bytes destroyed, "
             "storage_size stays";
    case db::StatisticsWay::off:
      return "project_statistics stays as it is";
  }
  return {};
}

}  // namespace

Choice<std::vector<std::string>> statuses_to_drop(const Options& options,
                                                  const db::Catalog& catalog) {
  const bool given = !options.cancelable.empty();
  const std::vector<std::string> statuses =
      given ? options.cancelable : db::cancelable_statuses(catalog);
  const char* const reason = given ? "as --cancelable says"
                             : catalog.cancels_manual_jobs()
                                 ? "as GitLab 19 does: p_ci_builds is "
                                   "there, p_ci_builds_metadata is not"
                                 : "as GitLab before 19 does";
  return {statuses, fmt::format("jobs that are {} are dropped, {}",
                                fmt::join(statuses, ", "), reason)};
}

Choice<db::StatisticsWay> statistics_way(const Options& options,
                                         const db::Catalog& catalog) {
  if (options.statistics)
    return {*options.statistics,
            sentence(*options.statistics) + ", as --statistics says"};
  if (catalog.storage_counts_artifacts())
    return {db::StatisticsWay::with_storage,
            sentence(db::StatisticsWay::with_storage) +
                ", as GitLab before 17 does: ci_pipeline_artifacts has no "
                "partition_id"};
  return {db::StatisticsWay::alone,
          sentence(db::StatisticsWay::alone) +
              ", as GitLab from 17 on does: ci_pipeline_artifacts has a "
              "partition_id"};
}

db::Filter filter_of(const Options& options) {
  return {.projects = options.projects,
          .except_projects = options.except_projects,
          .stores = options.only_store
                        ? std::vector<std::int64_t>{*options.only_store}
                        : std::vector<std::int64_t>{1, 2},
          .shard = shard_of(options)};
}

db::Shard shard_of(const Options& options) {
  return {options.shards, options.shard.value_or(0)};
}

}  // namespace jobs
