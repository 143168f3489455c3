#pragma once

#include <memory>
#include <vector>

#include "stores/store_decorator.hpp"

namespace stores {

/// A store that is looked at, and never changed: for `plan`.
class DryRunStore : public StoreDecorator {
 public:
  explicit DryRunStore(std::unique_ptr<Store> inner);

  /// Removes nothing, and says what would become of the keys as far as a look
  /// tells: what is poison would be left.
  Removal remove(std::span<const ObjectKey> keys) override;

  /// \throws ObjectError always, and \a write is not called.
  void put(const ObjectKey& key, const ByteSource& write) override;

  /// Does nothing.
  void prune(std::span<const ObjectKey> keys) override;
};

}  // namespace stores
