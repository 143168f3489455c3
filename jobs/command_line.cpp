#include "jobs/command_line.hpp"

#include "jobs/spelling.hpp"
#include "telemetry/readable.hpp"

#include <fmt/format.h>
#include <boost/program_options.hpp>

#include <algorithm>

namespace jobs {

namespace {

namespace po = boost::program_options;
using telemetry::in_quotes;

// Boost takes the command line apart; what the parts mean is the table's
// matter, so that a value is read the same way wherever it comes from.
po::options_description description() {
  po::options_description result;
  auto add = result.add_options();
  add("help", new po::untyped_value(/*zero_tokens=*/true));
  add("version", new po::untyped_value(/*zero_tokens=*/true));
  for (const OptionRow& row : option_table())
    add(std::string(row.name).c_str(), new po::untyped_value(row.is_flag()));
  return result;
}

[[noreturn]] void refuse_syntax(const po::invalid_syntax& error) {
  const std::string name = error.get_option_name();
  for (const OptionRow& row : option_table())
    if (row.on_command_line() == name && !row.is_flag())
      throw UsageError(
          fmt::format("{} needs a value: {}", name, row.value.must_be));
  throw UsageError(in_quotes(name) + " takes no value");
}

std::vector<po::option> split(const std::vector<std::string>& words) {
  // Without allow_guessing: an abbreviation that is clear today is not when the
  // next option comes.
  const po::options_description known = description();
  try {
    return po::command_line_parser(words)
        .options(known)
        .style(po::command_line_style::allow_long |
               po::command_line_style::long_allow_adjacent |
               po::command_line_style::long_allow_next)
        .allow_unregistered()
        .run()
        .options;
  } catch (const po::invalid_syntax& error) {
    refuse_syntax(error);
  }
}

[[noreturn]] void refuse_word(const po::option& option, Command command) {
  const std::string& word = option.original_tokens.front();
  std::vector<std::string> names{"--help", "--version"};
  for (const OptionRow& row : option_table())
    if (row.concerns(command))
      names.push_back(row.on_command_line());

  // What stands behind a lone "--" is a word, even if it looks like an option.
  if (!word.starts_with("-") || word == "-" ||
      std::ranges::count(names, word) > 0)
    throw UsageError(
        fmt::format("{} is one word too many: {} takes nothing but options",
                    in_quotes(word), name_of(command)));

  const std::string name = word.substr(0, word.find('='));
  const std::optional<std::string> meant = suggestion(name, names);
  throw UsageError(
      fmt::format("there is no option {}; {}", in_quotes(name),
                  meant ? fmt::format("did you mean '{}'?", *meant)
                        : fmt::format("'ci-janitor {} --help' lists them all",
                                      name_of(command))));
}

void require_concern(const OptionRow& row, Command command) {
  if (row.concerns(command))
    return;
  std::string others;
  for (const CommandRow& other : command_table())
    if (row.concerns(other.command))
      others.append(others.empty() ? "" : ", ").append(other.name);
  throw UsageError(fmt::format("{} does not concern {}, only {}",
                               row.on_command_line(), name_of(command),
                               others));
}

void take(Given& given, const po::option& option, Command command) {
  const OptionRow* const row =
      option.unregistered ? nullptr : find_option(option.string_key);
  if (row == nullptr)
    refuse_word(option, command);
  require_concern(*row, command);
  if (given.contains(row) && !row->value.is_repeatable)
    throw UsageError(row->on_command_line() + " is given twice");

  const std::string value = row->is_flag() ? "true" : option.value.front();
  if (option.original_tokens.size() > 1 && value.starts_with("--"))
    throw UsageError(fmt::format("{} needs a value, but {} follows it",
                                 row->on_command_line(), in_quotes(value)));
  given[row].push_back(value);
}

bool has(const std::vector<po::option>& parts, std::string_view name) {
  return std::ranges::any_of(parts, [&](const po::option& part) {
    return !part.unregistered && part.string_key == name;
  });
}

}  // namespace

std::string command_names(std::string_view separator) {
  std::string names;
  for (const CommandRow& row : command_table())
    names.append(names.empty() ? "" : separator).append(row.name);
  return names;
}

Command read_command(std::string_view word) {
  std::vector<std::string> names;
  for (const CommandRow& row : command_table()) {
    if (row.name == word)
      return row.command;
    names.emplace_back(row.name);
  }
  if (word.starts_with("-"))
    throw UsageError(fmt::format(
        "{} stands where the command should: ci-janitor {} [OPTIONS]",
        in_quotes(word), command_names("|")));
  const std::optional<std::string> meant = suggestion(word, names);
  throw UsageError(fmt::format(
      "there is no command {}, only {}{}", in_quotes(word), command_names(", "),
      meant ? fmt::format("; did you mean '{}'?", *meant) : ""));
}

CommandLine read_command_line(const std::vector<std::string>& words,
                              Command command) {
  const std::vector<po::option> parts = split(words);
  CommandLine line{.wants_help = has(parts, "help"),
                   .wants_version = has(parts, "version"),
                   .given = {}};
  if (line.wants_help || line.wants_version)
    return line;
  for (const po::option& part : parts)
    take(line.given, part, command);
  return line;
}

}  // namespace jobs
