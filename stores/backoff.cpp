#include "stores/backoff.hpp"

#include <algorithm>
#include <cstdint>
#include <random>
#include <thread>

namespace stores {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

/// How late a sleeper may notice that it is to stop.
constexpr milliseconds sleeping_step{25};

double chance_of_this_thread() {
  thread_local std::mt19937 generator(std::random_device{}());
  return std::uniform_real_distribution<double>()(generator);
}

}  // namespace

void sleep_until_stopped(milliseconds duration, const std::atomic<bool>& stop) {
  const auto until = steady_clock::now() + duration;
  while (!stop && steady_clock::now() < until)
    std::this_thread::sleep_for(std::min(duration, sleeping_step));
}

milliseconds within_reason(milliseconds retry_after) {
  return std::clamp(retry_after, milliseconds{0}, longest_retry_after);
}

Timing real_timing() {
  return {steady_clock::now, chance_of_this_thread, sleep_until_stopped};
}

Backoff::Backoff(const Patience& patience, const std::atomic<bool>& stop,
                 const Timing& timing)
    : patience_(patience),
      stop_(stop),
      timing_(timing),
      until_(timing.now() + patience.whole),
      ceiling_(std::min(patience.first_wait, patience.longest_wait)) {}

std::optional<milliseconds> Backoff::next(milliseconds retry_after) {
  if (stop_ || tries_ >= patience_.tries)
    return std::nullopt;
  const milliseconds wait = within_reason(retry_after) + jittered();
  if (timing_.now() + wait > until_)
    return std::nullopt;
  ++tries_;
  ceiling_ = std::min(ceiling_ * 2, patience_.longest_wait);
  return wait;
}

milliseconds Backoff::jittered() const {
  const auto most = static_cast<double>(ceiling_.count());
  return milliseconds(static_cast<std::int64_t>(timing_.chance() * most));
}

}  // namespace stores
