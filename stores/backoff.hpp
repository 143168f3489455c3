#pragma once

#include <atomic>
#include <chrono>
#include <functional>
#include <optional>

namespace stores {

/// How long to bear with a store that does not answer, or wants less of us.
struct Patience {
  std::chrono::milliseconds first_wait{100};
  std::chrono::milliseconds longest_wait{5'000};
  int tries = 10;                           ///< the first is one of them
  std::chrono::milliseconds whole{60'000};  ///< from the first try on
};

/// A store that wants to be left alone for longer is asked again after this.
constexpr std::chrono::milliseconds longest_retry_after{60'000};

/// What a store asked for, as far as we go along with it.
std::chrono::milliseconds within_reason(std::chrono::milliseconds retry_after);

/// Time and chance; tests bring their own.
struct Timing {
  using Now = std::chrono::steady_clock::time_point;

  std::function<Now()> now;
  std::function<double()> chance;  ///< evenly from 0 to below 1
  /// Sleep so long, but no longer once the other is true.
  std::function<void(std::chrono::milliseconds, const std::atomic<bool>&)>
      sleep;
};

/// Sleep so long, but hardly longer once \a stop is true.
void sleep_until_stopped(std::chrono::milliseconds duration,
                         const std::atomic<bool>& stop);

/// Those of the world.  May be used from several threads at once.
Timing real_timing();

/// How long to wait between tries of one thing: at first up to
/// Patience::first_wait, then up to twice as long each time, and any time
/// between nothing and that by chance, so that those who were refused together
/// don't come back together ("full jitter": Brooker, Exponential Backoff And
/// Jitter, AWS Architecture Blog, 2015).
///
/// What it is given by reference must outlive it.
class Backoff {
 public:
  Backoff(const Patience& patience, const std::atomic<bool>& stop,
          const Timing& timing);

  /// Another try has failed.
  ///
  /// \param retry_after how long the store wants to be left alone.  The wait is
  ///        never shorter, but for longest_retry_after; chance comes on top.
  /// \return how long to wait before the next; nothing if there is to be none.
  std::optional<std::chrono::milliseconds> next(
      std::chrono::milliseconds retry_after = {});

  /// How many tries there were, with the one that is under way or to come.
  [[nodiscard]] int tries() const { return tries_; }

 private:
  [[nodiscard]] std::chrono::milliseconds jittered() const;

  const Patience& patience_;
  const std::atomic<bool>& stop_;
  const Timing& timing_;
  const Timing::Now until_;
  std::chrono::milliseconds ceiling_;
  int tries_ = 1;
};

}  // namespace stores
