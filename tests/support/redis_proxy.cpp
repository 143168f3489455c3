#include "tests/support/redis_proxy.hpp"

#include "tests/support/unix_socket.hpp"

#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <utility>

namespace tests {
namespace {

/// \return nothing at the end.
std::string receive(int handle) {
  char buffer[16384];
  const auto count = ::recv(handle, buffer, sizeof buffer, 0);
  return {buffer, static_cast<std::size_t>(count > 0 ? count : 0)};
}

}  // namespace

RedisProxy::RedisProxy(std::string server)
    : server_(std::move(server)), listener_(listen_on_socket(socket())) {
  acceptor_ = std::thread([this] { accept_all(); });
}

RedisProxy::~RedisProxy() {
  closing_ = true;
  ::shutdown(listener_, SHUT_RDWR);
  acceptor_.join();
  for (const int handle : sockets_)
    ::shutdown(handle, SHUT_RDWR);
  for (std::thread& thread : threads_)
    thread.join();
  for (const int handle : sockets_)
    ::close(handle);
  ::close(listener_);
}

std::string RedisProxy::socket() const {
  return (directory_.path() / "proxy.sock").string();
}

void RedisProxy::accept_all() {
  while (!closing_) {
    const int client = ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
    if (client < 0)
      continue;
    const int server = open_socket();
    sockets_.insert(sockets_.end(), {client, server});
    threads_.emplace_back([=, this] { converse(client, server); });
  }
}

void RedisProxy::converse(int client, int server) {
  bool both_talk = connect_to_socket(server, server_);
  while (both_talk && !closing_) {
    pollfd ends[] = {{client, POLLIN, 0}, {server, POLLIN, 0}};
    ::poll(ends, 2, -1);
    if (ends[0].revents != 0) {
      const std::string asked = receive(client);
      both_talk = !asked.empty() && send_all(server, asked);
    }
    if (both_talk && ends[1].revents != 0) {
      const std::string answered = receive(server);
      both_talk = !answered.empty() && answer(client, answered);
    }
  }
  ::shutdown(client, SHUT_RDWR);
  ::shutdown(server, SHUT_RDWR);
}

bool RedisProxy::answer(int client, const std::string& bytes) {
  const int passed = to_pass_.exchange(-1);
  if (passed < 0)
    return send_all(client, bytes);
  send_all(client, bytes.substr(0, static_cast<std::size_t>(passed)));
  hung_up_ = true;
  return false;
}

}  // namespace tests
