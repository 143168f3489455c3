#pragma once

#include <algorithm>
#include <cstdint>
#include <vector>

namespace db {

/// Rows of a table that may be partitioned: their ids, and the partition_ids
/// among which they are, each once, so that other partitions are not looked at.
/// Where rows have no partition_id, 0 stands for it, and nobody asks.
struct Located {
  std::vector<std::int64_t> ids;
  std::vector<std::int64_t> partitions;

  void add(std::int64_t id, std::int64_t partition) {
    ids.push_back(id);
    if (std::ranges::find(partitions, partition) == partitions.end())
      partitions.push_back(partition);
  }
};

}  // namespace db
