#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "stores/object_key.hpp"
#include "stores/store.hpp"

namespace tests {

/// Names that GitLab, a runner or an attacker may have chosen.
inline std::vector<stores::ObjectKey> all_odd_keys() {
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

  /// All of these; for those who can do that faster than one by one.
  virtual void put_many(const std::vector<stores::ObjectKey>& keys) {
    for (const stores::ObjectKey& key : keys)
      put(key);
  }

  /// look() and remove() list what is absent.  A store that would have to ask a
  /// server for each lists nothing.
  virtual bool tells_absent() const { return true; }

  /// A name may have any byte but a slash and a NUL.  Where it is text, UTF-8,
  /// what is none can't be stored.
  virtual bool takes_any_byte() const { return true; }

  /// Who reads while an object is replaced sees the old one or the new one.
  /// Swift may say for a moment that there is none.
  virtual bool replaces_at_once() const { return true; }

  /// Of all_odd_keys(), those that can be stored.
  std::vector<stores::ObjectKey> odd_keys() const {
    std::vector<stores::ObjectKey> keys = all_odd_keys();
    if (!takes_any_byte())
      std::erase_if(keys, [](const stores::ObjectKey& key) {
        return key.directory.starts_with("not utf-8");
      });
    return keys;
  }

  /// How many keys are many in one call: fewer where each takes long.
  virtual std::size_t many() const { return 3000; }

  /// How many of these objects are there.
  virtual std::ptrdiff_t count(const std::vector<stores::ObjectKey>& keys) {
    return std::count_if(keys.begin(), keys.end(),
                         [this](const auto& key) { return holds(key); });
  }

  /// How many of these objects are there, as the store itself says.
  std::ptrdiff_t count_by_stat(const std::vector<stores::ObjectKey>& keys) {
    return std::count_if(keys.begin(), keys.end(), [this](const auto& key) {
      return store().stat(key).has_value();
    });
  }

  /// What the store is to list as absent of what is.
  std::vector<std::size_t> listed(std::vector<std::size_t> absent) const {
    return tells_absent() ? std::move(absent) : std::vector<std::size_t>{};
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
  subject.put_many(keys);
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
