#include "stores/object_file.hpp"

#include <algorithm>
#include <climits>
#include <cstdint>
#include <random>
#include <utility>
#include <vector>

#include "stores/reason.hpp"

#include <dirent.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <sys/stat.h>

namespace stores {
namespace {

/// What one system call moves.
constexpr std::size_t piece_size = 131072;

constexpr std::string_view suffix = ".partial";
constexpr std::size_t token_length = 16;
constexpr std::size_t tail = token_length + suffix.size();

/// What the partial files of this object begin with.  Cut to what a name may
/// have: long names that share it may share their leftovers too, and do, since
/// those are told by their locks.
std::string prefix_of(const std::string& file) {
  return '.' + file.substr(0, NAME_MAX - 2 - tail) + '.';
}

std::string random_digits() {
  std::random_device device;
  return fmt::format("{:08x}{:08x}", device(), device());
}

void require_regular(const struct stat& status, const char* done) {
  if (S_ISLNK(status.st_mode))
    refuse(done, ELOOP);
  if (S_ISDIR(status.st_mode))
    refuse(done, EISDIR);
  if (!S_ISREG(status.st_mode))
    refuse(done, "it is not a regular file");
}

/// A rename would replace whatever has the name, and tell of a directory only
/// after all bytes were written.
void require_replaceable(int directory, const std::string& file) {
  struct stat status {};
  if (::fstatat(directory, file.c_str(), &status, AT_SYMLINK_NOFOLLOW) == 0)
    require_regular(status, "stored");
  else if (errno != ENOENT)
    refuse("stored", errno);
}

struct CloseDirectory {
  void operator()(DIR* directory) const { ::closedir(directory); }
};

/// The names of all partial files of this object; none if we may not look.
std::vector<std::string> partial_names(int directory, const std::string& file) {
  Descriptor readable(
      ::openat(directory, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  const std::unique_ptr<DIR, CloseDirectory> entries(
      readable ? ::fdopendir(readable.get()) : nullptr);
  if (!entries)
    return {};
  readable.release();

  const std::string prefix = prefix_of(file);
  std::vector<std::string> names;
  while (const dirent* const entry = ::readdir(entries.get())) {
    const std::string_view name = entry->d_name;
    if (name.size() == prefix.size() + tail && name.starts_with(prefix) &&
        is_partial_name(name))
      names.emplace_back(name);
  }
  return names;
}

void remove_leftovers(int directory, const std::string& file) {
  constexpr int flags = O_WRONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC;
  for (const std::string& name : partial_names(directory, file)) {
    const Descriptor found(::openat(directory, name.c_str(), flags));
    if (found && ::flock(found.get(), LOCK_EX | LOCK_NB) == 0)
      ::unlinkat(directory, name.c_str(), 0);
  }
}

/// \return false if somebody took it for a leftover before it had its lock.
bool claim(int opened) {
  if (::flock(opened, LOCK_EX | LOCK_NB) != 0 && errno == EWOULDBLOCK)
    return false;
  struct stat status {};
  return ::fstat(opened, &status) == 0 && status.st_nlink > 0;
}

/// \return 0, or an errno.
int sync_data(int opened) {
  while (::fdatasync(opened) != 0) {
    if (errno != EINTR)
      return errno;
  }
  return 0;
}

}  // namespace

bool is_partial_name(std::string_view name) {
  if (name.size() < 2 + tail || name.front() != '.' || !name.ends_with(suffix))
    return false;
  name.remove_suffix(suffix.size());
  const std::size_t dot = name.size() - token_length - 1;
  return name[dot] == '.' &&
         name.find_first_not_of("0123456789abcdef", dot + 1) == name.npos;
}

std::unique_ptr<PartialFile> PartialFile::begin(Descriptor directory,
                                                std::string file) {
  constexpr int flags = O_CREAT | O_EXCL | O_WRONLY | O_NOFOLLOW | O_CLOEXEC;
  for (int tries = 0; tries < 8; ++tries) {
    std::string name = prefix_of(file).append(random_digits()).append(suffix);
    Descriptor opened(::openat(directory.get(), name.c_str(), flags, 0666));
    if (opened.error() == ENOENT)
      return nullptr;
    if (!opened)
      refuse("stored", opened.error());
    if (!claim(opened.get()))
      continue;
    auto partial =
        std::make_unique<PartialFile>(std::move(directory), std::move(file),
                                      std::move(name), std::move(opened));
    partial->prepare();
    return partial;
  }
  refuse("stored", EBUSY);
}

PartialFile::PartialFile(Descriptor directory, std::string file,
                         std::string name, Descriptor opened)
    : directory_(std::move(directory)),
      file_(std::move(file)),
      name_(std::move(name)),
      opened_(std::move(opened)) {
  buffer_.reserve(piece_size);
}

PartialFile::~PartialFile() {
  if (!published_)
    ::unlinkat(directory_.get(), name_.c_str(), 0);
}

void PartialFile::prepare() const {
  require_replaceable(directory_.get(), file_);
  remove_leftovers(directory_.get(), file_);
}

void PartialFile::write(std::string_view bytes) {
  if (buffer_.size() + bytes.size() > piece_size)
    write_buffered();
  if (bytes.size() >= piece_size)
    write_out(bytes);
  else
    buffer_.append(bytes);
}

void PartialFile::publish() {
  write_buffered();
  if (error_ = sync_data(opened_.get()); error_ != 0)
    refuse("stored", error_);
  if (::renameat(directory_.get(), name_.c_str(), directory_.get(),
                 file_.c_str()) != 0)
    refuse("stored", errno);
  published_ = true;
  if (const int error = sync_directory(directory_.get()); error != 0)
    refuse("stored", error);
}

void PartialFile::write_out(std::string_view bytes) {
  if (error_ == 0)
    error_ = write_all(opened_.get(), bytes);
  if (error_ != 0)
    refuse("stored", error_);
}

void PartialFile::write_buffered() {
  write_out(buffer_);
  buffer_.clear();
}

Descriptor open_to_read(int directory, const std::string& file) {
  constexpr int flags = O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC;
  return Descriptor(::openat(directory, file.c_str(), flags | O_NOCTTY));
}

void read_pieces(int opened, const ByteSink& sink) {
  struct stat status {};
  if (::fstat(opened, &status) != 0)
    refuse("read", errno);
  require_regular(status, "read");

  std::vector<char> piece(piece_size);
  for (;;) {
    const ssize_t count = ::read(opened, piece.data(), piece.size());
    if (count == 0)
      return;
    if (count > 0)
      sink({piece.data(), static_cast<std::size_t>(count)});
    else if (errno != EINTR)
      refuse("read", errno);
  }
}

}  // namespace stores
