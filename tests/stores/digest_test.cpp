#include "stores/digest.hpp"

#include <catch2/catch.hpp>

#include <string>

namespace {

std::string hex_digest(const char* algorithm, std::string_view bytes) {
  stores::Digest digest(algorithm);
  digest.update(bytes);
  return digest.hex();
}

}  // namespace

TEST_CASE("SHA-256 is that of the standard", "[unit]") {
  CHECK(hex_digest("SHA256", "") ==
        "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  CHECK(hex_digest("SHA256", "abc") ==
        "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  CHECK(hex_digest("SHA256", std::string(1'000'000, 'a')) ==
        "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
}

TEST_CASE("MD5 is that of the standard", "[unit]") {
  CHECK(hex_digest("MD5", "") == "d41d8cd98f00b204e9800998ecf8427e");
  CHECK(hex_digest("MD5", "abc") == "900150983cd24fb0d6963f7d28e17f72");
  CHECK(hex_digest("MD5", "message digest") ==
        "f96b697d7cb7938d525a2f31aaf161d0");
}

TEST_CASE("bytes in pieces have the digest of the whole", "[unit]") {
  const std::string bytes("one\0two\xffthree", 13);
  for (std::size_t cut = 0; cut <= bytes.size(); ++cut) {
    stores::Digest digest("SHA256");
    digest.update(std::string_view(bytes).substr(0, cut));
    digest.update("");
    digest.update(std::string_view(bytes).substr(cut));
    CHECK(digest.hex() == hex_digest("SHA256", bytes));
  }
}

TEST_CASE("an algorithm that is not to be had gives no digest", "[unit]") {
  CHECK(hex_digest("no such algorithm", "abc").empty());
}
