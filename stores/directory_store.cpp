#include "stores/directory_store.hpp"

#include <climits>
#include <utility>

#include "stores/object_file.hpp"
#include "stores/reason.hpp"

#include <fcntl.h>
#include <sys/stat.h>

namespace stores {

/// What is known of one object: absent, or refused with a reason, or else fine.
struct DirectoryStore::Finding {
  bool absent = false;
  std::string refused;
};

namespace {

bool means_absent(int error) {
  return error == ENOENT || error == ENOTDIR;
}

/// The rule for all stores, and the longest path that Linux takes: a walk by
/// components and the opening of the parent alone would get past the latter.
std::optional<std::string> refusal(const ObjectKey& key) {
  if (key.directory.size() + 1 + key.file.size() >= PATH_MAX)
    return describe(ENAMETOOLONG);
  return poison(key);
}

/// What looks like somebody's unfinished object would be taken for one.
std::optional<std::string> refusal_to_store(const ObjectKey& key) {
  if (is_partial_name(key.file))
    return "its name is one of those that unfinished objects have";
  return refusal(key);
}

std::string what_to_do(int error) {
  if (error == ENOENT)
    return "create or mount it, or name another";
  if (error == ENOTDIR)
    return "name the directory that holds the artifacts";
  return "make it accessible to this user, or name another";
}

Descriptor open_root(const std::string& path) {
  Descriptor root(::open(path.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
  if (!root)
    throw StoreError("cannot open the store's directory '" + path + "' (" +
                     describe(root.error()) + "): " + what_to_do(root.error()));
  return root;
}

}  // namespace

DirectoryStore::DirectoryStore(std::string root, Prune prune,
                               std::optional<Walk> walk)
    : root_path_(std::move(root)),
      prune_(prune),
      root_(open_root(root_path_)),
      walk_(walk ? *walk : supported_walk(root_.get())),
      pruner_(root_.get(), walk_) {}

Sight DirectoryStore::look(std::span<const ObjectKey> keys) {
  Sight sight;
  std::string path;
  for (std::size_t i = 0; i < keys.size(); ++i) {
    Finding found = look_at(keys[i], path);
    if (found.absent)
      sight.absent.push_back(i);
    else if (!found.refused.empty())
      sight.poison.push_back({i, std::move(found.refused)});
  }
  if (!sight.absent.empty() || !sight.poison.empty())
    require_root();
  return sight;
}

/// \param path a buffer that lives longer than one key.
DirectoryStore::Finding DirectoryStore::look_at(const ObjectKey& key,
                                                std::string& path) const {
  if (std::optional<std::string> why = refusal(key))
    return {false, std::move(*why)};
  path.assign(key.directory).append(1, '/').append(key.file);
  // Asking for a directory makes the usual answer a refusal, ENOTDIR, which
  // costs 1.8 us where opening, fstat and close cost 3.4.
  const Descriptor directory = open_beneath(root_.get(), path, walk_);
  if (directory.error() == ENOTDIR)
    return {};
  if (directory.error() == ENOENT)
    return {true, {}};
  return {false, reason_for(directory ? EISDIR : directory.error())};
}

Removal DirectoryStore::remove(std::span<const ObjectKey> keys) {
  Removal removal;
  for (std::size_t i = 0; i < keys.size(); ++i) {
    Finding found = remove_one(keys[i]);
    if (found.absent)
      removal.absent.push_back(i);
    else if (!found.refused.empty())
      removal.left.push_back({i, std::move(found.refused)});
  }
  if (!removal.absent.empty() || !removal.left.empty())
    require_root();
  return removal;
}

DirectoryStore::Finding DirectoryStore::remove_one(const ObjectKey& key) const {
  if (std::optional<std::string> why = refusal(key))
    return {false, std::move(*why)};

  const Descriptor parent = open_beneath(root_.get(), key.directory, walk_);
  if (means_absent(parent.error()))
    return {true, {}};
  if (!parent)
    return {false, reason_for(parent.error())};

  // unlinkat follows no symlink, but would remove it.  readlinkat says EINVAL
  // of anything else, for less than fstatat.
  char byte = 0;
  const char* const name = key.file.c_str();
  if (::readlinkat(parent.get(), name, &byte, 1) >= 0)
    return {false, reason_for(ELOOP)};
  if (errno == EINVAL && ::unlinkat(parent.get(), name, 0) == 0)
    return {};
  if (means_absent(errno))
    return {true, {}};
  return {false, reason_for(errno)};
}

void DirectoryStore::put(const ObjectKey& key, const ByteSource& write) {
  if (const std::optional<std::string> why = refusal_to_store(key))
    refuse("stored", *why);
  try {
    const std::unique_ptr<PartialFile> partial = begin(key);
    write([&partial](std::string_view bytes) { partial->write(bytes); });
    partial->publish();
  } catch (const ObjectError&) {
    require_root();
    throw;
  }
}

std::unique_ptr<PartialFile> DirectoryStore::begin(const ObjectKey& key) const {
  // Somebody may prune a directory before there is a file in it; who does that
  // in a loop wins most of the time: 64 tries are too few then.
  for (int tries = 0; tries < 1000; ++tries) {
    Descriptor directory = make_beneath(root_.get(), key.directory);
    if (!directory && directory.error() != ENOENT)
      refuse("stored", directory.error());
    if (!directory)
      continue;
    if (auto partial = PartialFile::begin(std::move(directory), key.file)) {
      // All of it: who made a directory may not have synced it, or was killed.
      const Descriptor way = sync_way_beneath(root_.get(), key.directory);
      if (!way)
        refuse("stored", way.error());
      return partial;
    }
  }
  refuse("stored", ENOENT);
}

bool DirectoryStore::get(const ObjectKey& key, const ByteSink& sink) {
  const std::optional<Descriptor> object = open_object(key, "read");
  if (object)
    read_pieces(object->get(), sink);
  return object.has_value();
}

std::optional<ObjectStatus> DirectoryStore::stat(const ObjectKey& key) {
  const std::optional<Descriptor> object = open_object(key, "looked at");
  if (!object)
    return std::nullopt;
  struct stat status {};
  if (::fstat(object->get(), &status) != 0)
    refuse("looked at", errno);
  if (!S_ISREG(status.st_mode))
    refuse("looked at", S_ISDIR(status.st_mode) ? reason_for(EISDIR)
                                                : "it is not a regular file");
  return ObjectStatus{status.st_size};
}

std::optional<Descriptor> DirectoryStore::open_object(const ObjectKey& key,
                                                      const char* done) const {
  if (const std::optional<std::string> why = refusal(key))
    refuse(done, *why);
  Descriptor object = open_beneath(root_.get(), key.directory, walk_);
  if (object)
    object = open_to_read(object.get(), key.file);
  if (!object)
    require_root();
  if (means_absent(object.error()))
    return std::nullopt;
  if (!object)
    refuse(done, object.error());
  return object;
}

void DirectoryStore::prune(std::span<const ObjectKey> keys) {
  if (prune_ == Prune::none)
    return;
  for (const ObjectKey& key : keys) {
    if (refusal(key))
      continue;
    if (prune_ == Prune::leaf)
      pruner_.prune_leaf(key.directory);
    else
      pruner_.prune_upwards(key.directory);
  }
}

std::optional<std::string> DirectoryStore::trouble() {
  if (std::optional<std::string> why = root_gone())
    return why;
  if (::faccessat(root_.get(), ".", W_OK | X_OK, AT_EACCESS) == 0)
    return std::nullopt;
  if (errno == EROFS)
    return description() + " is on a read-only file system: mount it writable";
  return description() + " is not writable (" + describe(errno) +
         "): let this user write to it";
}

std::string DirectoryStore::description() const {
  return "directory '" + root_path_ + "'";
}

/// A root that was removed (its descriptor has no link any more), or whose file
/// system has died, answers "no such file" to everything.
std::optional<std::string> DirectoryStore::root_gone() const {
  struct stat status {};
  if (::fstat(root_.get(), &status) != 0)
    return description() + " is out of reach (" + describe(errno) +
           "): mount it again";
  if (status.st_nlink == 0)
    return description() + " was removed: create or mount it again";
  return std::nullopt;
}

void DirectoryStore::require_root() const {
  if (const std::optional<std::string> why = root_gone())
    throw StoreError(*why);
}

}  // namespace stores
