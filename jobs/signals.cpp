#include "jobs/signals.hpp"

#include <csignal>

namespace jobs {
namespace {

// Lock-free on every platform that has threads, so safe in a handler.
std::atomic<bool> stop{false};
std::atomic<int> received{0};
static_assert(std::atomic<bool>::is_always_lock_free &&
              std::atomic<int>::is_always_lock_free);

void request_stop(int signal) {
  int none = 0;
  received.compare_exchange_strong(none, signal);
  stop = true;
}

}  // namespace

void catch_signals() {
  struct sigaction action {};
  action.sa_handler = request_stop;
  action.sa_flags = SA_RESTART;
  sigaction(SIGTERM, &action, nullptr);
  sigaction(SIGINT, &action, nullptr);
  std::signal(SIGPIPE, SIG_IGN);
}

const std::atomic<bool>& stop_requested() {
  return stop;
}

int signal_received() {
  return received;
}

}  // namespace jobs
