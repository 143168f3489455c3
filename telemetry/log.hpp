#pragma once

#include <string>

namespace telemetry {

enum class LogFormat { text, json };

/// Set spdlog's default logger up: standard error, one line a message, with the
/// run's id in JSON.  Text is for people ("12:30:01 warning: …"), JSON for
/// machines (time, level, run_id, message, each properly escaped; control
/// characters never reach the terminal or a line of their own).
///
/// Messages may come from several threads at once, and beside a progress bar.
/// To be called before other threads log.
///
/// \param level one of trace, debug, info, warning, error, off.
/// \throws std::invalid_argument for another level.
void set_up_log(LogFormat format, const std::string& level,
                const std::string& run_id);

}  // namespace telemetry
