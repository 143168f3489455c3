#pragma once

#include <cstdint>
#include <ctime>
#include <mutex>
#include <string>
#include <unordered_map>

#include <sys/stat.h>

#include "stores/beneath.hpp"

namespace stores {

/// When directories were last changed by somebody else.
///
/// Our own removals make every directory above them look fresh.  So after a
/// change of ours we keep the time that stood there before, together with the
/// time our change left: as long as a directory still shows exactly the latter,
/// nobody else has been there since.
///
/// Two generations of 32,768 directories at most (about 5 MiB): an old one is
/// given up, and then its directory counts as fresh and is kept.  To be used
/// from one thread at a time.
class DirectoryHistory {
 public:
  /// We have just changed this directory.
  void changed(const struct stat& before, const struct stat& after);

  /// It is gone: its inode may come back as another one.
  void forget(const struct stat& directory);

  /// Seconds since the epoch of the last change that was not ours.
  [[nodiscard]] std::time_t last_foreign_change(
      const struct stat& directory) const;

 private:
  struct Identity {
    dev_t device;
    ino_t inode;
    bool operator==(const Identity&) const = default;
  };
  struct Hash {
    std::size_t operator()(const Identity& identity) const noexcept {
      return identity.inode * 0x9e3779b97f4a7c15U ^ identity.device;
    }
  };
  struct Change {
    timespec left;        ///< the time that our last change left
    std::time_t foreign;  ///< the last change before our first
  };
  using Changes = std::unordered_map<Identity, Change, Hash>;

  Changes recent_;
  Changes older_;
};

/// Removes emptied directories below a root, which it does not own.
///
/// May be used from several threads.  A directory that somebody fills in the
/// same moment stays: rmdir(2) refuses it.
class Pruner {
 public:
  Pruner(int root, Walk walk) : root_(root), walk_(walk) {}

  /// Remove this directory, if it is empty.
  void prune_leaf(const std::string& directory) const;

  /// Remove it if it is empty, and then those above it, up to but without the
  /// root, as long as they are empty and nobody else changed them for an hour:
  /// GitLab may have found one there and be about to write into it.
  void prune_upwards(const std::string& directory);

 private:
  enum class Age { any, an_hour };
  bool remove_directory(const std::string& path, Age age);

  int root_;
  Walk walk_;
  std::mutex mutex_;
  DirectoryHistory history_;
};

}  // namespace stores
