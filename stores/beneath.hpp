#pragma once

#include <cerrno>
#include <string>
#include <string_view>
#include <utility>

#include <unistd.h>

namespace stores {

/// A file descriptor, closed at the end, or the errno that says why there is
/// none.
class Descriptor {
 public:
  /// \param result of the system call just made: below 0 means look at errno.
  explicit Descriptor(long result) noexcept
      : value_(result < 0 ? -errno : static_cast<int>(result)) {}
  Descriptor(Descriptor&& other) noexcept
      : value_(std::exchange(other.value_, -EBADF)) {}
  Descriptor& operator=(Descriptor&& other) noexcept {
    std::swap(value_, other.value_);
    return *this;
  }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  ~Descriptor() {
    if (value_ >= 0)
      ::close(value_);
  }

  explicit operator bool() const noexcept { return value_ >= 0; }
  [[nodiscard]] int get() const noexcept { return value_; }
  [[nodiscard]] int error() const noexcept { return value_ < 0 ? -value_ : 0; }

  /// Somebody else closes it from now on.
  int release() noexcept { return std::exchange(value_, -EBADF); }

 private:
  int value_;
};

/// How to open a path without ever leaving the directory it starts from.
enum class Walk {
  openat2,  ///< one system call; Linux 5.6, and a seccomp filter that lets it
  by_component  ///< openat(O_NOFOLLOW) of one component after the other
};

/// \param root a descriptor of a directory.
/// \return openat2 where it works, by_component where it does not.
Walk supported_walk(int root);

/// Open a directory below \a root, for its place (O_PATH) only: nothing can be
/// read through it.  A symlink on the way or at the end is ELOOP, whoever put
/// it there and whenever: the check and the step are one.  Anything else that
/// is no directory is ENOTDIR.  Both walks give the same answers.
///
/// \pre no component of \a path is "..", and it does not start with a slash.
Descriptor open_beneath(int root, const std::string& path, Walk walk);

/// The same by component, but a directory that is missing is made, for all whom
/// the umask allows.  ENOENT says that somebody removed one meanwhile.
Descriptor make_beneath(int root, const std::string& path);

/// Write the names along \a path to the disk, all from that in \a root on, so
/// that a crash of the machine does not lose the way to the directory.  What is
/// in the directory itself is not written.
Descriptor sync_way_beneath(int root, const std::string& path);

/// Write the names in this directory, which may be open for its place only, to
/// the disk.
///
/// \return 0, or an errno.
int sync_directory(int directory);

/// Write all of \a bytes.
///
/// \return 0, or an errno.
int write_all(int opened, std::string_view bytes);

}  // namespace stores
