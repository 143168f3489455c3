#pragma once

#include <algorithm>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "stores/s3_store.hpp"
#include "tests/stores/store_subject.hpp"
#include "tests/support/s3_server.hpp"

namespace tests {

/// Short enough for a test to wait for.
inline const stores::HttpPatience short_patience{
    .connect = std::chrono::milliseconds{2000},
    .silence = std::chrono::milliseconds{2000},
    .whole = std::chrono::milliseconds{10'000}};

inline stores::S3Account account_at(const S3Server& server, std::string bucket,
                                    stores::HttpPatience patience = {}) {
  return {.bucket = std::move(bucket),
          .endpoint = {"http", server.endpoint.substr(7), true},
          .region = server.region,
          .credentials = std::make_shared<stores::CredentialLender>(
              stores::fixed_credentials(
                  {server.access_key, server.secret_key, ""}, "the test")),
          .patience = patience};
}

/// A store in a fresh bucket of a real server.
class S3Subject : public StoreSubject {
 public:
  using Wrap =
      std::unique_ptr<stores::Store> (*)(std::unique_ptr<stores::Store>);

  /// \param wrap puts decorators around it.
  explicit S3Subject(const S3Server& server, std::size_t many = 3000,
                     std::string prefix = "a/prefix", Wrap wrap = nullptr)
      : bucket_(server),
        prefix_(std::move(prefix)),
        many_(many),
        is_swift_(server.access_key.find(':') != std::string::npos) {
    store_ = std::make_unique<stores::S3Store>(
        std::make_shared<stores::S3Client>(account_at(server, bucket_.name())),
        prefix_);
    if (wrap != nullptr)
      store_ = wrap(std::move(store_));
  }

  stores::Store& store() override { return *store_; }
  void put(const stores::ObjectKey& key) override { bucket_.put(full(key)); }
  void put_many(const std::vector<stores::ObjectKey>& keys) override {
    std::vector<std::string> all;
    for (const stores::ObjectKey& key : keys)
      all.push_back(full(key));
    bucket_.put_many(all);
  }
  bool holds(const stores::ObjectKey& key) override {
    return bucket_.holds(full(key));
  }
  /// By a listing: to ask for each of 3,000 takes longer than all the rest.
  std::ptrdiff_t count(const std::vector<stores::ObjectKey>& keys) override {
    const auto listed = bucket_.keys();
    const std::set<std::string> there(listed.begin(), listed.end());
    return std::count_if(keys.begin(), keys.end(), [&](const auto& key) {
      return there.contains(full(key));
    });
  }
  [[nodiscard]] bool tells_absent() const override { return false; }
  [[nodiscard]] bool takes_any_byte() const override { return false; }
  [[nodiscard]] bool replaces_at_once() const override { return !is_swift_; }
  [[nodiscard]] std::size_t many() const override { return many_; }

  TestBucket& bucket() { return bucket_; }
  [[nodiscard]] std::string full(const stores::ObjectKey& key) const {
    return prefix_.empty() ? key.path() : prefix_ + '/' + key.path();
  }

 private:
  TestBucket bucket_;
  std::string prefix_;
  std::size_t many_;
  bool is_swift_;  ///< its keys are ACCOUNT:USER
  std::unique_ptr<stores::Store> store_;
};

}  // namespace tests
