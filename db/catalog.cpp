#include "db/catalog.hpp"

#include "db/catalog_queries.hpp"
#include "db/needed.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace db {
namespace {

/// The tables that no pass could lock, page through or delete from, were they
/// parted.
const std::set<std::string> never_partitioned{
    "ci_pipeline_artifacts", "ci_deleted_objects", "ci_build_trace_chunks",
    "project_statistics", "users"};

std::vector<std::string> names_of(const std::set<std::string>& names) {
  return {names.begin(), names.end()};
}

/// The tables that a database of this kind should have.
std::vector<std::string> tables_of(Half half) {
  if (half == Half::main)
    return names_of(main_tables());
  std::vector<std::string> names = names_of(known_tables());
  if (half == Half::ci)
    std::erase_if(names, [](const std::string& name) {
      return main_tables().contains(name);
    });
  return names;
}

const char* anchor_of(Half half) {
  return half == Half::main ? "projects" : "ci_pipeline_artifacts";
}

void add_once(std::vector<std::string>& sentences,
              const std::string& sentence) {
  if (!sentence.empty() &&
      std::ranges::find(sentences, sentence) == sentences.end())
    sentences.push_back(sentence);
}

}  // namespace

Catalog Catalog::read(Pool& pool, const Session& session, Half half) {
  Catalog catalog;
  catalog.half_ = half;
  catalog.read_server(pool, session);
  if (catalog.schema_.empty())
    return catalog;
  Session there = session;
  there.search_path = catalog.search_path_;
  catalog.read_columns(pool, there);
  catalog.read_partitions(pool, there);
  catalog.read_references(pool, there);
  if (half != Half::main)
    catalog.read_indexes(pool, there);
  if (half != Half::whole)
    catalog.tables_.add_trait("apart");
  if (catalog.is_partitioned("ci_build_trace_metadata"))
    catalog.tables_.add_trait("parted_metadata");
  catalog.choose(catalog.storage_counts_artifacts()
                     ? StatisticsWay::with_storage
                     : StatisticsWay::alone);
  return catalog;
}

void Catalog::read_server(Pool& pool, const Session& session) {
  execute(pool, session, read_server_query(),
          Parameters().add(std::string_view(anchor_of(half_))),
          [this](const Row& row) {
            server_version_ = row.integer(0);
            in_recovery_ = row.boolean(1);
            schema_ = row.text(2);
          });
  if (!schema_.empty())
    search_path_ = schema_ + ", pg_temp";
}

void Catalog::read_columns(Pool& pool, const Session& session) {
  const auto names = Parameters().add(schema_).add(tables_of(half_));
  execute(pool, session, read_columns_query(), names, [this](const Row& row) {
    const std::string table(row.text(0));
    const std::string column(row.text(2));
    if (row.boolean(4)) {
      write_locked_.insert(table);
      return;  // it lives in the other database
    }
    tables_.add(table, std::string(row.text(1)));
    if (column == "partition_id" && !row.boolean(6) && table != "ci_resources")
      unfilled_partition_.insert(
          table);  // it is being added: some rows lack it
    else
      tables_.add_column(table, column);
    if (row.boolean(3))
      partitioned_.insert(table);
    if (row.boolean(5))
      required_.emplace(table, column);
  });
}

void Catalog::read_partitions(Pool& pool, const Session& session) {
  execute(pool, session, read_partitions_query(),
          Parameters().add(schema_).add(names_of(partitioned_)),
          [this](const Row& row) {
            partitions_.emplace(row.text(1), row.text(0));
          });
}

void Catalog::read_indexes(Pool& pool, const Session& session) {
  if (!serves("ci_pipeline_artifacts"))
    return;
  execute(pool, session, read_indexes_query(),
          Parameters().add(tables_.relation("ci_pipeline_artifacts")),
          [this](const Row& row) {
            indexes_.push_back({std::string(row.text(0)),
                                std::string(row.text(1)), row.boolean(2)});
          });
}

void Catalog::read_references(Pool& pool, const Session& session) {
  std::vector<std::string> relations;
  for (const std::string& table : emptied_tables())
    if (serves(table))
      relations.push_back(tables_.relation(table));
  execute(pool, session, read_references_query(), Parameters().add(relations),
          [this](const Row& row) {
            references_.push_back({std::string(row.text(0)),
                                   std::string(row.text(1)),
                                   std::string(row.text(2))});
          });
  execute(pool, session, read_recorders_query(), Parameters().add(relations),
          [this](const Row& row) {
            if (row.boolean(0))
              tables_.add_trait("records_deletions");
          });
}

std::vector<std::string> Catalog::unserved() const {
  std::vector<std::string> sentences;
  if (server_version_ < 130000)
    sentences.emplace_back("PostgreSQL 13 or later is needed");
  if (search_path_.empty()) {
    sentences.push_back(std::string("there is no table ") + anchor_of(half_) +
                        " on this role's search_path: is PGDATABASE GitLab's " +
                        (half_ == Half::main ? "main" : "CI") +
                        " database, and has the role USAGE on the schema of "
                        "its tables?");
    return sentences;
  }
  for (const Needed& what : needed_for_artifacts())
    judge(what.table, what.column, sentences);
  judge_required("ci_deleted_objects", sentences);
  for (const Reference& reference : references_)
    if (reference.on_delete == "a" || reference.on_delete == "r")
      add_once(sentences,
               "table " + reference.other_table + " refers to " +
                   reference.table +
                   " by a foreign key without ON DELETE, so that rows it "
                   "refers to can't be deleted; this version does not know it");
  return sentences;
}

std::vector<std::string> Catalog::unserved_builds() const {
  std::vector<std::string> sentences;
  for (const Needed& what : needed_for_builds())
    judge(what.table, what.column, sentences);
  for (const char* const table :
       {"ci_job_artifacts", "ci_build_trace_metadata"})
    judge_required(table, sentences);
  return sentences;
}

/// What belongs to the other half is not judged; a table that is not served is
/// named once, whatever its columns are.
void Catalog::judge(const std::string& table, const std::string& column,
                    std::vector<std::string>& sentences) const {
  const bool in_main = main_tables().contains(table);
  if ((half_ == Half::ci && in_main) || (half_ == Half::main && !in_main))
    return;
  if (partitioned_.contains(table) && never_partitioned.contains(table))
    add_once(sentences, "table " + table +
                            " is partitioned, which no GitLab up to 18 does "
                            "and this version does not serve");
  else
    add_once(sentences, missing(table, column));
}

std::string Catalog::missing(const std::string& table,
                             const std::string& column) const {
  const bool in_main = main_tables().contains(table);
  if (write_locked_.contains(table))
    return "table " + table +
           " is write-locked by GitLab here: it lives in the other of two "
           "databases; " +
           (in_main ? "name that one with --main-service NAME or "
                      "--main-conninfo-file FILE"
                    : "name that one, GitLab's CI database, by PGDATABASE or "
                      "PGSERVICE, and this one with --main-service NAME");
  if (has(table, column))
    return {};
  const bool elsewhere = in_main && !serves(table) && half_ == Half::whole;
  return "column " + table + "." + column + " is missing" +
         (elsewhere ? "; where GitLab has it in another database, name that "
                      "one with --main-service NAME or --main-conninfo-file "
                      "FILE"
                    : "");
}

void Catalog::judge_required(const std::string& table,
                             std::vector<std::string>& sentences) const {
  for (const auto& [of, column] : required_)
    if (of == table && !given_columns(table).contains(column))
      add_once(sentences,
               fmt::format("column {}.{} has to be given with every new row, "
                           "and this version does not know what it means",
                           table, column));
}

bool Catalog::has_builds() const {
  return serves("ci_builds") || write_locked_.contains("ci_builds");
}

bool Catalog::serves(const std::string& table) const {
  return tables_.has(table);
}

bool Catalog::has(const std::string& table, const std::string& column) const {
  return tables_.has(table, column);
}

bool Catalog::is_partitioned(const std::string& table) const {
  return partitioned_.contains(table);
}

std::string Catalog::table_of(const std::string& relation) const {
  const auto found = partitions_.find(relation);
  return found == partitions_.end() ? relation : found->second;
}

bool Catalog::has_lock_column() const {
  return has("ci_pipeline_artifacts", "locked");
}

bool Catalog::storage_counts_artifacts() const {
  return !has("ci_pipeline_artifacts", "partition_id") &&
         !unfilled_partition_.contains("ci_pipeline_artifacts");
}

bool Catalog::cancels_manual_jobs() const {
  return is_partitioned("ci_builds") && !serves("ci_builds_metadata");
}

const ExpiryIndex* Catalog::unlocked_index() const {
  // The planner proves "locked = 0 AND expire_at < x" against these only.
  const auto serves = [](const ExpiryIndex& index) {
    return index.valid &&
           (index.predicate == "((locked = 0) AND (expire_at IS NOT NULL))" ||
            index.predicate == "(locked = 0)");
  };
  const auto found = std::ranges::find_if(indexes_, serves);
  return found == indexes_.end() ? nullptr : &*found;
}

const ExpiryIndex* Catalog::expiry_index() const {
  const auto serves = [](const ExpiryIndex& index) {
    return index.valid && index.predicate.empty();
  };
  const auto found = std::ranges::find_if(indexes_, serves);
  return found == indexes_.end() ? nullptr : &*found;
}

void Catalog::choose(StatisticsWay way) {
  tables_.remove("statistics");
  tables_.remove("with_storage");
  tables_.remove("recount");
  if (way != StatisticsWay::off && serves("project_statistics"))
    tables_.add_trait("statistics");
  if (way == StatisticsWay::with_storage)
    tables_.add_trait("with_storage");
  if (way != StatisticsWay::off && half_ != Half::whole)
    tables_.add_trait("recount");
}

}  // namespace db
