#include "tests/support/free_port.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>

namespace tests {

int free_port() {
  sockaddr_in address{};
  socklen_t size = sizeof address;
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  auto* const any = reinterpret_cast<sockaddr*>(&address);
  const int listener = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const bool bound = ::bind(listener, any, size) == 0 &&
                     ::getsockname(listener, any, &size) == 0;
  const int error = errno;
  ::close(listener);
  if (!bound)
    throw std::system_error(error, std::generic_category(), "free_port");
  return ntohs(address.sin_port);
}

}  // namespace tests
