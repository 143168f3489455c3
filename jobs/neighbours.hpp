#pragma once

#include <chrono>
#include <deque>

#include "db/neighbours.hpp"

namespace jobs {

/// Tells whether anybody else writes to the server, by looks at how many
/// transactions have written and how many of them were ours.
///
/// Two looks are enough to tell, however near: what they say holds for five
/// times as long as lies between them, five seconds at most.  Where 18 write a
/// second, though, half of all looks 30 ms apart see none: who wrote before the
/// run is taken to be there still, until it has looked for a second.
///
/// Another run counts as somebody else.  Who only reads is not seen; a GitLab
/// that somebody uses never only reads.
class Neighbours {
 public:
  using Clock = std::chrono::steady_clock;
  /// So far back it looks.
  static constexpr std::chrono::seconds window{1};
  /// At the pace of so many within it: a server that nobody uses has fewer.
  static constexpr std::int64_t few = 3;

  /// Before the first look.  A time of less than two seconds tells nothing,
  /// since it is known to the second.
  void wrote_before(const db::RecentWrites& recent, Clock::time_point now);
  void saw(const db::Writes& writes, Clock::time_point now);
  [[nodiscard]] bool are_at_work(Clock::time_point now) const {
    return now < until_;
  }

 private:
  struct Look {
    Clock::time_point at;
    db::Writes writes;
  };

  std::deque<Look> looks_;
  Clock::time_point until_{};
};

}  // namespace jobs
