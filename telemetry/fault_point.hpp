#pragma once

#include <string_view>

namespace telemetry {

/// A place where tests make a fault happen: between two steps that a crash
/// could part.  The program is linked with fault_point_off.cpp, which does
/// nothing; the test build with tests/support/fault_point.cpp, which kills the
/// process at the point that JANITOR_TEST_FAULT names, or calls a test's hook.
void fault_point(std::string_view name);

}  // namespace telemetry
