#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "stores/store.hpp"
#include "telemetry/durations.hpp"

namespace stores {

class S3Client;

/// The stores of an installation, by GitLab's file_store: 1 is local, 2 object
/// storage.  A store that is not configured is not there.
class Stores {
 public:
  void add(std::int64_t file_store, std::unique_ptr<Store> store) {
    stores_[file_store] = std::move(store);
  }
  void add_chunks(std::unique_ptr<Store> store) { chunks_ = std::move(store); }

  /// \return null if that store is not configured.
  [[nodiscard]] Store* find(std::int64_t file_store) const {
    const auto found = stores_.find(file_store);
    return found == stores_.end() ? nullptr : found->second.get();
  }

  /// Where live trace chunks of data_store 3 are: the bucket of file_store 2
  /// without its prefix (E20 to E26: GitLab does not apply bucket_prefix to
  /// them), or null.
  [[nodiscard]] Store* chunks() const { return chunks_.get(); }

  [[nodiscard]] std::vector<std::int64_t> configured() const;

 private:
  std::map<std::int64_t, std::unique_ptr<Store>> stores_;
  std::unique_ptr<Store> chunks_;
};

/// What people say of a bucket.  What is not given comes from GitLab's settings
/// where those are given, then from AWS_REGION (or AWS_DEFAULT_REGION) and
/// AWS_ENDPOINT_URL_S3 (or AWS_ENDPOINT_URL), then from AWS.
struct ObjectStoreSettings {
  std::string url;  ///< s3://BUCKET[/PREFIX]
  std::optional<std::string> endpoint;
  std::optional<std::string> region;
  bool path_style = false;
  std::optional<std::string> config_file;
  telemetry::Durations* times = nullptr;  ///< takes what requests took
};

/// What is to be opened, and how it is worked on.
struct StoreSettings {
  std::optional<std::string> local_directory;
  Prune prune = Prune::leaf;
  std::optional<ObjectStoreSettings> object_store;
  std::size_t width = 1;    ///< requests under way to one store, at most
  bool only_plans = false;  ///< nothing may be changed
};

/// Whoever speaks to that bucket, without regard to its prefix.
///
/// \throws StoreError if the settings make no sense, or a file of them can't be
///         read.
std::shared_ptr<S3Client> connect(const ObjectStoreSettings& settings);

/// \param stop once true, nobody is kept waiting for a store any more; outlives
///        the stores.
/// \throws StoreError if a store that was named can't be opened.
Stores open_stores(const StoreSettings& settings,
                   const std::atomic<bool>& stop);

}  // namespace stores
