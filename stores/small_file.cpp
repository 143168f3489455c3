#include "stores/small_file.hpp"

#include "stores/beneath.hpp"
#include "stores/reason.hpp"
#include "stores/store.hpp"
#include "telemetry/readable.hpp"

#include <array>

#include <fcntl.h>
#include <unistd.h>

namespace stores {
namespace {

/// A token of AWS has at most 20,000 characters.
constexpr std::size_t longest_secret = std::size_t{64} << 10;

[[noreturn]] void blame_file(const std::string& path, const std::string& what,
                             const std::string& why) {
  throw StoreError(what + ' ' + telemetry::in_quotes(path) + ' ' + why);
}

/// The next bytes of it; none at its end.
std::string next_bytes(int opened, const std::string& path,
                       const std::string& what) {
  std::array<char, 4096> bytes{};
  ssize_t count = 0;
  do
    count = ::read(opened, bytes.data(), bytes.size());
  while (count < 0 && errno == EINTR);
  if (count < 0)
    blame_file(path, what,
               "can't be read (" + describe(errno) + "): name another");
  return {bytes.data(), static_cast<std::size_t>(count)};
}

}  // namespace

std::string read_small_file(const std::string& path, const std::string& what,
                            std::size_t most) {
  const Descriptor opened(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!opened)
    blame_file(path, what,
               "can't be opened (" + describe(opened.error()) +
                   "): let this user read it, or name another");
  std::string content;
  for (std::string next = next_bytes(opened.get(), path, what); !next.empty();
       next = next_bytes(opened.get(), path, what)) {
    content += next;
    if (content.size() > most)
      blame_file(path, what,
                 "has over " + telemetry::grouped(std::int64_t(most)) +
                     " bytes: name another");
  }
  return content;
}

std::string read_secret_file(const std::string& path, const std::string& what) {
  std::string content = read_small_file(path, what, longest_secret);
  content.erase(content.find_last_not_of(" \t\r\n") + 1);
  if (content.empty())
    blame_file(path, what, "is empty: have it written anew");
  return content;
}

}  // namespace stores
