#include "stores/open_stores.hpp"

#include "stores/directory_store.hpp"

namespace stores {

std::vector<std::int64_t> Stores::configured() const {
  std::vector<std::int64_t> numbers;
  for (const auto& [file_store, store] : stores_)
    numbers.push_back(file_store);
  return numbers;
}

Stores open_stores(const std::optional<std::string>& local_store, Prune prune) {
  Stores stores;
  if (local_store)
    stores.add(1, std::make_unique<DirectoryStore>(*local_store, prune));
  return stores;
}

}  // namespace stores
