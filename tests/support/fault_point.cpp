#include "tests/support/fault_point.hpp"

#include "telemetry/fault_point.hpp"

#include <atomic>
#include <csignal>
#include <cstdlib>
#include <map>
#include <mutex>
#include <string_view>

namespace tests {
namespace {

std::recursive_mutex mutex;
std::map<std::string, std::function<void()>, std::less<>> hooks;

/// What JANITOR_TEST_FAULT asks for: "NAME", "NAME:N" (at the N-th time), or
/// "NAME:N:TERM" (SIGTERM rather than SIGKILL).
struct Fault {
  std::string name;
  int at = 1;
  int signal = SIGKILL;
};

Fault read_fault() {
  const char* const text = std::getenv("JANITOR_TEST_FAULT");
  Fault fault{text ? text : ""};
  const auto first = fault.name.find(':');
  if (first == std::string::npos)
    return fault;
  const std::string rest = fault.name.substr(first + 1);
  fault.name.resize(first);
  fault.at = std::stoi(rest);
  if (rest.ends_with(":TERM"))
    fault.signal = SIGTERM;
  return fault;
}

void die_if_asked(std::string_view name) {
  static const Fault fault = read_fault();
  static std::atomic<int> passed{0};
  if (name == fault.name && ++passed == fault.at)
    std::raise(fault.signal);
}

}  // namespace

FaultHook::FaultHook(std::string name, std::function<void()> hook)
    : name_(std::move(name)) {
  const std::lock_guard lock(mutex);
  hooks[name_] = std::move(hook);
}

FaultHook::~FaultHook() {
  const std::lock_guard lock(mutex);
  hooks.erase(name_);
}

}  // namespace tests

void telemetry::fault_point(std::string_view name) {
  tests::die_if_asked(name);
  const std::lock_guard lock(tests::mutex);
  const auto hook = tests::hooks.find(name);
  if (hook != tests::hooks.end())
    hook->second();
}
