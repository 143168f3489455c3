#include "stores/spool.hpp"

#include "stores/reason.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <utility>

namespace stores {
namespace {

constexpr std::size_t most_in_memory = std::size_t{1} << 20;

std::string place_for_files() {
  const char* const given = std::getenv("TMPDIR");
  return given == nullptr || *given == '\0' ? "/tmp" : given;
}

/// Not every file system has files that never had a name.
Descriptor open_nameless(const std::string& directory) {
  Descriptor file(
      ::open(directory.c_str(), O_TMPFILE | O_RDWR | O_CLOEXEC, 0600));
  if (file)
    return file;
  std::string name = directory + "/ci-janitor.XXXXXX";
  Descriptor named(::mkostemp(name.data(), O_CLOEXEC));
  if (named)
    ::unlink(name.c_str());
  return named;
}

}  // namespace

void Spool::append(std::string_view bytes) {
  if (!file_ && memory_.size() + bytes.size() > most_in_memory)
    spill();
  if (file_)
    write_out(bytes);
  else
    memory_ += bytes;
  size_ += std::ssize(bytes);
}

void Spool::spill() {
  const std::string directory = place_for_files();
  Descriptor file = open_nameless(directory);
  if (!file)
    refuse("stored", "no temporary file can be made in '" + directory + "' (" +
                         describe(file.error()) + ")");
  file_ = std::move(file);
  write_out(std::exchange(memory_, {}));
}

void Spool::write_out(std::string_view bytes) {
  if (const int error = write_all(file_->get(), bytes))
    refuse("stored", "its temporary file in '" + place_for_files() +
                         "' can't be written (" + describe(error) + ")");
}

std::size_t Spool::read(std::int64_t offset, char* to,
                        std::size_t count) const {
  if (!file_) {
    const auto left = std::string_view(memory_).substr(
        std::min(static_cast<std::size_t>(offset), memory_.size()));
    return left.copy(to, count);
  }
  for (;;) {
    const auto got = ::pread(file_->get(), to, count, offset);
    if (got >= 0)
      return static_cast<std::size_t>(got);
    if (errno != EINTR)
      refuse("stored", errno);
  }
}

void Spool::replay(const ByteSink& sink) const {
  if (!file_) {
    sink(memory_);
    return;
  }
  std::string piece(std::size_t{1} << 17, '\0');
  for (std::int64_t offset = 0; offset < size_;) {
    const std::size_t count = read(offset, piece.data(), piece.size());
    if (count == 0)
      refuse("stored", "its temporary file was cut off");
    sink(std::string_view(piece).substr(0, count));
    offset += static_cast<std::int64_t>(count);
  }
}

}  // namespace stores
