#include "jobs/help.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace jobs {

namespace {

/// "--passes --local-store ... --help"
std::string option_words(Command command) {
  std::string words;
  for (const OptionRow& row : option_table())
    if (row.concerns(command))
      words += row.on_command_line() + " ";
  return words + "--help --version";
}

std::string command_words() {
  std::string words;
  for (const CommandRow& row : command_table())
    words.append(row.name).append(" ");
  return words + "--help --version";
}

/// What compgen is to be told for the value of an option; empty if nothing is
/// known of it.
std::string value_words(std::string_view argument) {
  if (argument == "DIR")
    return "-d";
  if (argument == "FILE")
    return "-f";
  if (argument.find('|') == std::string_view::npos ||
      argument.find("...") != std::string_view::npos)
    return {};
  std::string words(argument);
  std::ranges::replace(words, '|', ' ');
  return fmt::format("-W '{}'", words);
}

std::string value_cases() {
  std::string known;
  std::string unknown;
  for (const OptionRow& row : option_table()) {
    if (row.is_flag())
      continue;
    const std::string words = value_words(row.argument);
    if (words.empty())
      unknown.append(unknown.empty() ? "" : "|").append(row.on_command_line());
    else
      known += fmt::format("    {}) _ci_janitor_offer {}; return ;;\n",
                           row.on_command_line(), words);
  }
  return known + fmt::format("    {}) return ;;\n", unknown);
}

std::string command_cases() {
  std::string text;
  for (const CommandRow& row : command_table())
    text += fmt::format("    {}) _ci_janitor_offer -W '{}' ;;\n", row.name,
                        option_words(row.command));
  return text;
}

}  // namespace

std::string bash_completion() {
  return fmt::format(R"(# bash completion for ci-janitor
_ci_janitor_offer() {{
  mapfile -t COMPREPLY < <(compgen "$@" -- "$_ci_janitor_word")
}}

_ci_janitor() {{
  local _ci_janitor_word=${{COMP_WORDS[COMP_CWORD]}}
  COMPREPLY=()
  if [[ $COMP_CWORD -eq 1 ]]; then
    _ci_janitor_offer -W '{}'
    return
  fi
  case ${{COMP_WORDS[COMP_CWORD - 1]}} in
{}  esac
  case ${{COMP_WORDS[1]}} in
{}  esac
}}

complete -F _ci_janitor ci-janitor
)",
                     command_words(), value_cases(), command_cases());
}

}  // namespace jobs
