#pragma once

#include <span>
#include <string>
#include <vector>

#include "db/pipeline_artifacts.hpp"
#include "stores/open_stores.hpp"

namespace jobs {

/// Where the object of a row lies.
stores::ObjectKey key_of(const db::Artifact& row);

/// A row whose object must not be touched.
struct PoisonRow {
  db::Artifact row{};
  std::string reason;
};

struct PathLook {
  std::vector<db::Artifact> safe;
  std::vector<PoisonRow> poison;
};

/// Look where the objects of \a rows lie, before any of them is destroyed, in
/// plan and run alike.  A row of a store that is not configured is poison too.
///
/// \throws stores::StoreError
PathLook look_at_paths(const stores::Stores& stores,
                       std::vector<db::Artifact> rows);

/// How many objects of \a rows are not in their store.
///
/// \throws stores::StoreError
std::size_t count_absent(const stores::Stores& stores,
                         std::span<const db::Artifact> rows);

}  // namespace jobs
