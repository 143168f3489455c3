#pragma once

#include <map>
#include <set>
#include <string>
#include <string_view>

namespace db {

/// What the tables are called in one database and what there is of them: by
/// this the text of a statement is completed, so that one text serves every
/// generation of the schema.  In a text
///
/// - {ci_builds} stands for the table, with its schema; where it is
///   partitioned, for its root, whatever that is called;
/// - {if ci_builds.partition_id ci_refs} ... {else} ... {end} for one of two
///   texts: the first where the column and the table are both there.  {else} is
///   optional, and one {if} may stand in another.
///
/// No value ever gets into a text by this: names come from pg_catalog, quoted.
///
/// May be read from several threads at once.
class Tables {
 public:
  /// \param relation as SQL has it: "public.p_ci_builds"
  void add(const std::string& table, const std::string& relation);
  void add_column(const std::string& table, const std::string& column);
  /// Something else that an {if} may ask for.
  void add_trait(const std::string& trait);
  /// From now on as if it were not there.
  void remove(const std::string& table);

  [[nodiscard]] bool has(const std::string& table) const;
  [[nodiscard]] bool has(const std::string& table,
                         const std::string& column) const;
  /// As SQL has it.
  /// \throws std::out_of_range if there is no such table.
  [[nodiscard]] const std::string& relation(const std::string& table) const;

  /// \throws std::out_of_range if it names a table that is not there.
  [[nodiscard]] std::string write(std::string_view text) const;

 private:
  [[nodiscard]] bool all_there(std::string_view names) const;

  std::map<std::string, std::string, std::less<>> relations_;
  std::set<std::string, std::less<>> there_;  ///< what an {if} may ask for
};

}  // namespace db
