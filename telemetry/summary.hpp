#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>

#include "telemetry/report.hpp"

namespace telemetry {

/// What a person reads of the rows that a pass has kept.
std::string what_is_kept(const PassReport& pass);

/// The summary of a run as one JSON document; docs/reference.md lists its
/// fields. Whatever the rows held, every string in it is UTF-8, so that dump()
/// never throws.
nlohmann::ordered_json summary_json(const Report& report);

/// What it says of one pass.
nlohmann::ordered_json pass_json(const Report& report, Pass which);

/// The same for people: a line a pass, what is left, and the problems (the
/// first ten, and how many more), bytes as MiB.  Control characters are
/// escaped; the last line ends with a line break.
std::string summary_text(const Report& report);

}  // namespace telemetry
