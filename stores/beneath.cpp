#include "stores/beneath.hpp"

#include <algorithm>

#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/stat.h>
#include <sys/syscall.h>

namespace stores {
namespace {

bool is_passing(int error) {
  return error == EAGAIN || error == EINTR;
}

Descriptor open_by_openat2(int root, const char* path) {
  open_how how{};
  how.flags = O_PATH | O_CLOEXEC | O_DIRECTORY;
  how.resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS;

  // EAGAIN says that somebody renamed a directory while the kernel walked.
  Descriptor opened(::syscall(SYS_openat2, root, path, &how, sizeof how));
  for (int tries = 1; is_passing(opened.error()) && tries < 8; ++tries)
    opened = Descriptor(::syscall(SYS_openat2, root, path, &how, sizeof how));
  return opened;
}

bool is_symlink(int parent, const char* name) {
  struct stat status {};
  return ::fstatat(parent, name, &status, AT_SYMLINK_NOFOLLOW) == 0 &&
         S_ISLNK(status.st_mode);
}

Descriptor open_component(int parent, const char* name) {
  constexpr int flags = O_PATH | O_CLOEXEC | O_DIRECTORY | O_NOFOLLOW;
  Descriptor opened(::openat(parent, name, flags));
  for (int tries = 1; is_passing(opened.error()) && tries < 8; ++tries)
    opened = Descriptor(::openat(parent, name, flags));

  // O_NOFOLLOW and O_DIRECTORY together say ENOTDIR of a symlink too.
  if (opened.error() == ENOTDIR && is_symlink(parent, name)) {
    errno = ELOOP;
    return Descriptor(-1);
  }
  return opened;
}

Descriptor make_component(int parent, const char* name) {
  Descriptor opened = open_component(parent, name);
  if (opened.error() != ENOENT)
    return opened;
  if (::mkdirat(parent, name, 0777) != 0 && errno != EEXIST)
    return Descriptor(-1);
  return open_component(parent, name);
}

Descriptor sync_component(int parent, const char* name) {
  if (const int error = sync_directory(parent); error != 0) {
    errno = error;
    return Descriptor(-1);
  }
  return open_component(parent, name);
}

using Step = Descriptor (*)(int parent, const char* name);

Descriptor step_by_step(int root, const std::string& path, Step step) {
  Descriptor opened(::fcntl(root, F_DUPFD_CLOEXEC, 0));
  for (std::size_t begin = 0; opened && begin <= path.size();) {
    const std::size_t end = std::min(path.find('/', begin), path.size());
    const std::string name = path.substr(begin, end - begin);
    opened = step(opened.get(), name.c_str());
    begin = end + 1;
  }
  return opened;
}

}  // namespace

Walk supported_walk(int root) {
  // Docker before 20.10 answers EPERM for a system call it doesn't know.
  const int error = open_by_openat2(root, ".").error();
  return error == ENOSYS || error == EPERM ? Walk::by_component : Walk::openat2;
}

Descriptor open_beneath(int root, const std::string& path, Walk walk) {
  if (walk == Walk::openat2)
    return open_by_openat2(root, path.c_str());
  return step_by_step(root, path, open_component);
}

Descriptor make_beneath(int root, const std::string& path) {
  return step_by_step(root, path, make_component);
}

Descriptor sync_way_beneath(int root, const std::string& path) {
  return step_by_step(root, path, sync_component);
}

int sync_directory(int directory) {
  const Descriptor readable(
      ::openat(directory, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!readable)
    return readable.error();
  while (::fsync(readable.get()) != 0) {
    // Some file systems can't sync a directory, and say so with EINVAL.
    if (errno != EINTR)
      return errno == EINVAL ? 0 : errno;
  }
  return 0;
}

int write_all(int opened, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t count = ::write(opened, bytes.data(), bytes.size());
    if (count >= 0)
      bytes.remove_prefix(static_cast<std::size_t>(count));
    else if (errno != EINTR)
      return errno;
  }
  return 0;
}

}  // namespace stores
