#include "tests/support/redis_proxy.hpp"

#include "tests/support/unix_socket.hpp"

#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <stdexcept>
#include <utility>

namespace tests {
namespace {

bool connect_to(int handle, const std::string& path) {
  const sockaddr_un address = address_of(path);
  return ::connect(handle, reinterpret_cast<const sockaddr*>(&address),
                   sizeof address) == 0;
}

bool send_all(int handle, const std::string& bytes) {
  std::size_t sent = 0;
  while (sent < bytes.size()) {
    const auto more =
        ::send(handle, bytes.data() + sent, bytes.size() - sent, MSG_NOSIGNAL);
    if (more <= 0)
      return false;
    sent += static_cast<std::size_t>(more);
  }
  return true;
}

/// \return nothing at the end.
std::string receive(int handle) {
  char buffer[16384];
  const auto count = ::recv(handle, buffer, sizeof buffer, 0);
  return {buffer, static_cast<std::size_t>(count > 0 ? count : 0)};
}

}  // namespace

RedisProxy::RedisProxy(std::string server)
    : server_(std::move(server)), listener_(open_socket()) {
  const sockaddr_un address = address_of(socket());
  if (::bind(listener_, reinterpret_cast<const sockaddr*>(&address),
             sizeof address) != 0 ||
      ::listen(listener_, 64) != 0)
    throw std::runtime_error("can't listen at the proxy's socket");
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
  bool both_talk = connect_to(server, server_);
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
