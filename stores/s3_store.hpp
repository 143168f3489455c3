#pragma once

#include <memory>
#include <string>

#include "stores/s3_remover.hpp"
#include "stores/s3_upload.hpp"
#include "stores/store.hpp"

namespace stores {

/// Objects in a bucket of a server that speaks S3.
///
/// A key in the bucket is PREFIX/directory/file; it has at most 1,024 bytes.
/// The bucket and the prefix are never taken from a row, and nothing is ever
/// listed or removed by a prefix.  look() asks nobody, and neither it nor
/// remove() says what was absent: DeleteObjects does not tell.  Each method
/// asks once; RetryingStore asks again.
///
/// The requests are those of AWS's API reference, version 2006-03-01, and the
/// tests hold them against Ceph RGW and OpenStack Swift.
class S3Store : public Store {
 public:
  /// \param client may serve other prefixes too.
  explicit S3Store(std::shared_ptr<S3Client> client, std::string prefix = "",
                   S3Sizes sizes = {});

  Sight look(std::span<const ObjectKey> keys) override;
  std::optional<ObjectStatus> stat(const ObjectKey& key) override;
  Removal remove(std::span<const ObjectKey> keys) override;
  void put(const ObjectKey& key, const ByteSource& write) override;
  bool get(const ObjectKey& key, const ByteSink& sink) override;
  void prune(std::span<const ObjectKey>) override {}
  std::optional<std::string> trouble() override;
  std::vector<Remark> remarks() override;
  [[nodiscard]] std::size_t keys_a_request() const override;
  [[nodiscard]] std::string description() const override;

 private:
  [[nodiscard]] std::string full_key(const ObjectKey& key) const;
  [[nodiscard]] std::optional<std::string> refusal(const ObjectKey& key) const;
  [[nodiscard]] std::string safe_key(const ObjectKey& key,
                                     const std::string& done) const;
  bool keeps_versions();

  std::shared_ptr<S3Client> client_;
  std::string prefix_;  ///< with a slash at its end, or empty
  S3Sizes sizes_;
  S3Remover remover_;
};

}  // namespace stores
