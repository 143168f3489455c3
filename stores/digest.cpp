#include "stores/digest.hpp"

#include <fmt/format.h>
#include <openssl/evp.h>

#include <array>

namespace stores {

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

std::string Digest::hex() {
  if (!context_)
    return {};
  std::array<unsigned char, EVP_MAX_MD_SIZE> sum{};
  unsigned length = 0;
  EVP_DigestFinal_ex(context_.get(), sum.data(), &length);
  return fmt::format("{:02x}",
                     fmt::join(sum.begin(), sum.begin() + length, ""));
}

}  // namespace stores
