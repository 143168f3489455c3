#include "tests/support/tcp_proxy.hpp"

#include <arpa/inet.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include <iterator>
#include <stdexcept>
#include <utility>

namespace tests {
namespace {

using Clock = TcpNetwork::Clock;

constexpr std::uint64_t listener_event = 0;
constexpr std::uint64_t timer_event = 1;  // 2 and 3 are the first connection's

sockaddr_in tcp_address(const std::string& host, int port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<std::uint16_t>(port));
  if (::inet_pton(AF_INET, host.c_str(), &address.sin_addr) != 1)
    throw std::runtime_error("a proxy needs an IPv4 address, not " + host);
  return address;
}

/// \param port 0 for one that is free
Descriptor bound_socket(int port) {
  Descriptor socket = tcp_socket();
  const int on = 1;
  ::setsockopt(socket.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  const sockaddr_in address = tcp_address("127.0.0.1", port);
  if (::bind(socket.get(), reinterpret_cast<const sockaddr*>(&address),
             sizeof address) != 0)
    throw std::runtime_error("a proxy can't have its port");
  return socket;
}

int port_of(const Descriptor& socket) {
  sockaddr_in address{};
  socklen_t size = sizeof address;
  ::getsockname(socket.get(), reinterpret_cast<sockaddr*>(&address), &size);
  return ntohs(address.sin_port);
}

void watch(const TcpNetwork& network, const Descriptor& descriptor,
           std::uint64_t number) {
  epoll_event event{};
  event.events = EPOLLIN;
  event.data.u64 = number;
  ::epoll_ctl(network.epoll.get(), EPOLL_CTL_ADD, descriptor.get(), &event);
}

}  // namespace

TcpProxy::TcpProxy(const std::string& host, int port)
    : network_{tcp_address(host, port),
               Descriptor(::epoll_create1(EPOLL_CLOEXEC))},
      timer_(::timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK)),
      place_(bound_socket(0)),
      port_(port_of(place_)) {
  watch(network_, timer_, timer_event);
  listen();
  thread_ = std::thread([this] { run(); });
}

TcpProxy::~TcpProxy() {
  {
    const std::lock_guard lock(mutex_);
    closing_ = true;
    set_timer(Clock::now());
  }
  thread_.join();
}

void TcpProxy::delay(std::chrono::microseconds one_way) {
  const std::lock_guard lock(mutex_);
  network_.delay = one_way;
}

void TcpProxy::cut(std::size_t bytes, HangUp how) {
  const std::lock_guard lock(mutex_);
  network_.cut = {bytes, how};
  network_.has_cut = false;
}

void TcpProxy::swallow(bool on) {
  const std::lock_guard lock(mutex_);
  network_.swallows = on;
  for (auto& [number, relay] : relays_)
    relay.update_interest();
  // What became due meanwhile has missed its turn.
  for (auto relay = relays_.begin(); relay != relays_.end();) {
    const bool goes_on = relay->second.pass();
    relay = goes_on ? std::next(relay) : relays_.erase(relay);
  }
}

void TcpProxy::refuse(bool on) {
  const std::lock_guard lock(mutex_);
  if (on)
    listener_.reset();
  else if (!listener_)
    listen();
}

void TcpProxy::hang_up(HangUp how) {
  const std::lock_guard lock(mutex_);
  for (const auto& [number, relay] : relays_)
    relay.hang_up(how);
  relays_.clear();
}

bool TcpProxy::has_cut() const {
  const std::lock_guard lock(mutex_);
  return network_.has_cut;
}

int TcpProxy::connections() const {
  const std::lock_guard lock(mutex_);
  return connections_;
}

void TcpProxy::listen() {
  listener_.emplace(bound_socket(port_));
  if (::listen(listener_->get(), SOMAXCONN) != 0)
    throw std::runtime_error("a proxy can't listen at its port");
  watch(network_, *listener_, listener_event);
}

void TcpProxy::run() {
  epoll_event events[64];
  for (;;) {
    const int count = ::epoll_wait(network_.epoll.get(), events, 64, -1);
    const std::lock_guard lock(mutex_);
    if (closing_)
      return;
    for (int i = 0; i < count; ++i)
      handle(events[i].data.u64);
    if (!network_.schedule.empty())
      set_timer(network_.schedule.top().first);
  }
}

void TcpProxy::handle(std::uint64_t event) {
  if (event == listener_event)
    return accept_all();
  if (event == timer_event)
    return pass_what_is_due();
  // It may have ended by what happened just before.
  const auto relay = relays_.find(event / 2);
  const auto side = event % 2 == 0 ? TcpRelay::client : TcpRelay::server;
  if (relay != relays_.end() && !relay->second.serve(side))
    relays_.erase(relay);
}

void TcpProxy::accept_all() {
  while (listener_) {
    const int client = ::accept4(listener_->get(), nullptr, nullptr,
                                 SOCK_CLOEXEC | SOCK_NONBLOCK);
    if (client < 0)
      return;
    const auto number = static_cast<std::uint64_t>(++connections_);
    relays_.try_emplace(number, network_, Descriptor(client), number);
  }
}

void TcpProxy::pass_what_is_due() {
  std::uint64_t times = 0;  // to be read, or epoll goes on telling us
  timer_at_ = Clock::time_point::max();
  if (::read(timer_.get(), &times, sizeof times) < 0)
    return;
  auto& schedule = network_.schedule;
  const auto now = Clock::now();
  while (!schedule.empty() && schedule.top().first <= now) {
    const auto relay = relays_.find(schedule.top().second);
    schedule.pop();
    if (relay != relays_.end() && !relay->second.pass())
      relays_.erase(relay);
  }
}

void TcpProxy::set_timer(Clock::time_point at) {
  if (at == timer_at_)
    return;
  timer_at_ = at;
  const auto since = at.time_since_epoch();
  const auto whole = std::chrono::duration_cast<std::chrono::seconds>(since);
  itimerspec when{};
  when.it_value.tv_sec = whole.count();
  when.it_value.tv_nsec = std::chrono::nanoseconds(since - whole).count();
  ::timerfd_settime(timer_.get(), TFD_TIMER_ABSTIME, &when, nullptr);
}

}  // namespace tests
