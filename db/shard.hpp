#pragma once

#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

namespace db {

/// One of `count` equal shares of all ids.  Every id is in exactly one.
struct Shard {
  std::int64_t count = 1;
  std::int64_t index = 0;

  [[nodiscard]] bool takes(std::int64_t id) const;
};

// One step of a multiplicative generator modulo the prime 2^31 - 1: ids that
// are close, or that differ by a power of two, come to lie anywhere.  It needs
// nothing but bigint, so that SQL says the same; and it is not the hash by
// which projects get their lanes (jobs/batch_source.hpp), or a share of one in
// four would leave four workers one lane.
inline constexpr std::int64_t shard_prime = 2147483647;
inline constexpr std::int64_t shard_factor = 1583458089;

inline bool Shard::takes(std::int64_t id) const {
  return count == 1 ||
         std::abs(id % shard_prime) * shard_factor % shard_prime % count ==
             index;
}

/// The same as SQL.
/// \param count, index the parameters that hold them: "$6", "$7"
inline std::string in_shard(std::string_view id, const std::string& count,
                            const std::string& index) {
  return "(" + count + "::bigint = 1 OR abs(" + std::string(id) +
         "::bigint % 2147483647) * 1583458089::bigint % 2147483647 % " + count +
         "::bigint = " + index + "::bigint)";
}

}  // namespace db
