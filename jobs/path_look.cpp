#include "jobs/path_look.hpp"

#include <fmt/format.h>

#include <map>

namespace jobs {
namespace {

using Rows = std::vector<db::Artifact>;

std::map<std::int64_t, Rows> by_store(Rows rows) {
  std::map<std::int64_t, Rows> stores;
  for (db::Artifact& row : rows)
    stores[row.file_store].push_back(std::move(row));
  return stores;
}

std::vector<stores::ObjectKey> keys_of(std::span<const db::Artifact> rows) {
  std::vector<stores::ObjectKey> keys;
  keys.reserve(rows.size());
  for (const db::Artifact& row : rows)
    keys.push_back(key_of(row));
  return keys;
}

void look_at_store(stores::Store& store, Rows rows, PathLook& look) {
  const stores::Sight sight = store.look(keys_of(rows));
  std::vector<bool> poison(rows.size(), false);
  for (const stores::KeyReason& found : sight.poison) {
    poison[found.index] = true;
    look.poison.push_back({std::move(rows[found.index]),
                           "its object must not be touched: " + found.reason});
  }
  for (std::size_t i = 0; i < rows.size(); ++i)
    if (!poison[i])
      look.safe.push_back(std::move(rows[i]));
}

}  // namespace

stores::ObjectKey key_of(const db::Artifact& row) {
  return stores::artifact_key(row.project_id, row.pipeline_id, row.id,
                              row.file);
}

PathLook look_at_paths(const stores::Stores& stores, Rows rows) {
  PathLook look;
  look.safe.reserve(rows.size());
  for (auto& [file_store, of_store] : by_store(std::move(rows))) {
    if (stores::Store* const store = stores.find(file_store)) {
      look_at_store(*store, std::move(of_store), look);
      continue;
    }
    const std::string reason =
        fmt::format("its store (file_store {}) is not configured", file_store);
    for (db::Artifact& row : of_store)
      look.poison.push_back({std::move(row), reason});
  }
  return look;
}

std::size_t count_absent(const stores::Stores& stores,
                         std::span<const db::Artifact> rows) {
  std::size_t absent = 0;
  for (const auto& [file_store, of_store] :
       by_store({rows.begin(), rows.end()}))
    if (stores::Store* const store = stores.find(file_store))
      absent += store->look(keys_of(of_store)).absent.size();
  return absent;
}

}  // namespace jobs
