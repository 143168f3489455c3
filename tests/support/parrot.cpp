#include "tests/support/parrot.hpp"

#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <stdexcept>

namespace tests {
namespace {

int listen_as_parrot(const std::string& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  path.copy(address.sun_path, sizeof address.sun_path - 1);
  const int listener = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (::bind(listener, reinterpret_cast<sockaddr*>(&address), sizeof address) !=
          0 ||
      ::listen(listener, 8) != 0)
    throw std::runtime_error("can't listen at " + path);
  return listener;
}

void speak(int client, std::string_view words) {
  while (!words.empty()) {
    const ssize_t sent =
        ::send(client, words.data(), words.size(), MSG_NOSIGNAL);
    if (sent <= 0)
      return;
    words.remove_prefix(static_cast<std::size_t>(sent));
  }
}

/// Until the client has hung up.
void ignore_all(int client) {
  char heard[4096];
  while (::recv(client, heard, sizeof heard, 0) > 0) {
  }
}

}  // namespace

Parrot::Parrot(After after)
    : after_(after),
      listener_(listen_as_parrot(socket())),
      thread_([this] { serve(); }) {}

Parrot::~Parrot() {
  ::shutdown(listener_, SHUT_RDWR);
  thread_.join();
  ::close(listener_);
}

void Parrot::learn(std::string_view words) {
  const std::lock_guard lock(mutex_);
  words_ = words;
}

void Parrot::serve() {
  for (;;) {
    const int client = ::accept(listener_, nullptr, nullptr);
    if (client < 0)
      return;
    {
      const std::lock_guard lock(mutex_);
      speak(client, words_);
    }
    if (after_ == hangs_up)
      ::shutdown(client, SHUT_WR);
    ignore_all(client);
    ::close(client);
  }
}

}  // namespace tests
