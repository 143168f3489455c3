#pragma once

#include <array>

namespace tests {

/// Where a run can be stopped or met: every fault point of the program.
/// fault_points_test.cpp holds these lists against the sources.
struct FaultPoint {
  const char* name;
  /// A hit besides the first, that a run of the list's tests comes to.
  int later_hit;
};

/// Those of a run on a BusyWorld.

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

/// Those of the builds pass, and of the traces pass.
inline constexpr std::array builds_fault_points{
    FaultPoint{"builds.before_drop", 2},
    FaultPoint{"builds.after_drop", 2},
    FaultPoint{"builds.before_status", 2},
    FaultPoint{"builds.before_leftovers", 2},
};
/// Those between two databases; the builds pass's first one as well.
inline constexpr std::array two_databases_fault_points{
    FaultPoint{"statistics.before", 1},
    FaultPoint{"statistics.after", 1},
    FaultPoint{"statistics.looked", 1},
    FaultPoint{"builds.before_deployments", 1},
    FaultPoint{"builds.wave_read", 1},
};
/// That of check, and of what a run checks before it begins.
inline constexpr std::array check_fault_points{
    FaultPoint{"check.looked", 1},
};
inline constexpr std::array traces_fault_points{
    FaultPoint{"traces.chunks_read", 2},
    FaultPoint{"traces.after_row", 2},
    FaultPoint{"traces.after_put", 2},
    FaultPoint{"traces.before_complete", 2},
    FaultPoint{"traces.before_forget", 2},
    FaultPoint{"traces.between_forgets", 2},
};

}  // namespace tests
