#pragma once

#include <memory>
#include <string>
#include <string_view>

struct evp_md_ctx_st;

namespace stores {

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
  /// The sum in lower-case hex, or nothing where the algorithm is forbidden;
  /// to be asked for once, after the last update().
  [[nodiscard]] std::string hex();

 private:
  struct Free {
    void operator()(evp_md_ctx_st* context) const noexcept;
  };
  std::unique_ptr<evp_md_ctx_st, Free> context_;  ///< null: forbidden
};

}  // namespace stores
