#include "stores/written_file.hpp"

#include "stores/beneath.hpp"
#include "stores/reason.hpp"
#include "stores/store.hpp"
#include "telemetry/readable.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>

namespace stores {
namespace {

constexpr mode_t readable_by_all = 0644;

[[noreturn]] void blame_output(const std::string& path, int error) {
  throw StoreError("the file " + telemetry::in_quotes(path) +
                   " can't be written (" + describe(error) + ")");
}

std::string name_beside(const std::string& path) {
  const std::size_t slash = path.rfind('/');
  const std::size_t name = slash == std::string::npos ? 0 : slash + 1;
  return path.substr(0, name) + '.' + path.substr(name) + ".XXXXXX";
}

}  // namespace

void overwrite_file(const std::string& path, std::string_view content) {
  const Descriptor opened(::open(
      path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, readable_by_all));
  if (!opened)
    blame_output(path, opened.error());
  if (const int error = write_all(opened.get(), content))
    blame_output(path, error);
}

void replace_file(const std::string& path, std::string_view content) {
  struct stat there {};
  if (::stat(path.c_str(), &there) == 0 && !S_ISREG(there.st_mode))
    return overwrite_file(path, content);  // a terminal, a pipe
  std::string beside = name_beside(path);
  const Descriptor opened(::mkostemp(beside.data(), O_CLOEXEC));
  if (!opened)
    blame_output(path, opened.error());
  int error = write_all(opened.get(), content);
  if (error == 0 && ::fchmod(opened.get(), readable_by_all) != 0)
    error = errno;
  if (error == 0 && ::rename(beside.c_str(), path.c_str()) != 0)
    error = errno;
  if (error != 0) {
    ::unlink(beside.c_str());
    blame_output(path, error);
  }
}

}  // namespace stores
