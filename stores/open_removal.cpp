#include "stores/open_removal.hpp"

#include <algorithm>
#include <numeric>
#include <utility>

namespace stores {

OpenRemoval::OpenRemoval(std::span<const ObjectKey> keys)
    : total_(keys.size()), keys_(keys), positions_(keys.size()) {
  std::iota(positions_.begin(), positions_.end(), std::size_t{0});
}

void OpenRemoval::take(const Removal& removal) {
  for (const std::size_t index : removal.absent)
    settled_.absent.push_back(positions_[index]);

  std::vector<ObjectKey> keys;
  std::vector<std::size_t> positions;
  reasons_.clear();
  for (const KeyReason& left : removal.left) {
    const std::size_t position = positions_[left.index];
    if (!left.may_pass) {
      settled_.left.push_back({position, left.reason});
      continue;
    }
    keys.push_back(keys_[left.index]);
    positions.push_back(position);
    reasons_.push_back(left.reason);
  }
  copies_ = std::move(keys);
  keys_ = copies_;
  positions_ = std::move(positions);
}

Removal OpenRemoval::result(const std::string& note) const {
  Removal result = settled_;
  for (std::size_t i = 0; i < reasons_.size(); ++i)
    result.left.push_back({positions_[i], reasons_[i] + note, true});
  std::ranges::sort(result.absent);
  std::ranges::sort(result.left, {}, &KeyReason::index);
  return result;
}

}  // namespace stores
