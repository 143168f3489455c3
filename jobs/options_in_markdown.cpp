#include "jobs/help.hpp"

#include <fmt/format.h>

namespace jobs {

namespace {

/// A bar would end the cell of a table.
std::string in_cell(std::string_view text) {
  std::string result;
  for (const char letter : text) {
    if (letter == '|')
      result += '\\';
    result += letter;
  }
  return result;
}

std::string option_in_markdown(const OptionRow& row) {
  std::string option = row.on_command_line();
  if (!row.is_flag())
    option.append(" ").append(row.argument);
  const std::string_view value = row.is_flag() ? "off" : default_of(row);
  return fmt::format("| `{}` | {} | {}{} |\n", in_cell(option), in_cell(value),
                     concern_of(row, {}), in_cell(row.help));
}

}  // namespace

std::string options_in_markdown() {
  std::string text = "| option | default | meaning |\n|---|---|---|\n";
  for (const OptionRow& row : option_table())
    text += option_in_markdown(row);
  return text;
}

}  // namespace jobs
