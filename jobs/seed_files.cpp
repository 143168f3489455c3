#include "jobs/seed_files.hpp"

#include "stores/beneath.hpp"
#include "stores/store.hpp"

#include <fmt/format.h>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <system_error>

namespace jobs {
namespace {

constexpr const char* symlink_target = "symlink-target";

std::string parent_of(const std::string& path) {
  return path.substr(0, path.rfind('/'));
}

/// The way from a link at \a path back to the root.
std::string way_up(const std::string& path) {
  std::string up;
  for (auto slashes = std::count(path.begin(), path.end(), '/'); slashes > 0;
       --slashes)
    up += "../";
  return up;
}

}  // namespace

std::string object_content(const stores::ObjectKey& key, std::int64_t size) {
  const std::string line = R"({"object": ")" + key.path() + "\"}\n";
  const auto length = static_cast<std::size_t>(size);
  std::string content;
  content.reserve(length + line.size());
  while (content.size() < length)
    content += line;
  content.resize(length);
  return content;
}

SeedFiles::SeedFiles(const std::string& directory) : directory_(directory) {
  std::error_code error;
  std::filesystem::create_directories(directory, error);
  if (error)
    fail("could not make it", error.value());
  if (!std::filesystem::is_empty(directory, error) && !error)
    throw stores::StoreError(
        fmt::format("directory '{}' is not empty\nhint: name an empty or a new "
                    "one by --local-store; this program never removes anything",
                    directory));
  root_ = ::open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (root_ < 0)
    fail("could not open it", errno);
}

SeedFiles::~SeedFiles() {
  close(root_);
}

void SeedFiles::put(const stores::ObjectKey& key, std::int64_t size) {
  make_directory(key.directory);
  write(key.path(), object_content(key, size));
}

void SeedFiles::put_behind_symlink(const stores::ObjectKey& key,
                                   std::int64_t size) {
  make_directory(symlink_target);
  write(std::string(symlink_target) + "/" + key.file,
        object_content(key, size));
  make_directory(parent_of(key.directory));
  const std::string target = way_up(key.directory) + symlink_target;
  if (symlinkat(target.c_str(), root_, key.directory.c_str()) != 0)
    fail("could not make the symlink '" + key.directory + "'", errno);
}

void SeedFiles::put_poison(const stores::ObjectKey& key) {
  make_directory(key.directory);
  if (key.file.find('/') == std::string::npos)
    return;
  make_directory(parent_of(key.path()));
  write(key.path(), "canary\n");
}

void SeedFiles::make_directory(const std::string& path) const {
  constexpr mode_t mode = 0755;
  if (mkdirat(root_, path.c_str(), mode) == 0 || errno == EEXIST)
    return;
  // From the leaf up: most objects of a project find its directory there.
  if (errno == ENOENT && path.find('/') != std::string::npos) {
    make_directory(parent_of(path));
    if (mkdirat(root_, path.c_str(), mode) == 0 || errno == EEXIST)
      return;
  }
  fail("could not make the directory '" + path + "'", errno);
}

void SeedFiles::write(const std::string& path, std::string_view content) {
  const int file =
      openat(root_, path.c_str(),
             O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0644);
  if (file < 0)
    fail("could not make '" + path + "'", errno);
  const int error = stores::write_all(file, content);
  close(file);
  if (error != 0)
    fail("could not write '" + path + "'", error);
  files_ += 1;
  bytes_ += static_cast<std::int64_t>(content.size());
}

void SeedFiles::fail(const std::string& what, int error) const {
  throw stores::StoreError(fmt::format("directory '{}': {}: {}", directory_,
                                       what,
                                       std::generic_category().message(error)));
}

}  // namespace jobs
