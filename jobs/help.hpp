#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include "jobs/options_table.hpp"

/// What --help, the man page, bash's completion and the table of the README are
/// made of, besides the table of options.
namespace jobs {

inline constexpr std::string_view environment_help =
    "Each option is a variable too: --batch-size is CI_JANITOR_BATCH_SIZE,"
    " a flag is true or false.  The command line wins over the environment,"
    " the environment over the default.";

inline constexpr std::string_view database_help =
    "The database is named as libpq does it: PGHOST, PGPORT, PGDATABASE,"
    " PGUSER, PGPASSFILE, PGSERVICE, PGSSLMODE and so on.";

/// Each exit status, and what it means.
std::span<const std::pair<int, std::string_view>> exit_status_table();

/// "run only: ", in what is about all commands, of an option of that one; empty
/// of any other, and in what is about \a command.
std::string concern_of(const OptionRow& row, std::optional<Command> command);

/// "300" or "none"; empty if there is no default to speak of.
std::string_view default_of(const OptionRow& row);

/// \a words as a sentence: "Say what run would do.", of "say what run would do"
std::string sentence(std::string_view words);

/// The man page of section 1, in roff.
std::string man_page();

/// A script for bash that completes commands, options and the values of some.
std::string bash_completion();

/// The options as the README has them, in Markdown.
std::string options_in_markdown();

}  // namespace jobs
