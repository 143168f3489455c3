#pragma once

#include <cstddef>
#include <string>

#include "telemetry/report.hpp"

namespace telemetry {

/// What Kubernetes keeps of a container's termination log; of a longer one it
/// would keep the end.
inline constexpr std::size_t longest_termination_message = 4096;

/// How a program ended: the summary with `exit_status` and `error` before it,
/// as one line of JSON of at most longest_termination_message bytes, line break
/// included.  Where that is too little, problems, then waiting groups are left
/// out from the end, and long texts are cut off; `problems_total` stays.
///
/// \param report where nothing was begun, only who it is.
/// \param error what was complained of at the end; "" for nothing
std::string termination_message(const Report& report, int exit_status,
                                const std::string& error);

}  // namespace telemetry
