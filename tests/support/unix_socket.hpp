#pragma once

#include <sys/socket.h>
#include <sys/un.h>

#include <cstddef>
#include <stdexcept>
#include <string>
#include <string_view>

namespace tests {

/// A stream socket that no child inherits.
/// \throws std::runtime_error
inline int open_socket() {
  const int handle = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (handle < 0)
    throw std::runtime_error("can't make a socket");
  return handle;
}

/// Cut where it is too long for a socket's path.
inline sockaddr_un address_of(const std::string& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  path.copy(address.sun_path, sizeof address.sun_path - 1);
  return address;
}

/// \return a socket that somebody may connect to.
/// \throws std::runtime_error
inline int listen_on_socket(const std::string& path) {
  const sockaddr_un address = address_of(path);
  const int listener = open_socket();
  if (::bind(listener, reinterpret_cast<const sockaddr*>(&address),
             sizeof address) != 0 ||
      ::listen(listener, 64) != 0)
    throw std::runtime_error("can't listen at " + path);
  return listener;
}

/// \return whether somebody listens there.
inline bool connect_to_socket(int handle, const std::string& path) {
  const sockaddr_un address = address_of(path);
  return ::connect(handle, reinterpret_cast<const sockaddr*>(&address),
                   sizeof address) == 0;
}

/// \return false if the other side has gone before it had all.
inline bool send_all(int handle, std::string_view bytes) {
  while (!bytes.empty()) {
    const auto sent = ::send(handle, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent <= 0)
      return false;
    bytes.remove_prefix(static_cast<std::size_t>(sent));
  }
  return true;
}

}  // namespace tests
