#pragma once

#include <functional>
#include <span>
#include <string>
#include <string_view>

#include "jobs/options.hpp"

namespace jobs {

struct CommandRow {
  Command command;
  std::string_view name;
  std::string_view help;
};

/// The commands, in the order in which --help names them.
std::span<const CommandRow> command_table();

/// A set of commands, by bits.
using Commands = unsigned;
constexpr Commands only(Command command) {
  return 1U << static_cast<unsigned>(command);
}

/// What an option takes.
struct OptionValue {
  std::string must_be;  ///< part of a sentence: "a whole number from 1 to 64"
  /// Put a value into the options; false if it is not what it must be.
  std::function<bool(Options&, std::string_view)> set;
  /// Forget the default, before each value of a comma list is put; none where
  /// the option takes one value.
  std::function<void(Options&)> clear{};
  bool is_repeatable = false;  ///< on the command line
  /// Whether a value holds a secret: then it is never quoted anywhere.
  std::function<bool(std::string_view)> is_secret{};
  /// It may hold one, but not on the command line, which everybody on the host
  /// can read.
  bool takes_secret = false;

  [[nodiscard]] bool is_list() const { return clear != nullptr; }
};

/// One option: all that parser, environment and --help know of it.
struct OptionRow {
  std::string_view group;     ///< heading in --help: "HOW MUCH"
  std::string_view name;      ///< without dashes: "batch-size"
  std::string_view argument;  ///< "N"; empty for a flag
  /// What is so if it is not given: a value that the option would take, or, in
  /// parentheses, words for what none can say.  Empty for a flag.
  std::string_view default_text;
  Commands commands;  ///< those it concerns
  OptionValue value;
  std::string_view help;

  [[nodiscard]] bool is_flag() const { return argument.empty(); }
  [[nodiscard]] bool concerns(Command command) const {
    return (commands & only(command)) != 0;
  }
  /// "--batch-size"
  [[nodiscard]] std::string on_command_line() const;
  /// "CI_JANITOR_BATCH_SIZE"
  [[nodiscard]] std::string in_environment() const;
};

/// Every option, group by group.
std::span<const OptionRow> option_table();

/// The row of "batch-size"; null if there is none.
const OptionRow* find_option(std::string_view name);

}  // namespace jobs
