#pragma once

#include <atomic>
#include <cstdint>
#include <string>
#include <string_view>

#include "stores/object_key.hpp"
#include "stores/open_stores.hpp"

namespace jobs {

/// A bucket that is being filled with objects.  It only ever creates: what is
/// there already is an error.
///
/// put() and put_chunk() may be called from several threads at once.
class SeedBucket {
 public:
  /// \throws stores::StoreError if it can't be asked, or holds anything below
  ///         the prefix, or live traces.
  explicit SeedBucket(const stores::ObjectStoreSettings& settings);

  /// Store an object of \a size bytes that tell its key.
  /// \throws stores::StoreError
  void put(const stores::ObjectKey& key, std::int64_t size);

  /// Store a chunk of a live trace, for which the prefix does not count.
  /// \throws stores::StoreError
  void put_chunk(std::int64_t build_id, std::int64_t index,
                 std::string_view bytes);

  [[nodiscard]] std::int64_t objects() const { return objects_; }
  [[nodiscard]] std::int64_t bytes() const { return bytes_; }

 private:
  void store(stores::Store& store, const stores::ObjectKey& key,
             std::string_view bytes);

  const std::atomic<bool> never_stop_{false};
  const stores::Stores stores_;
  std::atomic<std::int64_t> objects_{0};
  std::atomic<std::int64_t> bytes_{0};
};

}  // namespace jobs
