#pragma once

#include <string>
#include <vector>

#include "telemetry/report.hpp"

namespace telemetry {

/// A run for people: one page of HTML that needs nothing else, no network and
/// no script, readable on a phone, light or dark as the reader likes it.  Says
/// what was done, pass by pass and in the fifty projects where it was most,
/// draws how it went, and names what is left, and every problem listed with
/// what to do.
///
/// Figures are those of summary_json(); each stands in a <data> element whose
/// data-field is its way in that document ("unlocked.destroyed") and whose
/// value is the plain number.  Whatever rows held is text here, and never
/// markup.
std::string report_page(const Report& report);

/// What follows are its parts.

/// \a text as HTML shows it; what commands a terminal is escaped too.
std::string html(std::string_view text);

/// Two plots as one <svg>: how many were done a second, and what a statement
/// took on the average.  A sentence where there is nothing to draw.
std::string plots_of_run(const std::vector<Moment>& moments);

/// What to do about problems of that table.
std::string_view advice_on(std::string_view table);

}  // namespace telemetry
