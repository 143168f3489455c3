#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <vector>

#include "stores/store.hpp"

namespace stores {

/// A removal that takes several tries: which keys are still open, and what has
/// become of the others.
class OpenRemoval {
 public:
  /// \param keys outlive it.
  explicit OpenRemoval(std::span<const ObjectKey> keys);

  /// What to ask for in the next try.
  [[nodiscard]] std::span<const ObjectKey> keys() const { return keys_; }

  /// What became of keys().  Those left that may pass stay open.
  void take(const Removal& removal);

  /// How many keys it began with.
  [[nodiscard]] std::size_t total() const { return total_; }

  [[nodiscard]] bool is_over() const { return keys_.empty(); }
  /// Something is known of at least one key.
  [[nodiscard]] bool has_settled() const { return keys_.size() < total_; }

  /// Why the first of those that are open is.
  ///
  /// \pre a try was taken, and it is not over.
  [[nodiscard]] const std::string& reason() const { return reasons_.front(); }

  /// All of it, by the positions in the keys that it began with; what is open
  /// is left, and may pass.
  ///
  /// \param note is added to each reason of what is open.
  [[nodiscard]] Removal result(const std::string& note) const;

 private:
  const std::size_t total_;
  std::span<const ObjectKey> keys_;
  std::vector<ObjectKey> copies_;       ///< of keys_, from the second try on
  std::vector<std::size_t> positions_;  ///< of keys_ among those given
  std::vector<std::string> reasons_;    ///< of keys_, from the second try on
  Removal settled_;
};

}  // namespace stores
