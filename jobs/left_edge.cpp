#include "jobs/left_edge.hpp"

#include <algorithm>
#include <iterator>
#include <utility>

namespace jobs {

void LeftEdge::hold_back(std::vector<db::Artifact>& rows) {
  const std::size_t passed = std::min(before_, rows.size());
  const std::size_t taken =
      std::min(most_ - rows_.size(), rows.size() - passed);
  before_ -= passed;
  const auto begin = rows.begin() + static_cast<std::ptrdiff_t>(passed);
  const auto end = begin + static_cast<std::ptrdiff_t>(taken);
  std::move(begin, end, std::back_inserter(rows_));
  rows.erase(begin, end);
}

std::vector<db::Artifact> LeftEdge::give_back() {
  most_ = 0;
  return std::exchange(rows_, {});
}

}  // namespace jobs
