#include "stores/dry_run_store.hpp"

#include "stores/reason.hpp"

#include <utility>

namespace stores {

DryRunStore::DryRunStore(std::unique_ptr<Store> inner)
    : inner_(std::move(inner)) {}

Sight DryRunStore::look(std::span<const ObjectKey> keys) {
  return inner_->look(keys);
}

std::optional<ObjectStatus> DryRunStore::stat(const ObjectKey& key) {
  return inner_->stat(key);
}

Removal DryRunStore::remove(std::span<const ObjectKey> keys) {
  Sight sight = inner_->look(keys);
  return {std::move(sight.absent), std::move(sight.poison)};
}

void DryRunStore::put(const ObjectKey& /*key*/, const ByteSource& /*write*/) {
  refuse("stored", "this is a dry run");
}

bool DryRunStore::get(const ObjectKey& key, const ByteSink& sink) {
  return inner_->get(key, sink);
}

void DryRunStore::prune(std::span<const ObjectKey> /*keys*/) {}

std::optional<std::string> DryRunStore::trouble() {
  return inner_->trouble();
}

std::vector<Remark> DryRunStore::remarks() {
  return inner_->remarks();
}

std::size_t DryRunStore::keys_a_request() const {
  return inner_->keys_a_request();
}

bool DryRunStore::is_down() const {
  return inner_->is_down();
}

std::string DryRunStore::description() const {
  return inner_->description();
}

}  // namespace stores
