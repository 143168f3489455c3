// The servers that bench-objects is: a bucket without a bottom, and a network
// that takes its time.

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <charconv>
#include <csignal>
#include <iostream>
#include <string_view>

#include "benchmarks/bench_objects.hpp"
#include "stores/s3_location.hpp"
#include "tests/support/tcp_proxy.hpp"

namespace bench {
namespace {

constexpr std::string_view answer =
    "HTTP/1.1 200 OK\r\nContent-Type: application/xml\r\n"
    "Content-Length: 15\r\n\r\n<DeleteResult/>";
constexpr std::string_view answer_to_head =
    "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n";

std::atomic<std::size_t> requests = 0;
std::atomic<std::size_t> keys = 0;

std::size_t count(std::string_view text, std::string_view word) {
  std::size_t found = 0;
  for (auto at = text.find(word); at != std::string_view::npos;
       at = text.find(word, at + word.size()))
    ++found;
  return found;
}

/// Of a libcurl, which writes the name so.
std::size_t length_of_body(std::string_view head) {
  constexpr std::string_view name = "Content-Length: ";
  std::size_t length = 0;
  if (const auto at = head.find(name); at != std::string_view::npos)
    std::from_chars(head.data() + at + name.size(), head.data() + head.size(),
                    length);
  return length;
}

/// Answers the first request of what has come, if it is whole.
///
/// \return how many bytes it had; 0: it is not all there.
std::size_t answer_first(int client, std::string_view came) {
  const std::size_t end = came.find("\r\n\r\n");
  if (end == std::string_view::npos)
    return 0;
  const std::string_view head = came.substr(0, end + 4);
  const std::size_t whole = head.size() + length_of_body(head);
  if (came.size() < whole)
    return 0;
  ++requests;
  keys += head.starts_with("DELETE ")
              ? 1
              : count(came.substr(head.size(), whole - head.size()), "<Key>");
  const std::string_view said =
      head.starts_with("HEAD ") ? answer_to_head : answer;
  if (send(client, said.data(), said.size(), MSG_NOSIGNAL) < 0)
    die("an answer can't be sent");
  return whole;
}

void converse(int client) {
  std::string came;
  std::vector<char> buffer(std::size_t{1} << 18U);
  for (;;) {
    const auto size = recv(client, buffer.data(), buffer.size(), 0);
    if (size <= 0)
      break;
    came.append(buffer.data(), static_cast<std::size_t>(size));
    while (const std::size_t done = answer_first(client, came))
      came.erase(0, done);
  }
  close(client);
}

/// \return its port.
int listen_at(int listener) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  if (bind(listener, reinterpret_cast<const sockaddr*>(&address), size) != 0 ||
      listen(listener, SOMAXCONN) != 0)
    die("the sink can't listen");
  getsockname(listener, reinterpret_cast<sockaddr*>(&address), &size);
  return ntohs(address.sin_port);
}

void accept_all(int listener) {
  for (;;) {
    const int client = accept(listener, nullptr, nullptr);
    if (client < 0)
      return;
    const int on = 1;
    setsockopt(client, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    std::thread(converse, client).detach();
  }
}

sigset_t end_signals() {
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGTERM);
  sigaddset(&set, SIGINT);
  return set;
}

/// All threads that are begun after it leave the signals to await_end().
void hold_back_end() {
  const sigset_t set = end_signals();
  pthread_sigmask(SIG_BLOCK, &set, nullptr);
}

void await_end() {
  const sigset_t set = end_signals();
  int signal = 0;
  sigwait(&set, &signal);
}

}  // namespace

void serve_sink() {
  hold_back_end();
  const int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  std::cout << "http://127.0.0.1:" << listen_at(listener) << std::endl;
  std::thread(accept_all, listener).detach();
  await_end();
  std::cout << "requests " << requests << "\nobjects " << keys << std::endl;
  std::_Exit(0);
}

void serve_delay(const std::string& url, std::chrono::microseconds round_trip) {
  hold_back_end();
  const std::string host = stores::parse_s3_endpoint(url).value().host;
  const std::size_t colon = host.find(':');
  tests::TcpProxy proxy(host.substr(0, colon),
                        std::stoi(host.substr(colon + 1)));
  proxy.delay(round_trip / 2);
  std::cout << "http://127.0.0.1:" << proxy.port() << std::endl;
  await_end();
}

}  // namespace bench
