#pragma once

#include <memory>
#include <utility>

#include "stores/store.hpp"

namespace stores {

/// A store around another one, which does all that is not overridden.
class StoreDecorator : public Store {
 public:
  Sight look(std::span<const ObjectKey> keys) override {
    return inner_->look(keys);
  }
  std::optional<ObjectStatus> stat(const ObjectKey& key) override {
    return inner_->stat(key);
  }
  Removal remove(std::span<const ObjectKey> keys) override {
    return inner_->remove(keys);
  }
  void put(const ObjectKey& key, const ByteSource& write) override {
    inner_->put(key, write);
  }
  bool get(const ObjectKey& key, const ByteSink& sink) override {
    return inner_->get(key, sink);
  }
  void prune(std::span<const ObjectKey> keys) override { inner_->prune(keys); }
  std::optional<std::string> trouble() override { return inner_->trouble(); }
  std::vector<Remark> remarks() override { return inner_->remarks(); }
  [[nodiscard]] std::size_t keys_a_request() const override {
    return inner_->keys_a_request();
  }
  [[nodiscard]] bool is_down() const override { return inner_->is_down(); }
  [[nodiscard]] std::string description() const override {
    return inner_->description();
  }

 protected:
  explicit StoreDecorator(std::unique_ptr<Store> inner)
      : inner_(std::move(inner)) {}

  const std::unique_ptr<Store> inner_;
};

}  // namespace stores
