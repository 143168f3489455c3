#pragma once

#include <string>
#include <vector>

#include "db/catalog.hpp"

namespace db {

/// A value that rows of a table hold, as SQL writes it.
struct SeenValue {
  std::string table;
  std::string column;
  std::string value;
  auto operator<=>(const SeenValue&) const = default;
};

/// What the columns hold that passes decide by: lock states, statuses, stores.
/// They are the most common values that the last ANALYZE found (pg_stats), so
/// that no row is read; a rare value may be missing, and so may all of them
/// where nothing was analyzed yet.
/// \return each once, in order
/// \throws Error, Unreachable
std::vector<SeenValue> read_seen_values(Pool& pool, const Session& session,
                                        const Catalog& catalog);

}  // namespace db
