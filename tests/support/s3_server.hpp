#pragma once

#include <sys/types.h>
#include <chrono>
#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace tests {

/// Where an S3 server is and who may use it.
struct S3Server {
  std::string endpoint;  ///< "http://127.0.0.1:20001"
  std::string access_key;
  std::string secret_key;
  std::string region;

  [[nodiscard]] int port() const;
  /// The same, reached through another port of 127.0.0.1: that of a TcpProxy.
  [[nodiscard]] S3Server at(int other_port) const;
};

/// The Ceph that tests/support/rgw started, asked through its first gateway.
/// \throws std::runtime_error if none was started.
S3Server rgw_server();
/// The Swift that tests/support/swift started; there is a colon in its key.
/// \throws std::runtime_error if none was started.
S3Server swift_server();

/// Run a verb of tests/support/rgw on that Ceph: {"suspend", "somebody"}.
/// \return what it printed.
/// \throws std::runtime_error
std::string run_rgw(std::vector<std::string> words);

class S3Connection;

/// A bucket of the test's own, which goes, with all that is in it, when the
/// object does.
///
///     tests::TestBucket bucket(tests::rgw_server());
///     bucket.put("a key", "bytes");
///     CHECK(bucket.get("a key") == "bytes");
///
/// Keys are of any bytes that the server takes.  What a test asks here is sent
/// and signed by libcurl, and so by none of the code that it tests.  All
/// methods throw std::runtime_error if the server answers with anything else
/// than they say.  For one thread at a time.
class TestBucket {
 public:
  explicit TestBucket(const S3Server& server);
  ~TestBucket();
  TestBucket(const TestBucket&) = delete;
  TestBucket& operator=(const TestBucket&) = delete;

  [[nodiscard]] const std::string& name() const { return name_; }

  void put(const std::string& key, const std::string& bytes = "bytes");
  /// By several connections at a time: 3,000 take about 3 s on Ceph.
  void put_many(const std::vector<std::string>& keys,
                const std::string& bytes = "bytes");
  std::optional<std::string> get(const std::string& key);
  /// By HEAD.
  bool holds(const std::string& key);
  void remove(const std::string& key);

  /// All keys that begin so, in the server's order.
  std::vector<std::string> keys(const std::string& prefix = "");
  std::size_t count(const std::string& prefix = "");

  /// Begin a multipart upload, and leave it open.
  /// \return its id
  std::string begin_upload(const std::string& key);
  /// The keys of the multipart uploads that are open, 1,000 at most.
  std::vector<std::string> list_uploads();

  /// Swift has no policies.
  void set_policy(const std::string& json);
  /// A policy that denies everybody this action ("s3:DeleteObject") on this
  /// key; the last one set is the only one.
  void deny(const std::string& action, const std::string& key);
  void set_versioning(bool on);

 private:
  using Clock = std::chrono::steady_clock;

  [[nodiscard]] std::string path(const std::string& key) const;
  /// Remove up to 1,000 of each kind of thing, or as many as there is time for.
  /// \return whether there was any.
  bool remove_some(Clock::time_point end);

  S3Server server_;
  std::string name_;
  std::unique_ptr<S3Connection> connection_;
  bool versioned_ = false;
};

/// One more gateway to the objects of rgw_server(), on a port of its own: what
/// is done to it disturbs no other test.  Ready after about half a second; the
/// destructor ends it.
///
///     tests::Gateway gateway({"rgw_max_concurrent_requests=1"});
///     tests::S3Server server = gateway.server();
///
/// It remembers nothing of users and buckets, and tells the other gateways
/// nothing: make buckets and set policies by rgw_server().
class Gateway {
 public:
  /// \param settings of ceph.conf, as "name=value"
  /// \param pem      a file with a certificate and its key; then it speaks TLS
  /// \throws std::runtime_error if it does not start.
  explicit Gateway(const std::vector<std::string>& settings = {},
                   const std::string& pem = "");
  ~Gateway();
  Gateway(const Gateway&) = delete;
  Gateway& operator=(const Gateway&) = delete;

  [[nodiscard]] const S3Server& server() const { return server_; }

  /// It hears nothing and says nothing until resume(); connections are made,
  /// by the kernel.
  void stop() const;
  void resume() const;
  /// As a power failure would; connections are refused from then on.
  void kill() const;

 private:
  std::string name_;
  S3Server server_;
  pid_t process_ = -1;
};

}  // namespace tests
