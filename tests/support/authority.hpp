#pragma once

#include <filesystem>
#include <string>

#include "tests/support/temporary_directory.hpp"

namespace tests {

/// A certificate authority of the test's own, made by openssl.
///
///     const tests::Authority authority;
///     const auto [certificate, key] =
///         authority.issue("DNS:db.gitlab.test,IP:127.0.0.1");
class Authority {
 public:
  struct Issued {
    std::filesystem::path certificate;
    std::filesystem::path key;  ///< of the user whom servers run as
  };

  /// \throws std::runtime_error with what openssl says.
  Authority();

  /// What a client has to trust.
  [[nodiscard]] std::string certificate() const {
    return (directory_.path() / "authority.crt").string();
  }
  /// A certificate that holds for two days.
  ///
  /// \param names as in openssl's subjectAltName
  [[nodiscard]] Issued issue(const std::string& names) const;

 private:
  TemporaryDirectory directory_;
};

}  // namespace tests
