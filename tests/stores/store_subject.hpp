#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "stores/object_key.hpp"
#include "stores/store.hpp"

namespace tests {

/// A store under test, and a way to its objects that leads around it.
class StoreSubject {
 public:
  StoreSubject() = default;
  StoreSubject(const StoreSubject&) = delete;
  StoreSubject& operator=(const StoreSubject&) = delete;
  virtual ~StoreSubject() = default;

  virtual stores::Store& store() = 0;
  virtual void put(const stores::ObjectKey& key) = 0;
  virtual bool holds(const stores::ObjectKey& key) = 0;

  /// How many of these objects are there.
  std::ptrdiff_t count(const std::vector<stores::ObjectKey>& keys) {
    return std::count_if(keys.begin(), keys.end(),
                         [this](const auto& key) { return holds(key); });
  }
};

inline std::vector<stores::ObjectKey> some_keys(std::int64_t count,
                                                std::int64_t project = 1) {
  std::vector<stores::ObjectKey> keys;
  for (std::int64_t id = 1; id <= count; ++id)
    keys.push_back(
        stores::artifact_key(project, 100 + id, 1000 + id, "f.json"));
  return keys;
}

inline void put_all(StoreSubject& subject,
                    const std::vector<stores::ObjectKey>& keys) {
  for (const stores::ObjectKey& key : keys)
    subject.put(key);
}

/// Names that GitLab, a runner or an attacker may have chosen.
inline std::vector<stores::ObjectKey> odd_keys() {
  return {{"2017_03/5/77", "legacy.zip"},
          {"ab/cd/@final/0f", "no extension"},
          {"dir with blanks", " leading and trailing "},
          {"line\nbreak", "two\nlines.json"},
          {"escape\x1b[31m", "red\x1b[0m\x07.json"},
          {"Größe/日本語", "😀.json"},
          {"not utf-8 \xff\xfe", "\x80\xc0"},
          {"quote'\"`$(true)", "\\back\\slash;&|*?"},
          {"...", "..."},
          {"-rf", "--no-preserve-root"},
          {"%2e%2e", "%2f"},
          {"one", std::string(255, 'n')},
          {std::string(255, 'd'), "x"}};
}

/// Keys that break the rule.  Read carelessly, most of them name "a/b".
inline std::vector<stores::ObjectKey> poison_keys() {
  using namespace std::string_literals;
  return {{"a", ""},       {"a", "."},       {"a", ".."},   {"a", "/b"},
          {"a", "b/"},     {"a", "../a/b"},  {"a", "b\0"s}, {"a", "b\0.x"s},
          {"", "a"},       {"/", "a"},       {"/a", "b"},   {"a/", "b"},
          {"a//", "b"},    {"a/.", "b"},     {"./a", "b"},  {"a/../a", "b"},
          {"..", "a"},     {"../a", "b"},    {"a/..", "a"}, {"a\0"s, "b"},
          {"a\0/c"s, "b"}, {"/etc", "hosts"}};
}

}  // namespace tests
