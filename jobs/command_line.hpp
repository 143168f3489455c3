#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "jobs/options.hpp"
#include "jobs/options_table.hpp"

namespace jobs {

/// The values given to options, by the row they belong to; "true" for a flag.
using Given = std::map<const OptionRow*, std::vector<std::string>>;

/// What stands behind the command.
struct CommandLine {
  bool wants_help = false;  ///< then the rest is not looked at
  bool wants_version = false;
  Given given;
};

/// "run, plan, check, explain", with \a separator between them.
std::string command_names(std::string_view separator);

/// \throws UsageError if there is no such command.
Command read_command(std::string_view word);

/// Take the words after the command apart.  The values are not looked at.
///
/// \throws UsageError if an option is unknown, does not concern the command,
///         lacks its value or is given twice, or if a word is left over.
CommandLine read_command_line(const std::vector<std::string>& words,
                              Command command);

}  // namespace jobs
