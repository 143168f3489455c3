#include "db/tables.hpp"

#include <optional>
#include <stdexcept>
#include <vector>

namespace db {
namespace {

/// A text up to its first {word}, the word, and what follows.
struct Mark {
  std::string_view before, word, after;
};

/// '{}' is an empty array, and {1,18} a number of times: no marks.
std::optional<Mark> first_mark(std::string_view text) {
  for (std::size_t begin = text.find('{'); begin != std::string_view::npos;
       begin = text.find('{', begin + 1)) {
    const std::size_t end = text.find('}', begin);
    if (end != std::string_view::npos && text[begin + 1] >= 'a' &&
        text[begin + 1] <= 'z')
      return Mark{text.substr(0, begin),
                  text.substr(begin + 1, end - begin - 1),
                  text.substr(end + 1)};
  }
  return std::nullopt;
}

}  // namespace

void Tables::add(const std::string& table, const std::string& relation) {
  relations_[table] = relation;
  there_.insert(table);
}

void Tables::add_column(const std::string& table, const std::string& column) {
  there_.insert(table + "." + column);
}

void Tables::add_trait(const std::string& trait) {
  there_.insert(trait);
}

void Tables::remove(const std::string& table) {
  relations_.erase(table);
  std::erase_if(there_, [&](const std::string& name) {
    return name == table || name.starts_with(table + ".");
  });
}

bool Tables::has(const std::string& table) const {
  return relations_.contains(table);
}

bool Tables::has(const std::string& table, const std::string& column) const {
  return there_.contains(table + "." + column);
}

const std::string& Tables::relation(const std::string& table) const {
  const auto found = relations_.find(table);
  if (found == relations_.end())
    throw std::out_of_range("there is no table " + table);
  return found->second;
}

bool Tables::all_there(std::string_view names) const {
  while (!names.empty()) {
    const std::size_t space = names.find(' ');
    if (!there_.contains(names.substr(0, space)))
      return false;
    names = space == std::string_view::npos ? "" : names.substr(space + 1);
  }
  return true;
}

std::string Tables::write(std::string_view text) const {
  std::string written;
  std::vector<bool> wanted{true};  // of each open {if}, the outermost first
  while (const std::optional<Mark> mark = first_mark(text)) {
    if (wanted.back())
      written += mark->before;
    if (mark->word.starts_with("if "))
      wanted.push_back(wanted.back() && all_there(mark->word.substr(3)));
    else if (mark->word == "else")
      wanted.back() = wanted.at(wanted.size() - 2) && !wanted.back();
    else if (mark->word == "end")
      wanted.pop_back();
    else if (wanted.back())
      written += relation(std::string(mark->word));
    text = mark->after;
  }
  return written.append(text);
}

}  // namespace db
