#pragma once

#include <cstdint>
#include <string>
#include <type_traits>

#include "telemetry/timestamp.hpp"

namespace db {

/// Integers in network order, as PostgreSQL's binary format has them.
template <typename Integer>
void append_big_endian(std::string& bytes, Integer value) {
  const auto bits = static_cast<std::make_unsigned_t<Integer>>(value);
  for (int shift = 8 * (static_cast<int>(sizeof bits) - 1); shift >= 0;
       shift -= 8)
    bytes.push_back(static_cast<char>(bits >> shift));
}

/// \pre at least sizeof(Integer) bytes follow \a bytes.
template <typename Integer>
Integer read_big_endian(const char* bytes) {
  std::make_unsigned_t<Integer> bits = 0;
  for (std::size_t i = 0; i < sizeof bits; ++i)
    bits = static_cast<decltype(bits)>((sizeof bits > 1 ? bits << 8 : 0) |
                                       static_cast<unsigned char>(bytes[i]));
  return static_cast<Integer>(bits);
}

/// timestamptz on the wire: microseconds since 2000-01-01 UTC, the two ends of
/// the range standing for -infinity and infinity.
std::int64_t to_postgres(telemetry::Timestamp moment);
telemetry::Timestamp from_postgres(std::int64_t microseconds);

}  // namespace db
