#include "jobs/help.hpp"

#include <fmt/format.h>

namespace jobs {

namespace {

/// \a text with what roff would read as its own made plain.
std::string in_roff(std::string_view text) {
  std::string result;
  for (const char letter : text) {
    if (letter == '\\' || letter == '-')
      result += '\\';
    result += letter == '\\' ? 'e' : letter;
  }
  return result.starts_with(".") || result.starts_with("'") ? "\\&" + result
                                                            : result;
}

std::string man_item(std::string_view head, std::string_view text) {
  return fmt::format(".TP\n{}\n{}\n", head, in_roff(text));
}

std::string option_item(const OptionRow& row) {
  std::string head = fmt::format("\\fB{}\\fR", in_roff(row.on_command_line()));
  if (!row.is_flag())
    head += fmt::format(" \\fI{}\\fR", in_roff(row.argument));
  std::string text = concern_of(row, {}) + std::string(row.help);
  if (!default_of(row).empty())
    text += fmt::format(" (default: {})", default_of(row));
  return man_item(head, text);
}

std::string commands_in_roff() {
  std::string text = ".SH COMMANDS\n";
  for (const CommandRow& row : command_table())
    text += man_item(fmt::format("\\fB{}\\fR", row.name), sentence(row.help));
  return text;
}

std::string options_in_roff() {
  std::string text = ".SH OPTIONS\n";
  std::string_view group;
  for (const OptionRow& row : option_table()) {
    if (row.group != group)
      text += fmt::format(".SS {}\n", row.group);
    group = row.group;
    text += option_item(row);
  }
  return text;
}

std::string exit_statuses_in_roff() {
  std::string text = ".SH EXIT STATUS\n";
  for (const auto& [status, meaning] : exit_status_table())
    text += man_item(std::to_string(status), sentence(meaning));
  return text;
}

constexpr std::string_view man_page_head =
    ".TH CI\\-JANITOR 1 \"\" \"ci\\-janitor " CI_JANITOR_VERSION
    "\"\n"
    ".SH NAME\n"
    "ci\\-janitor \\- clean the CI tables of a GitLab\\-compatible database\n"
    ".SH SYNOPSIS\n"
    ".B ci\\-janitor\n"
    "\\fICOMMAND\\fR [\\fIOPTIONS\\fR]\n"
    ".br\n"
    ".B ci\\-janitor\n"
    "[\\fICOMMAND\\fR] \\fB\\-\\-help\\fR\n"
    ".br\n"
    ".B ci\\-janitor \\-\\-version\n"
    ".SH DESCRIPTION\n"
    "Destroys expired, unlocked pipeline artifacts together with their files,\n"
    "and drops the builds of blocked users.\n";

}  // namespace

std::string man_page() {
  return std::string(man_page_head) + commands_in_roff() + options_in_roff() +
         ".SH ENVIRONMENT\n" + in_roff(environment_help) + "\n.PP\n" +
         in_roff(database_help) + "\n" + exit_statuses_in_roff();
}

}  // namespace jobs
