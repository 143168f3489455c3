#include "jobs/signals.hpp"

#include <csignal>

namespace jobs {
namespace {

// Lock-free on every platform that has threads, so safe in a handler.
std::atomic<bool> stop{false};
std::atomic<int> received{0};
std::atomic<bool> pause_wanted{false};
std::atomic<unsigned> status_wanted{0};
static_assert(std::atomic<bool>::is_always_lock_free &&
              std::atomic<int>::is_always_lock_free);

void request_pause(int /*signal*/) {
  pause_wanted = !pause_wanted;
}

void request_status(int /*signal*/) {
  ++status_wanted;
}

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
  action.sa_handler = request_status;
  sigaction(SIGUSR1, &action, nullptr);
  action.sa_handler = request_pause;
  sigaction(SIGUSR2, &action, nullptr);
  std::signal(SIGPIPE, SIG_IGN);
}

const std::atomic<bool>& stop_requested() {
  return stop;
}

bool pause_requested() {
  return pause_wanted;
}

unsigned status_requests() {
  return status_wanted;
}

int signal_received() {
  return received;
}

}  // namespace jobs
