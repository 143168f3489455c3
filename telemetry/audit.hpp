#pragma once

#include <nlohmann/json_fwd.hpp>

#include <string>

namespace telemetry {

/// The audit: lines of the log about single rows.  Only in JSON and at level
/// info: a row is 300 bytes, a million of them 300 MB, which is for machines
/// that were told to keep them.  Elsewhere it costs a look at a flag.
///
/// May be used from several threads at once, once set up.

/// \param run_id stands in every line.
void set_up_audit(bool wanted, const std::string& run_id);

/// Whether anybody wants lines; else making them is in vain.
bool is_audited();

/// Write a line: time, level, run_id, a message, then \a fields.
void audit(const char* message, const nlohmann::ordered_json& fields);

}  // namespace telemetry
