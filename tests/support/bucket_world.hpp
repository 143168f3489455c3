#pragma once

#include <optional>
#include <string>
#include <vector>

#include "tests/support/s3_server.hpp"
#include "tests/support/scoped_environment.hpp"
#include "tests/support/world.hpp"

namespace tests {

/// A World whose objects of file_store 2 are in a bucket of a real server,
/// below the prefix "gitlab".
class BucketWorld : public World {
 public:
  explicit BucketWorld(const S3Server& server = rgw_server());

  /// Artifacts of file_store 2 that every run destroys.
  MadeArtifact add_remote(int count = 1);
  /// One that is not expired, for the sample.
  MadeArtifact add_live_remote();

  /// Reach the bucket through another port or gateway.
  void go_through(const S3Server& server);
  /// As whom the program asks, from now on.
  void log_in(const std::string& access_key, const std::string& secret_key);

  /// The words that run the program on this world, as JSON.
  [[nodiscard]] std::vector<std::string> command(
      const std::string& verb, const std::vector<std::string>& more = {}) const;

  TestBucket bucket;

 private:
  void put_object(const std::string& file_store,
                  const std::string& path) override;
  bool object_exists(const std::string& file_store,
                     const std::string& path) override;

  std::string endpoint_;
  std::optional<ScopedEnvironment> keys_;
};

}  // namespace tests
