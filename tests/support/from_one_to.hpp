#pragma once

#include <cstdint>
#include <numeric>
#include <vector>

namespace tests {

/// 1, 2, … \a last.
inline std::vector<std::int64_t> from_one_to(std::int64_t last) {
  std::vector<std::int64_t> numbers(static_cast<std::size_t>(last));
  std::iota(numbers.begin(), numbers.end(), 1);
  return numbers;
}

}  // namespace tests
