#pragma once

#include <atomic>
#include <cstddef>
#include <exception>
#include <span>
#include <string>

#include "stores/s3_client.hpp"
#include "stores/store.hpp"

namespace stores {

/// Removes objects of a bucket: up to 1,000 by one request (DeleteObjects), or
/// one by one where the server does not know that request or wants a checksum
/// that we don't have, or XML can't carry a key.  What the server was found to
/// take is remembered.  May be used from several threads at once.
class S3Remover {
 public:
  explicit S3Remover(S3Client& client) : client_(client) {}

  /// \param keys as they stand in the bucket, none of them poison.
  /// \return what became of them; of those that are absent, only what the
  ///         server says.  What it refused for now is left, and may pass.
  /// \throws StoreUnreachable if that is true of all of them for the same
  ///         reason, the server's as a whole; StoreError if it refuses us.
  Removal remove(std::span<const std::string> keys);

  /// 1,000, or 1 where the server takes them singly.
  [[nodiscard]] std::size_t keys_a_request() const;

 private:
  /// What a request for many keys is protected by.  Each server insists on one
  /// at most, and MD5 is what all have taken since 2011; it is missing here
  /// under FIPS.
  enum class Way { md5, sha256, singly };
  struct Work;
  using Indexes = std::span<const std::size_t>;

  void remove_together(Work& work, Indexes indexes);
  HttpAnswer ask_for(Way way, std::span<const std::string> keys);
  bool take_answer(Work& work, Indexes indexes, const std::string& body);
  bool take_error(Work& work, Indexes indexes, Way way, const S3Error& error);
  void remove_singly(Work& work, Indexes indexes);
  void remove_one(Work& work, std::size_t index);
  void give_up(Way way);

  S3Client& client_;
  std::atomic<Way> way_{Way::md5};
};

}  // namespace stores
