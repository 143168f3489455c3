#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

namespace telemetry {

/// A moment in UTC, to the microsecond, as PostgreSQL keeps it.
/// Timestamp::min() and ::max() stand for PostgreSQL's -infinity and infinity.
using Timestamp = std::chrono::sys_time<std::chrono::microseconds>;

/// "2022-10-06T12:30:00Z", with a fraction only where there is one; years
/// before the first as PostgreSQL writes and reads them ("0044-03-15T12:00:00Z
/// BC"); "-infinity" and "infinity" for the two ends.
std::string format_timestamp(Timestamp moment);

/// Read ISO 8601: a date, 'T' or a blank, a time (seconds and fraction may be
/// left out), and 'Z', an offset (+02, +0200, +02:00) or nothing, which is UTC.
/// Also reads whatever format_timestamp() writes.
///
/// \return nothing where the text is not such a moment, does not exist in the
///         calendar, or can't be kept exactly (a seventh digit of a second).
std::optional<Timestamp> parse_timestamp(std::string_view text);

}  // namespace telemetry
