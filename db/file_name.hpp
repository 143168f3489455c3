#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>

namespace db {

/// The name of an artifact's file, shared between all rows that have it: nearly
/// all artifacts have one of two or three names, and 5,000 rows are read at a
/// time.  Not to be trusted.
class FileName {
 public:
  FileName() : FileName(std::string()) {}
  FileName(std::string name)
      : name_(std::make_shared<const std::string>(std::move(name))) {}
  FileName(const char* name) : FileName(std::string(name)) {}

  operator const std::string&() const { return *name_; }

 private:
  std::shared_ptr<const std::string> name_;
};

/// Hands out one FileName for equal names.
class FileNames {
 public:
  const FileName& get(std::string_view name) {
    std::string key(name);
    const auto found = names_.find(key);
    if (found != names_.end())
      return found->second;
    return names_.emplace(key, FileName(key)).first->second;
  }

 private:
  std::unordered_map<std::string, FileName> names_;
};

}  // namespace db
