#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace tests {

/// Variables of this process's environment, set for as long as the object
/// lives; then they are what they were before.  Not while other threads run.
class ScopedEnvironment {
 public:
  /// Names and values.
  explicit ScopedEnvironment(
      const std::vector<std::pair<std::string, std::string>>& variables);
  ~ScopedEnvironment();
  ScopedEnvironment(const ScopedEnvironment&) = delete;
  ScopedEnvironment& operator=(const ScopedEnvironment&) = delete;

 private:
  std::vector<std::pair<std::string, std::optional<std::string>>> before_;
};

}  // namespace tests
