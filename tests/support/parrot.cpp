#include "tests/support/parrot.hpp"

#include "tests/support/unix_socket.hpp"

#include <unistd.h>

namespace tests {
namespace {

/// Until the client has hung up.
void ignore_all(int client) {
  char heard[4096];
  while (::recv(client, heard, sizeof heard, 0) > 0) {
  }
}

}  // namespace

Parrot::Parrot(After after)
    : after_(after),
      listener_(listen_on_socket(socket())),
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
      send_all(client, words_);
    }
    if (after_ == hangs_up)
      ::shutdown(client, SHUT_WR);
    ignore_all(client);
    ::close(client);
  }
}

}  // namespace tests
