#include "stores/dry_run_store.hpp"

#include "stores/reason.hpp"

#include <utility>

namespace stores {

DryRunStore::DryRunStore(std::unique_ptr<Store> inner)
    : StoreDecorator(std::move(inner)) {}

Removal DryRunStore::remove(std::span<const ObjectKey> keys) {
  Sight sight = inner_->look(keys);
  return {std::move(sight.absent), std::move(sight.poison)};
}

void DryRunStore::put(const ObjectKey& /*key*/, const ByteSource& /*write*/) {
  refuse("stored", "this is a dry run");
}

void DryRunStore::prune(std::span<const ObjectKey> /*keys*/) {}

}  // namespace stores
