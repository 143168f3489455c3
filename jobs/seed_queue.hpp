#pragma once

#include <cstdint>
#include <vector>

#include "jobs/seed_options.hpp"
#include "stores/object_key.hpp"

namespace jobs {

/// An entry of ci_deleted_objects to be made, and whether its object is there.
struct QueuedObject {
  int file_store = 1;
  std::int64_t due_in = 0;  ///< seconds from the base moment; negative: is due
  stores::ObjectKey key;
  bool has_file = true;
};

/// So many entries, due and not, with their objects and without, of every shape
/// of path that GitLab ever queued; one of file_store 2 and one that is poison
/// besides, where the options say so.
std::vector<QueuedObject> plan_queue(std::int64_t entries,
                                     std::int64_t projects,
                                     const SeedOptions& options);

}  // namespace jobs
