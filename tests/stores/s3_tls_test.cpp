#include "tests/stores/put_suite.hpp"
#include "tests/stores/s3_subject.hpp"
#include "tests/support/free_port.hpp"
#include "tests/support/program.hpp"
#include "tests/support/scoped_environment.hpp"
#include "tests/support/temporary_directory.hpp"

#include <catch2/catch.hpp>

#include <filesystem>
#include <stdexcept>
#include <thread>

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

stores::S3Store store_by_tls(const tests::TestBucket& bucket, int port) {
  stores::S3Account account =
      tests::account_at(tests::rgw_server(), bucket.name());
  account.endpoint = {"https", "127.0.0.1:" + std::to_string(port), true};
  return stores::S3Store(std::make_shared<stores::S3Client>(account));
}

/// What speaks HTTP/2 in front of Ceph, which does not.
class Http2Front {
 public:
  explicit Http2Front(const std::string& pem)
      : nghttpx_({"/usr/sbin/nghttpx", "--workers=1", "--no-ocsp",
                  "--backend=127.0.0.1," +
                      std::to_string(tests::rgw_server().port()),
                  "--frontend=127.0.0.1," + std::to_string(port_),
                  "--accesslog-format=$alpn",
                  "--accesslog-file=" + log().string(), pem, pem + ".cert"}) {}

  [[nodiscard]] int port() const { return port_; }
  /// The protocol of each request so far, a line each.
  [[nodiscard]] std::string protocols() const {
    return tests::read_file(log());
  }

 private:
  [[nodiscard]] std::filesystem::path log() const {
    return directory_.path() / "access.log";
  }

  tests::TemporaryDirectory directory_;
  int port_ = tests::free_port();
  tests::Program nghttpx_;
};

/// Until it listens.
std::optional<std::string> trouble_at_last(stores::Store& store) {
  for (int tries = 0; tries < 100; ++tries)
    try {
      return store.trouble();
    } catch (const stores::StoreUnreachable&) {
      std::this_thread::sleep_for(std::chrono::milliseconds{50});
    }
  return "it does not start";
}

}  // namespace

TEST_CASE("a server must show a certificate that is trusted", "[s3]") {
  const tests::TemporaryDirectory directory;
  const std::string pem = make_certificate(directory);
  const tests::Gateway gateway({}, pem);
  tests::TestBucket bucket(tests::rgw_server());
  stores::S3Store store = store_by_tls(bucket, gateway.server().port());
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

TEST_CASE("where a server speaks HTTP/2, so do we", "[s3]") {
  const tests::TemporaryDirectory directory;
  const std::string pem = make_certificate(directory);
  const tests::ScopedEnvironment trusted({{"AWS_CA_BUNDLE", pem + ".cert"}});
  const Http2Front front(pem);
  tests::TestBucket bucket(tests::rgw_server());
  stores::S3Store store = store_by_tls(bucket, front.port());
  REQUIRE(trouble_at_last(store) == std::nullopt);

  const std::string bytes = tests::some_bytes(3'000'000);
  const stores::ObjectKey key{"d", "f"};
  store.put(key, tests::in_pieces(bytes));
  CHECK((tests::read_object(store, key) == bytes));
  CHECK(store.remove({&key, 1}).left.empty());
  CHECK_FALSE(bucket.holds("d/f"));
  CHECK(front.protocols() == "h2\nh2\nh2\nh2\n");
}
