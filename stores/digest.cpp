#include "stores/digest.hpp"

#include <openssl/evp.h>
#include <openssl/sha.h>

#include <array>

namespace stores {

std::string hex_of(std::string_view bytes) {
  constexpr char digits[] = "0123456789abcdef";
  std::string hex;
  hex.reserve(2 * bytes.size());
  for (const char byte : bytes) {
    hex += digits[static_cast<unsigned char>(byte) >> 4];
    hex += digits[static_cast<unsigned char>(byte) & 15];
  }
  return hex;
}

std::string base64_of(std::string_view bytes) {
  std::string text((bytes.size() + 2) / 3 * 4 + 1, '\0');  // and a NUL
  EVP_EncodeBlock(reinterpret_cast<unsigned char*>(text.data()),
                  reinterpret_cast<const unsigned char*>(bytes.data()),
                  static_cast<int>(bytes.size()));
  text.pop_back();
  return text;
}

std::string sha256_hex(std::string_view bytes) {
  std::array<unsigned char, SHA256_DIGEST_LENGTH> sum{};
  SHA256(reinterpret_cast<const unsigned char*>(bytes.data()), bytes.size(),
         sum.data());
  return hex_of({reinterpret_cast<const char*>(sum.data()), sum.size()});
}

void Digest::Free::operator()(evp_md_ctx_st* context) const noexcept {
  EVP_MD_CTX_free(context);
}

Digest::Digest(const char* algorithm) : context_(EVP_MD_CTX_new()) {
  const EVP_MD* const known = EVP_get_digestbyname(algorithm);
  if (known == nullptr ||
      EVP_DigestInit_ex(context_.get(), known, nullptr) != 1)
    context_.reset();
}

Digest::~Digest() = default;

void Digest::update(std::string_view bytes) {
  if (context_)
    EVP_DigestUpdate(context_.get(), bytes.data(), bytes.size());
}

std::string Digest::bytes() {
  if (!context_)
    return {};
  std::array<unsigned char, EVP_MAX_MD_SIZE> sum{};
  unsigned length = 0;
  EVP_DigestFinal_ex(context_.get(), sum.data(), &length);
  return {reinterpret_cast<const char*>(sum.data()), length};
}

}  // namespace stores
