#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "stores/store.hpp"

namespace stores {

/// The stores of an installation, by GitLab's file_store: 1 is local, 2 object
/// storage.  A store that is not configured is not there.
class Stores {
 public:
  void add(std::int64_t file_store, std::unique_ptr<Store> store) {
    stores_[file_store] = std::move(store);
  }

  /// \return null if that store is not configured.
  [[nodiscard]] Store* find(std::int64_t file_store) const {
    const auto found = stores_.find(file_store);
    return found == stores_.end() ? nullptr : found->second.get();
  }

  [[nodiscard]] std::vector<std::int64_t> configured() const;

 private:
  std::map<std::int64_t, std::unique_ptr<Store>> stores_;
};

/// \throws StoreError if a store that was named can't be opened.
Stores open_stores(const std::optional<std::string>& local_store, Prune prune);

}  // namespace stores
