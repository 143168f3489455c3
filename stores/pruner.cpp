#include "stores/pruner.hpp"

#include <utility>

#include <fcntl.h>

namespace stores {
namespace {

constexpr std::size_t generation_size = 32768;
constexpr std::time_t settled_seconds = 3600;

/// The directory above, "." for the root itself, and the last component.
std::pair<std::string, const char*> split(const std::string& path) {
  const std::size_t slash = path.rfind('/');
  if (slash == std::string::npos)
    return {".", path.c_str()};
  return {path.substr(0, slash), path.c_str() + slash + 1};
}

bool same_time(const timespec& left, const timespec& right) {
  return left.tv_sec == right.tv_sec && left.tv_nsec == right.tv_nsec;
}

}  // namespace

void DirectoryHistory::changed(const struct stat& before,
                               const struct stat& after) {
  if (recent_.size() >= generation_size)
    older_ = std::exchange(recent_, {});
  recent_.insert_or_assign(Identity{after.st_dev, after.st_ino},
                           Change{after.st_mtim, last_foreign_change(before)});
}

void DirectoryHistory::forget(const struct stat& directory) {
  const Identity identity{directory.st_dev, directory.st_ino};
  recent_.erase(identity);
  older_.erase(identity);
}

std::time_t DirectoryHistory::last_foreign_change(
    const struct stat& directory) const {
  const Identity identity{directory.st_dev, directory.st_ino};
  for (const Changes* const changes : {&recent_, &older_}) {
    const auto found = changes->find(identity);
    if (found != changes->end() &&
        same_time(found->second.left, directory.st_mtim))
      return found->second.foreign;
  }
  return directory.st_mtim.tv_sec;
}

void Pruner::prune_leaf(const std::string& directory) const {
  const auto [above, name] = split(directory);
  const Descriptor parent = open_beneath(root_, above, walk_);
  if (parent)
    ::unlinkat(parent.get(), name, AT_REMOVEDIR);
}

void Pruner::prune_upwards(const std::string& directory) {
  // One at a time, so that no thread takes another one's removal for GitLab's.
  const std::lock_guard lock(mutex_);

  std::string path = directory;
  for (Age age = Age::any; remove_directory(path, age); age = Age::an_hour) {
    const std::size_t slash = path.rfind('/');
    if (slash == std::string::npos)
      return;
    path.resize(slash);
  }
}

/// \return whether nothing is there any more.
bool Pruner::remove_directory(const std::string& path, Age age) {
  const auto [above, name] = split(path);
  const Descriptor parent = open_beneath(root_, above, walk_);
  struct stat before {};
  struct stat itself {};
  if (!parent)
    return parent.error() == ENOENT;
  if (::fstat(parent.get(), &before) != 0)
    return false;
  if (::fstatat(parent.get(), name, &itself, AT_SYMLINK_NOFOLLOW) != 0)
    return errno == ENOENT;

  if (age == Age::an_hour &&
      std::time(nullptr) - history_.last_foreign_change(itself) <
          settled_seconds)
    return false;
  if (::unlinkat(parent.get(), name, AT_REMOVEDIR) != 0)
    return errno == ENOENT;

  history_.forget(itself);
  struct stat after {};
  if (::fstat(parent.get(), &after) == 0)
    history_.changed(before, after);
  return true;
}

}  // namespace stores
