#include "jobs/help.hpp"

#include "jobs/options.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <utility>

namespace jobs {

namespace {

constexpr std::size_t width = 80;
constexpr std::size_t help_column = 29;

constexpr std::pair<int, std::string_view> exit_statuses[] = {
    {0, "drained, or the budget was used up (the outcome says which)"},
    {2, "the command line or the environment is wrong"},
    {3,
     "partial: more problems than tolerated, each named in the summary; or a "
     "pass stopped, or a store did not answer any more"},
    {4, "an --expect was not met"},
    {69,
     "the database is out of reach, was lost or failed over; or a store or "
     "Redis is out of reach at the start"},
    {75,
     "--strict, and work is left over; or --exclusive, and somebody else has "
     "the lease"},
    {78, "not fit: schema, privileges, a store that rows need, a safety stop"},
    {130, "SIGINT: the work in hand was finished, the summary written"},
    {143, "SIGTERM: likewise"}};

/// \a text broken at blanks, each line but the first set in to \a column.
std::string wrapped(std::string_view text, std::size_t column) {
  std::string result;
  std::size_t at = column;
  while (!text.empty()) {
    const std::string_view word = text.substr(0, text.find(' '));
    if (at > column && at + word.size() > width) {
      result.erase(result.find_last_not_of(' ') + 1);
      result.append("\n").append(column, ' ');
      at = column;
    }
    result.append(word);
    at += word.size();
    text.remove_prefix(word.size());

    const std::size_t blanks =
        std::min(text.find_first_not_of(' '), text.size());
    result.append(text.substr(0, blanks));
    at += blanks;
    text.remove_prefix(blanks);
  }
  return result + "\n";
}

std::string command_lines() {
  std::string text = "\nCOMMANDS\n";
  for (const CommandRow& row : command_table())
    text += fmt::format("  {:<9}", row.name) + wrapped(row.help, 11);
  return text;
}

std::string option_lines(const OptionRow& row, std::optional<Command> command) {
  std::string head = "  " + row.on_command_line();
  if (!row.is_flag())
    head.append(" ").append(row.argument);
  if (head.size() + 2 > help_column)
    head.append("\n").append(help_column, ' ');
  else
    head.resize(help_column, ' ');
  std::string text = concern_of(row, command) + std::string(row.help);
  if (!default_of(row).empty())
    text += fmt::format(" (default: {})", default_of(row));
  return head + wrapped(text, help_column);
}

std::string options_text(std::optional<Command> command) {
  std::string text;
  std::string_view group;
  for (const OptionRow& row : option_table()) {
    if (command && !row.concerns(*command))
      continue;
    if (row.group != group)
      text += fmt::format("\n{}\n", row.group);
    group = row.group;
    text += option_lines(row, command);
  }
  return text;
}

std::string exit_status_lines() {
  std::string text = "\nEXIT STATUS\n";
  for (const auto& [status, meaning] : exit_statuses)
    text += fmt::format("  {:>3}  ", status) + wrapped(meaning, 7);
  return text;
}

std::string head_of(std::optional<Command> command) {
  if (!command)
    return "Usage: ci-janitor COMMAND [OPTIONS]\n"
           "       ci-janitor [COMMAND] --help\n"
           "       ci-janitor --version\n" +
           command_lines();
  for (const CommandRow& row : command_table())
    if (row.command == *command)
      return fmt::format("Usage: ci-janitor {} [OPTIONS]\n\n", row.name) +
             wrapped(sentence(row.help), 0);
  return {};
}

}  // namespace

std::span<const std::pair<int, std::string_view>> exit_status_table() {
  return exit_statuses;
}

// In the help of all commands an option of a single one says so.
std::string concern_of(const OptionRow& row, std::optional<Command> command) {
  if (command)
    return {};
  for (const CommandRow& other : command_table())
    if (row.commands == only(other.command))
      return fmt::format("{} only: ", other.name);
  return {};
}

std::string_view default_of(const OptionRow& row) {
  const std::string_view text = row.default_text;
  return text.starts_with("(") ? text.substr(1, text.size() - 2) : text;
}

std::string sentence(std::string_view words) {
  std::string text = std::string(words) + ".";
  text.front() =
      static_cast<char>(std::toupper(static_cast<unsigned char>(text.front())));
  return text;
}

std::string help_text(std::optional<Command> command) {
  return head_of(command) + options_text(command) + "\nENVIRONMENT\n  " +
         wrapped(environment_help, 2) + "  " + wrapped(database_help, 2) +
         exit_status_lines();
}

}  // namespace jobs
