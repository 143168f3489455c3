#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <thread>

#include "jobs/context.hpp"

namespace jobs {

/// "unlocked: 1,200 done, 3,400 left, 310/s, 0:00:11 to go".
///
/// \param held_back time of the pass in which nothing was meant to be done
/// \param left rows; nothing: not known
std::string status_line(const telemetry::ProgressState& state,
                        std::chrono::duration<double> held_back,
                        std::optional<std::int64_t> left);

/// Answers SIGUSR1, from a thread of its own, with one line on standard error:
/// how far the pass under way is.  What is left is counted for the answer, as
/// long as that takes less than a second; else it is what the planner expected
/// when the pass began.
class StatusTeller {
 public:
  /// \param context outlives it.
  explicit StatusTeller(Context& context);

 private:
  std::jthread thread_;
};

}  // namespace jobs
