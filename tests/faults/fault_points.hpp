#pragma once

#include <array>

namespace tests {

/// Where a run can be stopped or met: every fault point of the program.
/// fault_points_test.cpp holds this list against the sources.
struct FaultPoint {
  const char* name;
  /// A hit besides the first, that a run on a BusyWorld comes to.
  int later_hit;
};

inline constexpr std::array fault_points{
    FaultPoint{"page.read", 2},
    FaultPoint{"batch.looked", 4},
    FaultPoint{"batch.before_destroy", 5},
    FaultPoint{"batch.destroyed", 4},
    FaultPoint{"window.judged", 3},
    FaultPoint{"window.before_resolve", 2},
    FaultPoint{"objects.leased", 2},
    FaultPoint{"objects.before_remove", 3},
    FaultPoint{"objects.removed", 5},
    FaultPoint{"objects.forgotten", 4},
    FaultPoint{"objects.pruned", 6},
    FaultPoint{"db.before_commit_answer", 31},
};

}  // namespace tests
