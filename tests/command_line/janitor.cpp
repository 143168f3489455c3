#include "tests/command_line/janitor.hpp"

#include <catch2/catch.hpp>

#include <algorithm>
#include <iterator>
#include <sstream>

namespace tests {

Ended janitor(const World& world, std::vector<std::string> words,
              const Program::Environment& environment) {
  const bool named = std::ranges::any_of(words, [](const std::string& word) {
    return word.starts_with("--local-store");
  });
  std::vector<std::string> command{JANITOR_PROGRAM};
  std::ranges::move(words, std::back_inserter(command));
  if (!named && command.size() > 1 && command[1] != "explain")
    command.push_back("--local-store=" + world.store.path().string());
  return run_program(command, environment);
}

std::string complaint(const Ended& ended) {
  INFO(ended.err);
  const std::vector<std::string> lines = lines_of(ended.err);
  REQUIRE(lines.size() == 1);
  const std::string mark = " error: ";
  const std::size_t at = lines[0].find(mark);
  REQUIRE(at != std::string::npos);
  return lines[0].substr(at + mark.size());
}

bool contains(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines;
  std::istringstream stream(text);
  for (std::string line; std::getline(stream, line);)
    lines.push_back(line);
  return lines;
}

}  // namespace tests
