#include "tests/support/http_server.hpp"

#include "tests/support/http_talk.hpp"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <exception>
#include <stdexcept>
#include <utility>

namespace tests {
namespace {

/// \return the listening socket; its port is in \a address.
int listen_on_any_port(sockaddr_in& address) {
  const int listener = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  auto* const generic = reinterpret_cast<sockaddr*>(&address);
  if (::bind(listener, generic, size) != 0 || ::listen(listener, 128) != 0 ||
      ::getsockname(listener, generic, &size) != 0)
    throw std::runtime_error("can't listen on a port of 127.0.0.1");
  return listener;
}

}  // namespace

HttpServer::HttpServer(Handler handler, Early early)
    : handler_(std::move(handler)), early_(std::move(early)) {
  sockaddr_in address{};
  listener_ = listen_on_any_port(address);
  port_ = ntohs(address.sin_port);
  acceptor_ = std::thread([this] { accept_all(); });
}

HttpServer::~HttpServer() {
  {
    const std::lock_guard lock(mutex_);
    closing_ = true;
    for (const int client : clients_)
      ::shutdown(client, SHUT_RDWR);
  }
  closes_.notify_all();
  ::shutdown(listener_, SHUT_RDWR);
  acceptor_.join();
  for (std::thread& thread : threads_)
    thread.join();
  ::close(listener_);
}

std::vector<HttpCall> HttpServer::calls() const {
  const std::lock_guard lock(mutex_);
  return calls_;
}

std::size_t HttpServer::count() const {
  const std::lock_guard lock(mutex_);
  return calls_.size();
}

void HttpServer::accept_all() {
  for (;;) {
    const int client = ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
    const std::lock_guard lock(mutex_);
    if (closing_) {
      if (client >= 0)
        ::close(client);
      return;
    }
    if (client < 0)
      continue;
    ++connections_;
    clients_.insert(client);
    threads_.emplace_back([this, client] { converse(client); });
  }
}

void HttpServer::converse(int client) {
  // Headers and body are sent one after the other; without this the second
  // waits 40 ms for the first to be acknowledged.
  const int on = 1;
  ::setsockopt(client, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  HttpTalk talk(client);
  bool reset = false;
  while (answer_next(talk, reset)) {
  }
  if (reset) {
    const linger at_once{1, 0};
    ::setsockopt(client, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
  } else {
    talk.say_farewell();
  }
  const std::lock_guard lock(mutex_);
  clients_.erase(client);
  ::close(client);
}

/// \return whether the connection goes on.
bool HttpServer::answer_next(HttpTalk& talk, bool& reset) {
  std::optional<HttpCall> call = talk.hear_head();
  if (!call)
    return false;
  if (const std::optional<HttpReply> early = early_reply(*call)) {
    reset = early->reset;
    if (wait(early->delay))
      talk.say(*early, *call);
    return false;
  }
  if (call->headers.contains("expect") && !talk.say_continue())
    return false;
  if (!talk.hear_body(*call))
    return false;
  const HttpReply reply = reply_to(*call);
  reset = reply.reset;
  return wait(reply.delay) && talk.say(reply, *call);
}

std::optional<HttpReply> HttpServer::early_reply(const HttpCall& call) {
  std::optional<HttpReply> reply;
  if (call.headers.contains("transfer-encoding"))
    reply = HttpReply{.status = 411};
  else if (early_)
    reply = early_(call);
  if (reply)
    record(call);
  return reply;
}

HttpReply HttpServer::reply_to(const HttpCall& call) {
  record(call);
  try {
    return handler_(call);
  } catch (const std::exception& error) {
    return {.status = 500, .body = error.what()};
  }
}

void HttpServer::record(const HttpCall& call) {
  const std::lock_guard lock(mutex_);
  calls_.push_back(call);
}

/// \return false if the server is to end.
bool HttpServer::wait(std::chrono::milliseconds delay) {
  std::unique_lock lock(mutex_);
  return !closes_.wait_for(lock, delay, [this] { return closing_; });
}

}  // namespace tests
