#pragma once

#include "jobs/options.hpp"

#include <catch2/catch.hpp>

#include <optional>
#include <string>
#include <vector>

namespace tests {

using Words = std::vector<std::string>;

inline std::vector<const char*> pointers_to(const Words& words) {
  std::vector<const char*> pointers;
  for (const std::string& word : words)
    pointers.push_back(word.c_str());
  return pointers;
}

inline std::optional<jobs::Options> parse_any(Words words,
                                              const Words& environment = {}) {
  words.insert(words.begin(), "ci-janitor");
  std::vector<const char*> argv = pointers_to(words);
  std::vector<const char*> variables = pointers_to(environment);
  argv.push_back(nullptr);
  variables.push_back(nullptr);
  return jobs::parse_options(static_cast<int>(words.size()), argv.data(),
                             variables.data());
}

inline jobs::Options parse(const Words& words, const Words& environment = {}) {
  const std::optional<jobs::Options> options = parse_any(words, environment);
  REQUIRE(options);
  return *options;
}

/// The sentence that refuses these words; empty if they are taken.
inline std::string refusal(const Words& words, const Words& environment = {}) {
  try {
    parse_any(words, environment);
  } catch (const jobs::UsageError& error) {
    return error.what();
  }
  return {};
}

}  // namespace tests
