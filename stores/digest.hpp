#pragma once

#include <memory>
#include <string>
#include <string_view>

struct evp_md_ctx_st;

namespace stores {

/// Bytes as lower-case hex digits.
std::string hex_of(std::string_view bytes);

/// Bytes as Base64 (RFC 4648), padded, in one line.
std::string base64_of(std::string_view bytes);

/// The SHA-256 of bytes that are all there, in lower-case hex.
std::string sha256_hex(std::string_view bytes);

/// A checksum of bytes that come in pieces.  To be used from one thread at a
/// time.
class Digest {
 public:
  /// \param algorithm "SHA256" or "MD5", as OpenSSL names it.  One that is
  ///        forbidden here (MD5 under FIPS) gives no hex.
  explicit Digest(const char* algorithm);
  ~Digest();
  Digest(const Digest&) = delete;
  Digest& operator=(const Digest&) = delete;

  void update(std::string_view bytes);
  /// The sum as it is, or nothing where the algorithm is forbidden; to be asked
  /// for once, after the last update().
  [[nodiscard]] std::string bytes();
  /// The same in lower-case hex.
  [[nodiscard]] std::string hex() { return hex_of(bytes()); }

 private:
  struct Free {
    void operator()(evp_md_ctx_st* context) const noexcept;
  };
  std::unique_ptr<evp_md_ctx_st, Free> context_;  ///< null: forbidden
};

}  // namespace stores
