#pragma once

#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <optional>

#include "stores/backoff.hpp"

namespace stores {

/// How many requests may be under way to a server at the same time: between one
/// and a width, as many as it bears.
///
/// Their number falls by half when the server says that it is asked too much,
/// and grows by one after as many successes as there are permits (additive
/// increase, multiplicative decrease: Chiu and Jain, 1989).  A number that was
/// refused is tried again after first_probe successes only, and each time that
/// it is refused once more after twice as many: once settled, fewer than one of
/// 200 requests is wasted on finding out.  What was under way when the number
/// fell counts neither way: those requests were of a time when there were more.
///
/// May be used from several threads at once.
class Permits {
 public:
  static constexpr std::size_t first_probe = 200;
  static constexpr std::size_t longest_probe = 3'200;

  /// \param width at least 1.
  /// \param stop once true, nobody is held back because a server asked for it.
  Permits(std::size_t width, const std::atomic<bool>& stop, Timing timing);

  /// Leave to have one request under way, for as long as it lives, in one
  /// thread.  A thread that has one already gets another without taking it: who
  /// holds a permit never waits for one.
  class Permit {
   public:
    /// Waits until there is one.
    explicit Permit(Permits& permits);
    ~Permit();
    Permit(const Permit&) = delete;
    Permit& operator=(const Permit&) = delete;

    /// The server answered what it was asked.
    void succeeded();
    /// The server said that it is asked too much.
    ///
    /// \param retry_after no permit is given out for so long, up to
    ///        longest_retry_after.
    void refused(std::chrono::milliseconds retry_after);

   private:
    Permits& permits_;
    const bool nested_;
    const std::uint64_t round_;
  };

  /// How many there are now, given out or not.
  [[nodiscard]] std::size_t count() const;

  /// This thread has one.
  [[nodiscard]] bool held_here() const;

 private:
  std::uint64_t take();
  void give_back();
  std::uint64_t current_round() const;
  void count_success(std::uint64_t round);
  [[nodiscard]] std::size_t successes_to_grow() const;
  void count_refusal(std::uint64_t round,
                     std::chrono::milliseconds retry_after);
  [[nodiscard]] std::chrono::milliseconds held_back() const;

  const std::size_t width_;
  const std::atomic<bool>& stop_;
  const Timing timing_;
  mutable std::mutex mutex_;  ///< guards what follows
  std::condition_variable changed_;
  std::size_t count_;
  std::size_t under_way_ = 0;
  std::size_t successes_ = 0;  ///< since the number changed
  /// The least number of late that the server refused.
  std::optional<std::size_t> too_many_;
  std::size_t probe_after_ = first_probe;
  std::uint64_t round_ = 0;  ///< how often it has fallen
  Timing::Now not_before_;
};

}  // namespace stores
