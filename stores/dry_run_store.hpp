#pragma once

#include <memory>
#include <vector>

#include "stores/store.hpp"

namespace stores {

/// A store that is looked at, and never changed: for `plan`.
class DryRunStore : public Store {
 public:
  explicit DryRunStore(std::unique_ptr<Store> inner);

  Sight look(std::span<const ObjectKey> keys) override;
  std::optional<ObjectStatus> stat(const ObjectKey& key) override;

  /// Removes nothing, and says what would become of the keys as far as a look
  /// tells: what is poison would be left.
  Removal remove(std::span<const ObjectKey> keys) override;

  /// \throws ObjectError always, and \a write is not called.
  void put(const ObjectKey& key, const ByteSource& write) override;

  bool get(const ObjectKey& key, const ByteSink& sink) override;

  /// Does nothing.
  void prune(std::span<const ObjectKey> keys) override;

  std::optional<std::string> trouble() override;
  std::vector<Remark> remarks() override;
  [[nodiscard]] std::size_t keys_a_request() const override;
  [[nodiscard]] bool is_down() const override;
  [[nodiscard]] std::string description() const override;

 private:
  const std::unique_ptr<Store> inner_;
};

}  // namespace stores
