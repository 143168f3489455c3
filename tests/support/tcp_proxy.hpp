#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <thread>

#include "tests/support/tcp_relay.hpp"

namespace tests {

/// A network between a client and a server, on a port of 127.0.0.1 of its own:
/// passes on what they say, and does wrong where a test wants it.
///
///     tests::TcpProxy proxy("127.0.0.1", server.port());
///     proxy.cut(100);
///     tests::TestBucket bucket(server.at(proxy.port()));
///
/// One thread carries hundreds of connections, none of which waits for another.
/// A command holds when it returns, and may come from any thread.
class TcpProxy {
 public:
  /// \param host of the server, as an address: "127.0.0.1"
  /// \throws std::runtime_error
  TcpProxy(const std::string& host, int port);
  ~TcpProxy();
  TcpProxy(const TcpProxy&) = delete;
  TcpProxy& operator=(const TcpProxy&) = delete;

  [[nodiscard]] int port() const { return port_; }

  /// Each way takes so long from now on: a request and its answer twice that,
  /// and on a new connection twice that again, as its handshake would.  Any
  /// number of bytes may be under way at a time.
  void delay(std::chrono::microseconds one_way);
  /// Hang up, once, when the server has said \a bytes more: of the next answer,
  /// if none is under way.  0 is in place of its first byte.
  void cut(std::size_t bytes, HangUp how = HangUp::reset);
  /// Take connections, and pass nothing on; what was swallowed is passed on
  /// after all when that ends.
  void swallow(bool on);
  /// Refuse new connections; those that are open stay open.
  void refuse(bool on);
  /// End all connections that are open.
  void hang_up(HangUp how = HangUp::reset);

  /// Whether the last cut() has been done.
  [[nodiscard]] bool has_cut() const;
  /// How many have been taken so far.
  [[nodiscard]] int connections() const;

 private:
  using Relays = std::map<std::uint64_t, TcpRelay>;

  void listen();
  void run();
  void handle(std::uint64_t event);
  void accept_all();
  void pass_what_is_due();
  void set_timer(TcpNetwork::Clock::time_point at);

  mutable std::mutex mutex_;  ///< guards what follows, but for thread_
  TcpNetwork network_;
  Descriptor timer_;
  /// Bound and never listening: keeps the port ours while nobody listens.
  Descriptor place_;
  int port_;
  std::optional<Descriptor> listener_;
  bool closing_ = false;
  int connections_ = 0;
  Relays relays_;
  TcpNetwork::Clock::time_point timer_at_{};
  std::thread thread_;
};

}  // namespace tests
