#include "jobs/options.hpp"
#include "tests/fuzz/fuzzing.hpp"
#include "tests/fuzz/targets.hpp"

#include <iostream>
#include <vector>

namespace fuzz {
namespace {

/// What --help and its like print goes nowhere.
class Silence {
 public:
  Silence() : before_(std::cout.rdbuf(nullptr)) {}
  ~Silence() {
    std::cout.rdbuf(before_);
    std::cout.clear();
  }
  Silence(const Silence&) = delete;
  Silence& operator=(const Silence&) = delete;

 private:
  std::streambuf* before_;
};

/// Words that end with a NUL each, as the system hands them over.
std::vector<std::string> words_in(std::string_view bytes) {
  std::vector<std::string> words;
  for (Input input(bytes); !input.is_empty() && words.size() < 32;)
    words.emplace_back(std::string(input.up_to('\0')).c_str());
  return words;
}

std::vector<const char*> pointers_to(const std::vector<std::string>& words) {
  std::vector<const char*> pointers;
  for (const std::string& word : words)
    pointers.push_back(word.c_str());
  pointers.push_back(nullptr);
  return pointers;
}

void must_make_sense(const jobs::Options& options) {
  must(options.concurrency > 0 && options.batch_size > 0 &&
           options.window_size > 0 && options.shards > 0,
       "none at a time");
  must(options.time_limit.count() >= 0 && options.statement_timeout.count() > 0,
       "a time below 0");
  must(options.max_fraction >= 0 && options.max_fraction <= 1,
       "a fraction that is none");
  for (const std::int64_t id : options.projects)
    must(id > 0, "an id below 1");
}

}  // namespace

/// The words of a command line, then those of an environment.
void options(std::string_view bytes) {
  const Silence silence;
  Input input(bytes);
  std::vector<std::string> words = words_in(input.field());
  words.insert(words.begin(), "ci-janitor");
  const std::vector<std::string> variables = words_in(input.rest());
  const auto line = pointers_to(words);
  const auto environment = pointers_to(variables);
  try {
    const auto options = jobs::parse_options(static_cast<int>(words.size()),
                                             line.data(), environment.data());
    if (options) {
      must_make_sense(*options);
      jobs::refuse_incomplete(*options);
    }
  } catch (const jobs::UsageError& error) {
    must_be_harmless(error.what());
  }
}

}  // namespace fuzz
