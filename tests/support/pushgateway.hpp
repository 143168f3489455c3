#pragma once

#include <optional>
#include <string>

#include "tests/support/program.hpp"

namespace tests {

/// A Prometheus Pushgateway of the test's own, which keeps nothing on disk.
/// The destructor kills it.
class Pushgateway {
 public:
  /// \throws std::runtime_error if it does not start within ten seconds.
  Pushgateway();

  [[nodiscard]] std::string url() const;
  /// All that it would tell Prometheus.
  [[nodiscard]] std::string metrics() const;

 private:
  int port_;
  std::optional<Program> process_;
};

}  // namespace tests
