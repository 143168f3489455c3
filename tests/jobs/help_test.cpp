#include "jobs/help.hpp"
#include "jobs/options_table.hpp"
#include "tests/jobs/parsing.hpp"

#include <catch2/catch.hpp>

#include <algorithm>
#include <iostream>
#include <sstream>

using namespace jobs;
using namespace tests;

namespace {

/// What goes to standard output meanwhile.
std::string output_of(const Words& words) {
  std::ostringstream text;
  std::streambuf* const before = std::cout.rdbuf(text.rdbuf());
  const bool nothing_to_run = !parse_any(words).has_value();
  std::cout.rdbuf(before);
  CHECK(nothing_to_run);
  return text.str();
}

}  // namespace

TEST_CASE("the version is printed, and then there is nothing to run",
          "[unit]") {
  CHECK(output_of({"--version"}) == "ci-janitor " CI_JANITOR_VERSION "\n");
  CHECK(output_of({"run", "--version"}) == "ci-janitor " CI_JANITOR_VERSION
                                           "\n");
}

TEST_CASE("help is printed before anything else is judged", "[unit]") {
  CHECK(output_of({"--help"}) == help_text());
  CHECK(output_of({"plan", "--help"}) == help_text(Command::plan));
  CHECK(output_of({"run", "--wrong", "--help"}) == help_text(Command::run));
}

TEST_CASE("help names every option and its default in at most 80 columns",
          "[unit]") {
  const std::string help = help_text();
  for (const OptionRow& row : option_table())
    CHECK(help.find("  " + row.on_command_line() + " ") != std::string::npos);
  for (const char* const word :
       {"COMMANDS", "WHAT", "HOW MUCH", "HOW", "OUTPUT", "SMOKE RUNS",
        "ENVIRONMENT", "EXIT STATUS", "(default: 1000)", "PGHOST", "PGDATABASE",
        "PGSERVICE", "  143  SIGTERM"})
    CHECK(help.find(word) != std::string::npos);

  std::istringstream lines(help);
  for (std::string line; std::getline(lines, line);) {
    INFO(line);
    CHECK(line.size() <= 80);
    CHECK_FALSE(line.ends_with(" "));
  }
}

TEST_CASE("the help of a command has the options that concern it alone",
          "[unit]") {
  const std::string help = help_text(Command::check);
  for (const OptionRow& row : option_table())
    CHECK((help.find("\n  " + row.on_command_line() + " ") !=
           std::string::npos) == row.concerns(Command::check));
}

TEST_CASE("what packages are made of is printed, and then nothing is run",
          "[unit]") {
  CHECK(output_of({"--man"}) == man_page());
  CHECK(output_of({"--bash-completion"}) == bash_completion());
  CHECK(output_of({"--options-in-markdown"}) == options_in_markdown());
  CHECK_THROWS_AS(parse_any({"run", "--man"}), UsageError);
}

TEST_CASE("man page, completion and README name every option", "[unit]") {
  std::string man = man_page();
  man.erase(std::remove(man.begin(), man.end(), '\\'), man.end());
  const std::string markdown = options_in_markdown();
  for (const OptionRow& row : option_table()) {
    const std::string option = row.on_command_line();
    INFO(option);
    CHECK(man.find("fB" + option + "fR") != std::string::npos);
    CHECK(markdown.find("| `" + option) != std::string::npos);
    CHECK(bash_completion().find(option) != std::string::npos);
  }
  for (const auto& [status, meaning] : exit_status_table())
    CHECK(man.find(".TP\n" + std::to_string(status) + "\n") !=
          std::string::npos);
}
