#pragma once

#include <string_view>

namespace telemetry {

/// Standard error as log and progress share it: lines, and at most one bar
/// below them.  A line clears the bar, and the bar is drawn again beneath it.
///
/// May be used from several threads at once; a line is written as a whole.
/// What can't be written is dropped: a broken terminal must not stop a run.

/// Print \a line and a line break.
void print_line(std::string_view line);

/// Draw \a bar, without line break, in the place of the one before.
void show_bar(std::string_view bar);

/// Leave the bar where it is, and go on below it.  Nothing if there is none.
void finish_bar();

/// True where standard error is a terminal.
bool is_terminal();

/// Columns of the terminal; 80 where nobody knows.
unsigned terminal_width();

}  // namespace telemetry
