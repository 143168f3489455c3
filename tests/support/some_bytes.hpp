#pragma once

#include <cstddef>
#include <random>
#include <string>

namespace tests {

/// \a length bytes that differ from place to place, the same for a \a seed.
inline std::string some_bytes(std::size_t length, unsigned seed = 1) {
  std::minstd_rand random(seed);
  std::string bytes(length, '\0');
  for (char& byte : bytes)
    byte = static_cast<char>(random() >> 8U);
  return bytes;
}

}  // namespace tests
