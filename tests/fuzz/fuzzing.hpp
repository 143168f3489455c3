#pragma once

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>

#include "tests/support/hostile.hpp"

namespace fuzz {

/// A finding: end the process, as libFuzzer expects it.
[[noreturn]] inline void found(const std::string& what) {
  std::fprintf(stderr, "FOUND: %s\n", what.c_str());
  std::abort();
}

inline void must(bool holds, const char* what) {
  if (!holds)
    found(what);
}

/// It is one line, and commands no terminal.
inline void must_be_harmless(const std::string& message) {
  must(message.find('\n') == std::string::npos, "a message of several lines");
  if (const std::string command = tests::command_in(message); !command.empty())
    found("a message with a command in it " + command);
}

/// What no message may repeat: seeds have it where a secret stands.
constexpr std::string_view secret = "Zq7xSECRETx7qZ";

inline void must_keep_secret(const std::string& message) {
  must(message.find(secret) == std::string::npos, "a message with a secret");
}

/// Takes the bytes of an input apart.
class Input {
 public:
  explicit Input(std::string_view bytes) : bytes_(bytes) {}

  [[nodiscard]] bool is_empty() const { return bytes_.empty(); }
  [[nodiscard]] std::string_view rest() const { return bytes_; }

  /// Up to a record separator (0x1e), which is taken too, or to the end.
  std::string_view field() { return up_to('\x1e'); }

  std::string_view up_to(char end) {
    const std::size_t size = bytes_.find(end);
    const std::string_view taken = bytes_.substr(0, size);
    bytes_.remove_prefix(size == bytes_.npos ? bytes_.size() : size + 1);
    return taken;
  }

  /// 0 at the end.
  std::uint8_t byte() {
    if (bytes_.empty())
      return 0;
    const auto taken = static_cast<std::uint8_t>(bytes_.front());
    bytes_.remove_prefix(1);
    return taken;
  }

  /// Of its bytes in the order of a network, as many as there are.
  std::int64_t number(int bytes = 8) {
    std::uint64_t bits = 0;
    for (int i = 0; i < bytes; ++i)
      bits = bits << 8U | byte();
    const int unused = 64 - 8 * bytes;
    return static_cast<std::int64_t>(bits << unused) >> unused;
  }

 private:
  std::string_view bytes_;
};

}  // namespace fuzz
