#include "tests/support/server_user.hpp"

#include <pwd.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>

namespace tests {

std::vector<std::string> as_server_user(std::vector<std::string> command) {
  if (::geteuid() == 0)
    command.insert(command.begin(), {"/usr/bin/setpriv", "--reuid=postgres",
                                     "--regid=postgres", "--init-groups"});
  return command;
}

void give_to_server_user(const std::filesystem::path& path) {
  if (::geteuid() != 0)
    return;
  const passwd* const user = ::getpwnam("postgres");
  if (!user || ::chown(path.c_str(), user->pw_uid, user->pw_gid) != 0)
    throw std::system_error(errno, std::generic_category(), path.string());
}

}  // namespace tests
