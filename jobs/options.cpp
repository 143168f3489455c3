#include "jobs/options.hpp"

#include "jobs/command_line.hpp"
#include "jobs/help.hpp"
#include "jobs/option_values.hpp"
#include "jobs/options_table.hpp"
#include "jobs/spelling.hpp"
#include "telemetry/readable.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <iostream>

namespace jobs {

namespace {

using telemetry::in_quotes;

constexpr std::string_view variable_prefix = "CI_JANITOR_";

bool is_secret(const OptionRow& row, std::string_view text) {
  return row.value.is_secret && row.value.is_secret(text);
}

/// \param source what named the option: the option itself or its variable.
void put(Options& options, const OptionRow& row, std::string_view source,
         std::string_view text) {
  const auto put_one = [&](std::string_view part) {
    if (row.value.set(options, part))
      return;
    throw UsageError(
        fmt::format("{} is {}, but must be {}", source,
                    is_secret(row, part) ? "not quoted here" : in_quotes(part),
                    row.value.must_be));
  };
  if (!row.value.is_list())
    return put_one(text);

  std::size_t comma = 0;
  while ((comma = text.find(',')) != std::string_view::npos) {
    put_one(text.substr(0, comma));
    text.remove_prefix(comma + 1);
  }
  put_one(text);
}

void apply_command_line(Options& options, const Given& given) {
  for (const auto& [row, values] : given) {
    if (row->value.is_list())
      row->value.clear(options);
    for (const std::string& value : values) {
      if (row->value.takes_secret && is_secret(*row, value))
        throw UsageError(fmt::format(
            "{0} holds a password, which everybody on this host can read: "
            "give it by {1}, or write the URL into a file and say {0} "
            "file:PATH",
            row->on_command_line(), row->in_environment()));
      put(options, *row, row->on_command_line(), value);
    }
  }
}

// Kubernetes tells every pod about every Service of its namespace, and one that
// is called ci-janitor-something is none of ours.
bool is_made_by_kubernetes(std::string_view name) {
  return name.find("_SERVICE_") != std::string_view::npos ||
         name.find("_PORT") != std::string_view::npos;
}

const OptionRow* find_variable(std::string_view name) {
  std::vector<std::string> names;
  for (const OptionRow& row : option_table()) {
    names.push_back(row.in_environment());
    if (names.back() == name)
      return &row;
  }
  if (is_made_by_kubernetes(name))
    return nullptr;
  throw UsageError(fmt::format("there is no variable {}; the nearest is {}",
                               in_quotes(name), nearest(name, names)));
}

void apply_variable(Options& options, const Given& given,
                    std::string_view variable) {
  const std::size_t equals = std::min(variable.find('='), variable.size());
  const std::string_view name = variable.substr(0, equals);
  const OptionRow* const row = find_variable(name);
  if (row == nullptr)
    return;

  // What does not count here is tried all the same, so that a mistake shows
  // before it does count.
  Options scratch;
  const bool counts = row->concerns(options.command) && !given.contains(row);
  Options& target = counts ? options : scratch;
  if (row->value.is_list())
    row->value.clear(target);
  put(target, *row, name,
      variable.substr(std::min(equals + 1, variable.size())));
}

void apply_environment(Options& options, const Given& given,
                       const char* const environment[]) {
  for (; *environment != nullptr; ++environment)
    if (std::string_view(*environment).starts_with(variable_prefix))
      apply_variable(options, given, *environment);
}

void refuse_contradictions(const Options& options) {
  for (const std::int64_t id : options.projects)
    if (std::ranges::count(options.except_projects, id) > 0)
      throw UsageError(fmt::format(
          "project {} stands in both --project and --except-project", id));
  if (options.output == Output::jsonl && options.command != Command::plan)
    throw UsageError(fmt::format(
        "--output jsonl is for plan only: for {} it is text or json",
        name_of(options.command)));
}

/// Of a Job whose completionMode is Indexed, every pod has its index here.
void take_completion_index(Options& options, const char* const environment[]) {
  constexpr std::string_view variable = "JOB_COMPLETION_INDEX=";
  if (options.shards == 1 || options.shard)
    return;
  for (; *environment != nullptr; ++environment) {
    const std::string_view text(*environment);
    if (!text.starts_with(variable))
      continue;
    options.shard = read_number(text.substr(variable.size()));
    if (!options.shard)
      throw UsageError(fmt::format(
          "JOB_COMPLETION_INDEX is {}, but must be a whole number; or give "
          "--shard",
          in_quotes(text.substr(variable.size()))));
  }
}

bool answer(bool help, bool version, std::optional<Command> command) {
  if (help)
    std::cout << help_text(command) << std::flush;
  else if (version)
    std::cout << "ci-janitor " CI_JANITOR_VERSION "\n" << std::flush;
  return help || version;
}

/// What packages and the README are made from; no word of it in --help.
bool answer_packager(std::string_view word) {
  if (word == "--man")
    std::cout << man_page() << std::flush;
  else if (word == "--bash-completion")
    std::cout << bash_completion() << std::flush;
  else if (word == "--options-in-markdown")
    std::cout << options_in_markdown() << std::flush;
  else
    return false;
  return true;
}

}  // namespace

std::optional<Options> parse_options(int argc, const char* const argv[],
                                     const char* const environment[]) {
  const std::vector<std::string> words(argv + std::min(argc, 1), argv + argc);
  if (words.empty())
    throw UsageError(fmt::format(
        "no command is given: ci-janitor {} [OPTIONS], or ci-janitor --help",
        command_names("|")));
  if (answer(words[0] == "--help", words[0] == "--version", std::nullopt) ||
      answer_packager(words[0]))
    return std::nullopt;

  Options options;
  options.command = read_command(words[0]);
  const CommandLine line =
      read_command_line({words.begin() + 1, words.end()}, options.command);
  if (answer(line.wants_help, line.wants_version, options.command))
    return std::nullopt;

  apply_command_line(options, line.given);
  apply_environment(options, line.given, environment);
  take_completion_index(options, environment);
  refuse_contradictions(options);
  return options;
}

void refuse_incomplete(const Options& options) {
  if (options.shard && (*options.shard < 0 || *options.shard >= options.shards))
    throw UsageError(
        fmt::format("--shard is {}, but of --shards {} the last is {}",
                    *options.shard, options.shards, options.shards - 1));
  if (options.exclusive && options.shards > 1)
    throw UsageError(
        "--exclusive and --shards exclude each other: the shards of one run "
        "would shut each other out");
  if (options.exclusive && !options.redis && !options.redis_shared_state)
    throw UsageError(
        "--exclusive needs --redis or --redis-shared-state: GitLab's lease is "
        "there, and through a pooler the database can hold none for a whole "
        "run");
}

}  // namespace jobs
