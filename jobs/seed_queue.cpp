#include "jobs/seed_queue.hpp"

namespace jobs {
namespace {

/// "aa/bb/<SHA-256 of the project>", where the hashed paths begin.
std::string hashed_root(std::int64_t project) {
  const stores::ObjectKey key = stores::artifact_key(project, 1, 1, "any");
  return key.directory.substr(0, key.directory.find("/pipelines/"));
}

/// A shape of every kind that GitLab ever queued, of rows long gone.
stores::ObjectKey queued_key(std::int64_t number, std::int64_t project) {
  constexpr std::int64_t gone = 900'000'000;
  const std::string id = std::to_string(gone + number);
  const std::string root =
      hashed_root(number % 4 == 2 ? gone + number : project);
  switch (number % 4) {
    case 0:
      return stores::artifact_key(project, gone + number, gone + number,
                                  "code_coverage.json");
    case 1:
      return {root + "/2022_10_06/" + id + "/" + id, "artifacts.zip"};
    case 2:
      return {"@final/" + root.substr(0, 5), root.substr(6)};
    default:
      return {"2022_10/" + std::to_string(project) + "/" + id, "trace.log"};
  }
}

/// Every combination of shape, due or not, and there or not, in each 60.
QueuedObject queued(std::int64_t number, std::int64_t projects) {
  const bool due = number % 3 != 2;
  return {.due_in = due ? -60 * (number + 1) : 86400 + number,
          .key = queued_key(number, 1 + number % projects),
          .has_file = number % 5 != 4};
}

/// Every other 30 in the bucket: due or not, and there or not, in all
/// combinations.
int file_store_of(std::int64_t number, const SeedOptions& options) {
  if (!options.object_store)
    return 1;
  return options.local_store && number / 30 % 2 == 0 ? 1 : 2;
}

}  // namespace

std::vector<QueuedObject> plan_queue(std::int64_t entries,
                                     std::int64_t projects,
                                     const SeedOptions& options) {
  std::vector<QueuedObject> queue;
  for (std::int64_t number = 0; number < entries; ++number) {
    queue.push_back(queued(number, projects));
    queue.back().file_store = file_store_of(number, options);
  }
  if (options.with_remote)
    queue.push_back({.file_store = 2,
                     .due_in = -60,
                     .key = queued_key(entries, 1),
                     .has_file = false});
  if (options.with_poison)
    queue.push_back(
        {.due_in = -60, .key = {"../outside", "canary"}, .has_file = false});
  return queue;
}

}  // namespace jobs
