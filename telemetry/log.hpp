#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>

namespace telemetry {

enum class LogFormat { text, json };

/// Set spdlog's default logger up: standard error, one line a message, with the
/// run's id in JSON.  Text is for people ("12:30:01 warning: …"), JSON for
/// machines (time, level, pass, run_id, message, fields, each properly escaped;
/// control characters never reach the terminal or a line of their own).
///
/// Messages may come from several threads at once, and beside a progress bar.
/// To be called before other threads log.
///
/// \param level one of trace, debug, info, warning, error, off.
/// \throws std::invalid_argument for another level.
void set_up_log(LogFormat format, const std::string& level,
                const std::string& run_id);

/// What is logged from now on belongs to that pass, by whichever thread; "" is
/// none.  A run has one pass at a time.
///
/// \param pass outlives the log, and ends with a null.
void set_log_pass(std::string_view pass);

/// Log \a message; for machines with these figures beside it, as a JSON object,
/// so that nobody has to take the sentence apart.
///
/// \param level as set_up_log()
void log_with(const std::string& level, const std::string& message,
              const nlohmann::ordered_json& fields);

}  // namespace telemetry
