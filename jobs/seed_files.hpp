#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "stores/object_key.hpp"

namespace jobs {

/// How many threads store objects.  Creating a file is waiting, for the
/// directory's lock and for the journal, and so is a request: they are more
/// than a small machine has cores.
inline constexpr std::size_t seed_writers = 4;

/// So many bytes, which tell the key.
std::string object_content(const stores::ObjectKey& key, std::int64_t size);

/// A directory that is being filled with objects.  It only ever creates: what
/// is there already is an error.
///
/// put() and its like may be called from several threads at once.
class SeedFiles {
 public:
  /// Make the directory if it is missing.
  ///
  /// \throws stores::StoreError if it can't be made or is not empty.
  explicit SeedFiles(const std::string& directory);
  ~SeedFiles();
  SeedFiles(const SeedFiles&) = delete;
  SeedFiles& operator=(const SeedFiles&) = delete;

  /// Write an object of \a size bytes that tell its key.
  /// \throws stores::StoreError
  void put(const stores::ObjectKey& key, std::int64_t size);

  /// As put(), but the object lies behind a symlink: the key's directory is
  /// one.
  void put_behind_symlink(const stores::ObjectKey& key, std::int64_t size);

  /// Make what a poison file name would lead astray from: its directory, and
  /// the file itself where the name is a path that leads down.
  void put_poison(const stores::ObjectKey& key);

  [[nodiscard]] std::int64_t files() const { return files_; }
  [[nodiscard]] std::int64_t bytes() const { return bytes_; }

 private:
  void make_directory(const std::string& path) const;
  void write(const std::string& path, std::string_view content);
  [[noreturn]] void fail(const std::string& what, int error) const;

  std::string directory_;
  int root_ = -1;
  std::atomic<std::int64_t> files_{0};
  std::atomic<std::int64_t> bytes_{0};
};

}  // namespace jobs
