#pragma once

#include <memory>
#include <optional>
#include <span>
#include <string>

#include <sys/types.h>

#include "stores/beneath.hpp"
#include "stores/pruner.hpp"
#include "stores/store.hpp"

namespace stores {

class PartialFile;

/// Objects as files below a local directory.
///
/// The root is opened once and kept open: a file system that is unmounted or
/// mounted over during the run is never mistaken for an empty one.  The root
/// itself may be a symlink; below it none is ever followed, not even one that
/// is put there in the middle of a call.
///
/// look() takes one system call an object, remove() four, and prune() three for
/// a directory: together 1.5 times what unlink(2) and rmdir(2) alone take of
/// 50,000 objects in tmpfs.
///
/// put() makes the directories that are missing.  It writes to a file beside
/// the final name, ".job.log.0123456789abcdef.partial", and renames that; if it
/// fails, the directories stay.  A partial file that a crash left goes away
/// with the next put() of the same key.
///
/// Where a file lies in place of a directory of the key, nothing of ours can
/// be: remove() finds the object absent; look() can't tell this from an object
/// that is there.
class DirectoryStore : public Store {
 public:
  /// \param walk for tests; the best that works here if not given.
  /// \throws StoreError if the directory can't be opened.
  DirectoryStore(std::string root, Prune prune,
                 std::optional<Walk> walk = std::nullopt);

  Sight look(std::span<const ObjectKey> keys) override;
  std::optional<ObjectStatus> stat(const ObjectKey& key) override;
  Removal remove(std::span<const ObjectKey> keys) override;
  void put(const ObjectKey& key, const ByteSource& write) override;
  bool get(const ObjectKey& key, const ByteSink& sink) override;
  void prune(std::span<const ObjectKey> keys) override;
  std::optional<std::string> trouble() override;
  [[nodiscard]] std::string description() const override;

 private:
  struct Finding;

  [[nodiscard]] Finding look_at(const ObjectKey& key, std::string& path) const;
  [[nodiscard]] Finding remove_one(const ObjectKey& key) const;
  [[nodiscard]] std::unique_ptr<PartialFile> begin(const ObjectKey& key) const;
  /// \param done what is to be done to it, as in refuse().
  /// \return nothing if it is absent.
  [[nodiscard]] std::optional<Descriptor> open_object(const ObjectKey& key,
                                                      const char* done) const;
  [[nodiscard]] std::optional<std::string> root_gone() const;
  void require_root() const;

  std::string root_path_;
  Prune prune_;
  Descriptor root_;
  Walk walk_;
  Pruner pruner_;
};

}  // namespace stores
