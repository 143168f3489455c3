#include "tests/stores/s3_subject.hpp"
#include "tests/support/program.hpp"
#include "tests/support/scoped_environment.hpp"
#include "tests/support/temporary_directory.hpp"

#include <catch2/catch.hpp>

#include <stdexcept>

namespace {

/// A certificate for 127.0.0.1 that nobody signed but itself, and its key, in
/// one file.
std::string make_certificate(const tests::TemporaryDirectory& directory) {
  const std::string pem = directory.path() / "server.pem";
  const tests::Ended made = tests::run_program(
      {"/usr/bin/openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes",
       "-days", "2", "-subj", "/CN=127.0.0.1", "-addext",
       "subjectAltName=IP:127.0.0.1", "-keyout", pem, "-out", pem + ".cert"});
  if (made.status != 0)
    throw std::runtime_error("no certificate was made: " + made.err);
  directory.write("server.pem",
                  tests::read_file(pem) + tests::read_file(pem + ".cert"));
  return pem;
}

}  // namespace

TEST_CASE("a server must show a certificate that is trusted", "[s3]") {
  const tests::TemporaryDirectory directory;
  const std::string pem = make_certificate(directory);
  const tests::Gateway gateway({}, pem);
  const std::string host =
      "127.0.0.1:" + std::to_string(gateway.server().port());
  tests::TestBucket bucket(tests::rgw_server());
  stores::S3Account account =
      tests::account_at(tests::rgw_server(), bucket.name());
  account.endpoint = {"https", host, true};
  stores::S3Store store(std::make_shared<stores::S3Client>(account));
  const stores::ObjectKey key{"d", "f"};
  bucket.put("d/f");

  const auto trouble = store.trouble();
  REQUIRE(trouble);
  CHECK(trouble->find("certificate that is not trusted") != std::string::npos);
  CHECK(trouble->find("set AWS_CA_BUNDLE") != std::string::npos);
  CHECK(bucket.holds("d/f"));

  const tests::ScopedEnvironment trusted({{"AWS_CA_BUNDLE", pem + ".cert"}});
  CHECK(store.trouble() == std::nullopt);
  CHECK(store.stat(key)->size == 5);
  CHECK(store.remove({&key, 1}).left.empty());
  CHECK_FALSE(bucket.holds("d/f"));
}
