#include "tests/support/tcp_relay.hpp"

#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <stdexcept>

namespace tests {
namespace {

using Clock = TcpNetwork::Clock;

// A sender who is ahead of a slow receiver by more has to wait.  50 MB/s at a
// delay of 100 ms need 5 MB.
constexpr std::size_t most_under_way = std::size_t{16} << 20U;

void send_at_once(const Descriptor& socket) {
  const int on = 1;
  ::setsockopt(socket.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
}

}  // namespace

Descriptor::Descriptor(int handle) : handle_(handle) {
  if (handle_ < 0)
    throw std::runtime_error(std::string("a proxy gets no descriptor: ") +
                             std::strerror(errno));
}

Descriptor::~Descriptor() {
  if (handle_ >= 0)
    ::close(handle_);
}

Descriptor tcp_socket() {
  return Descriptor(
      ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
}

TcpRelay::TcpRelay(TcpNetwork& network, Descriptor client_socket,
                   std::uint64_t number)
    : network_(network),
      number_(number),
      ends_{{std::move(client_socket), true}, {tcp_socket(), false}} {
  for (const End& end : ends_)
    send_at_once(end.socket);
  connect();  // if it is refused, epoll tells us so
  update_interest();
}

// Asked again, the call says how the first one has ended.
bool TcpRelay::connect() {
  const auto& address = reinterpret_cast<const sockaddr&>(network_.server);
  const int result =
      ::connect(ends_[server].socket.get(), &address, sizeof network_.server);
  ends_[server].connected = result == 0 || errno == EISCONN;
  return ends_[server].connected || errno == EINPROGRESS || errno == EALREADY;
}

bool TcpRelay::serve(Side side) {
  const End& end = ends_[side];
  bool goes_on = true;
  if (!end.connected)
    goes_on = connect();
  else if ((end.interest & EPOLLIN) != 0)
    goes_on = read(side);
  if (!goes_on)
    hang_up(HangUp::reset);
  return goes_on && pass();
}

bool TcpRelay::read(Side side) {
  char buffer[65536];
  const auto count = ::recv(ends_[side].socket.get(), buffer, sizeof buffer, 0);
  if (count < 0)
    return errno == EAGAIN;
  take(side, std::string(buffer, static_cast<std::size_t>(count)));
  return true;
}

void TcpRelay::take(Side side, std::string bytes) {
  End& from = ends_[side];
  from.ended = bytes.empty();
  if (side == server && !from.ended)
    apply_cut(bytes);
  if (bytes.empty() && !from.ended)
    return;  // all of it is cut off

  const auto now = Clock::now();
  auto due = now + (fresh_ ? 3 : 1) * network_.delay;
  if (!from.pieces.empty())
    due = std::max(due, from.pieces.back().due);
  fresh_ = false;
  from.under_way += bytes.size();
  from.pieces.push_back({due, std::move(bytes)});
  if (due > now)
    network_.schedule.emplace(due, number_);
}

void TcpRelay::apply_cut(std::string& bytes) {
  if (network_.cut)
    cut_ = std::exchange(network_.cut, std::nullopt);
  if (!cut_)
    return;
  bytes.resize(std::min(bytes.size(), cut_->to_pass));
  cut_->to_pass -= bytes.size();
  doomed_ = cut_->to_pass == 0;
}

bool TcpRelay::pass() {
  if (network_.swallows)
    return true;
  if (!pass_from(client) || !pass_from(server)) {
    hang_up(HangUp::reset);
    return false;
  }
  if (doomed_ && ends_[server].pieces.empty()) {
    hang_up(cut_->how);
    network_.has_cut = true;
    return false;
  }
  update_interest();
  return !(ends_[client].told && ends_[server].told);
}

bool TcpRelay::pass_from(Side side) {
  End& from = ends_[side];
  const End& to = ends_[1 - side];
  const auto now = Clock::now();
  from.blocked = !to.connected;
  while (!from.blocked && !from.pieces.empty() &&
         from.pieces.front().due <= now) {
    if (!pass_piece(from, to))
      return false;
  }
  return true;
}

bool TcpRelay::pass_piece(End& from, const End& to) {
  const std::string& bytes = from.pieces.front().bytes;
  if (bytes.empty()) {
    from.told = true;
    from.pieces.pop_front();
    return ::shutdown(to.socket.get(), SHUT_WR) == 0;
  }
  const auto count = ::send(to.socket.get(), bytes.data() + from.passed,
                            bytes.size() - from.passed, MSG_NOSIGNAL);
  if (count < 0) {
    from.blocked = errno == EAGAIN;
    return from.blocked;
  }
  from.passed += static_cast<std::size_t>(count);
  from.under_way -= static_cast<std::size_t>(count);
  if (from.passed == bytes.size()) {
    from.passed = 0;
    from.pieces.pop_front();
  }
  return true;
}

void TcpRelay::hang_up(HangUp how) const {
  const linger at_once{1, 0};
  for (const End& end : ends_) {
    if (how == HangUp::reset)
      ::setsockopt(end.socket.get(), SOL_SOCKET, SO_LINGER, &at_once,
                   sizeof at_once);
    else
      ::shutdown(end.socket.get(), SHUT_WR);
  }
}

void TcpRelay::update_interest() {
  for (const Side side : {client, server}) {
    const End& here = ends_[side];
    const End& there = ends_[1 - side];
    std::uint32_t events = 0;
    if (!here.connected || there.blocked)
      events |= EPOLLOUT;
    if (here.connected && !here.ended && !doomed_ &&
        here.under_way < most_under_way)
      events |= EPOLLIN;
    set_interest(side, network_.swallows ? 0 : events);
  }
}

// An end of which we want nothing has to go: epoll would tell us of its hanging
// up again and again.
void TcpRelay::set_interest(Side side, std::uint32_t events) {
  End& end = ends_[side];
  if (events == end.interest)
    return;
  int operation = EPOLL_CTL_MOD;
  if (end.interest == 0)
    operation = EPOLL_CTL_ADD;
  else if (events == 0)
    operation = EPOLL_CTL_DEL;
  epoll_event event{};
  event.events = events;
  event.data.u64 = number_ * 2 + side;
  ::epoll_ctl(network_.epoll.get(), operation, end.socket.get(), &event);
  end.interest = events;
}

}  // namespace tests
