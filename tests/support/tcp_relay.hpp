#pragma once

#include <netinet/in.h>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <optional>
#include <queue>
#include <string>
#include <utility>
#include <vector>

namespace tests {

/// How a connection ends.
enum class HangUp {
  reset,  ///< "connection reset by peer" (RST)
  close   ///< as if all had been said (FIN)
};

/// A descriptor that is closed with its owner.
class Descriptor {
 public:
  /// \throws std::runtime_error if it is none
  explicit Descriptor(int handle);
  Descriptor(Descriptor&& other) noexcept
      : handle_(std::exchange(other.handle_, -1)) {}
  ~Descriptor();
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  Descriptor& operator=(Descriptor&&) = delete;

  [[nodiscard]] int get() const { return handle_; }

 private:
  int handle_;
};

/// \throws std::runtime_error
Descriptor tcp_socket();

/// What holds for all connections of a TcpProxy.
struct TcpNetwork {
  using Clock = std::chrono::steady_clock;
  struct Cut {
    std::size_t to_pass;
    HangUp how;
  };
  /// When which connection has something to pass on.
  using Due = std::pair<Clock::time_point, std::uint64_t>;

  sockaddr_in server{};
  Descriptor epoll;
  Clock::duration delay{};
  bool swallows = false;
  std::optional<Cut> cut{};  ///< for the connection whose server speaks next
  bool has_cut = false;
  std::priority_queue<Due, std::vector<Due>, std::greater<>> schedule{};
};

/// One connection of a TcpProxy: what its client and its server say to each
/// other, and is still under way.  Once a method says that it is over, it is
/// to be destroyed, which closes both sockets.
class TcpRelay {
 public:
  enum Side { client = 0, server = 1 };

  /// \param number epoll knows the sides as number * 2 and number * 2 + 1
  TcpRelay(TcpNetwork& network, Descriptor client_socket, std::uint64_t number);

  /// Something has happened at this side.
  /// \return whether it goes on.
  bool serve(Side side);
  /// Pass on what is due, both ways.
  /// \return whether it goes on.
  bool pass();
  void hang_up(HangUp how) const;
  /// Tell epoll what we wait for.
  void update_interest();

 private:
  /// Bytes on their way; none are the end of what a side says.
  struct Piece {
    TcpNetwork::Clock::time_point due;
    std::string bytes;
  };

  struct End {
    Descriptor socket;
    bool connected;
    std::uint32_t interest = 0;  ///< what epoll is to tell us of
    // What it says to the other end:
    std::deque<Piece> pieces{};
    std::size_t passed = 0;     ///< of the first piece
    std::size_t under_way = 0;  ///< of all pieces
    bool ended = false;         ///< it has said all
    bool told = false;          ///< and the other has been told
    bool blocked = false;       ///< the other takes no more just now
  };

  bool connect();
  bool read(Side side);
  void take(Side side, std::string bytes);
  void apply_cut(std::string& bytes);
  bool pass_from(Side side);
  static bool pass_piece(End& from, const End& to);
  void set_interest(Side side, std::uint32_t events);

  TcpNetwork& network_;
  const std::uint64_t number_;
  End ends_[2];
  bool fresh_ = true;    ///< nothing has been said yet
  bool doomed_ = false;  ///< nothing comes after the server's last piece
  std::optional<TcpNetwork::Cut> cut_;
};

}  // namespace tests
