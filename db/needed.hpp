#pragma once

#include <set>
#include <string>
#include <vector>

/// What the program asks of a schema.
namespace db {

/// A column without which nothing goes.
struct Needed {
  const char* table;
  const char* column;
};

const std::vector<Needed>& needed_for_artifacts();
const std::vector<Needed>& needed_for_builds();
/// Every table that a statement may name.
const std::set<std::string>& known_tables();
/// Those that a GitLab with two databases keeps in the one called main.
const std::set<std::string>& main_tables();
/// Those that rows are deleted from.
const std::set<std::string>& emptied_tables();
/// The columns that our INSERT into \a table gives where they are there; empty
/// if there is no such INSERT.  Ids come by themselves, if need be from a
/// trigger.
const std::set<std::string>& given_columns(const std::string& table);

}  // namespace db
