#pragma once

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "stores/store.hpp"
#include "tests/stores/store_subject.hpp"
#include "tests/support/recording_store.hpp"

namespace tests {

/// For stores that nobody stops.
inline const std::atomic<bool> never_stops{false};

/// A decorator around a recording store that the test can reach.
template <typename Decorator, typename Inner = RecordingStore>
class Decorated {
  std::unique_ptr<Inner> owned_;  ///< until the decorator owns it

 public:
  /// \param arguments of the decorator, after the store that it owns.
  template <typename... Arguments>
  explicit Decorated(Arguments&&... arguments)
      : owned_(std::make_unique<Inner>()),
        inner(*owned_),
        store(std::move(owned_), std::forward<Arguments>(arguments)...) {}

  Inner& inner;
  Decorator store;
};

/// Objects that are there, removed so many a request.
inline std::vector<stores::ObjectKey> filled(RecordingStore& store,
                                             std::int64_t count,
                                             std::size_t a_request = 1000) {
  std::vector<stores::ObjectKey> keys = some_keys(count);
  for (const stores::ObjectKey& key : keys)
    store.put(key);
  store.set_keys_a_request(a_request);
  return keys;
}

/// Counts who is inside of something at the same time, and lets them wait for
/// each other.
class Crowd {
 public:
  void enter() {
    const int now = ++inside_;
    for (int most = most_;
         most < now && !most_.compare_exchange_weak(most, now);)
      continue;
  }
  void leave() { --inside_; }

  /// Wait until there were so many at the same time.
  ///
  /// \throws std::runtime_error if that does not happen for long.
  void wait_for(int count) const {
    const auto until = std::chrono::steady_clock::now() + patience;
    while (most_ < count) {
      if (std::chrono::steady_clock::now() > until)
        throw std::runtime_error("nobody came");
      std::this_thread::yield();
    }
  }

  /// How many there were at the same time, at most.
  [[nodiscard]] int most() const { return most_; }

 private:
  static constexpr std::chrono::seconds patience{20};
  std::atomic<int> inside_{0};
  std::atomic<int> most_{0};
};

}  // namespace tests
