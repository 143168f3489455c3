#include "db/catalog.hpp"

#include <algorithm>
#include <array>

namespace db {
namespace {

const Query read_server_query{"catalog.read_server", R"sql(
SELECT current_setting('server_version_num')::bigint,
       pg_is_in_recovery(),
       coalesce((SELECT quote_ident(n.nspname) || ', pg_temp'
                 FROM pg_class c
                 JOIN pg_namespace n ON n.oid = c.relnamespace
                 WHERE c.oid = to_regclass('ci_pipeline_artifacts')), '')
)sql"};

const Query read_columns_query{"catalog.read_columns", R"sql(
SELECT c.relname::text, a.attname::text,
       c.relkind = 'p' OR c.relispartition,
       EXISTS (SELECT
               FROM pg_trigger AS t
               WHERE t.tgrelid = c.oid
                 AND t.tgname = 'gitlab_schema_write_trigger_for_' || c.relname)
FROM pg_class c
JOIN pg_attribute a ON a.attrelid = c.oid
WHERE c.oid IN (SELECT to_regclass(name) FROM unnest($1::text[]) AS name)
  AND a.attnum > 0
  AND NOT a.attisdropped
)sql"};

const Query read_indexes_query{"catalog.read_indexes", R"sql(
SELECT i.indexrelid::regclass::text,
       coalesce(pg_get_expr(i.indpred, i.indrelid), ''),
       i.indisvalid AND i.indisready
FROM pg_index i
JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = i.indkey[0]
WHERE i.indrelid = to_regclass('ci_pipeline_artifacts')
  AND a.attname = 'expire_at'
ORDER BY 1
)sql"};

struct Needed {
  const char* table;
  const char* column;
};

constexpr std::array for_artifacts{
    Needed{"ci_pipeline_artifacts", "id"},
    Needed{"ci_pipeline_artifacts", "project_id"},
    Needed{"ci_pipeline_artifacts", "pipeline_id"},
    Needed{"ci_pipeline_artifacts", "size"},
    Needed{"ci_pipeline_artifacts", "file"},
    Needed{"ci_pipeline_artifacts", "file_store"},
    Needed{"ci_pipeline_artifacts", "expire_at"},
    Needed{"ci_pipeline_artifacts", "locked"},
    Needed{"ci_pipelines", "id"},
    Needed{"ci_pipelines", "locked"},
    Needed{"ci_deleted_objects", "id"},
    Needed{"ci_deleted_objects", "file_store"},
    Needed{"ci_deleted_objects", "pick_up_at"},
    Needed{"ci_deleted_objects", "store_dir"},
    Needed{"ci_deleted_objects", "file"},
    Needed{"project_statistics", "project_id"},
    Needed{"project_statistics", "pipeline_artifacts_size"},
    Needed{"project_statistics", "storage_size"}};

constexpr std::array for_builds{Needed{"users", "id"},
                                Needed{"users", "state"},
                                Needed{"ci_pipelines", "user_id"},
                                Needed{"ci_pipelines", "project_id"},
                                Needed{"ci_pipelines", "status"},
                                Needed{"ci_pipelines", "started_at"},
                                Needed{"ci_pipelines", "finished_at"},
                                Needed{"ci_pipelines", "duration"},
                                Needed{"ci_pipelines", "updated_at"},
                                Needed{"ci_pipelines", "lock_version"},
                                Needed{"ci_stages", "id"},
                                Needed{"ci_stages", "pipeline_id"},
                                Needed{"ci_stages", "position"},
                                Needed{"ci_stages", "status"},
                                Needed{"ci_stages", "lock_version"},
                                Needed{"ci_builds", "id"},
                                Needed{"ci_builds", "commit_id"},
                                Needed{"ci_builds", "project_id"},
                                Needed{"ci_builds", "type"},
                                Needed{"ci_builds", "status"},
                                Needed{"ci_builds", "stage_idx"},
                                Needed{"ci_builds", "allow_failure"},
                                Needed{"ci_builds", "retried"},
                                Needed{"ci_builds", "processed"},
                                Needed{"ci_builds", "lock_version"},
                                Needed{"ci_builds", "failure_reason"},
                                Needed{"ci_builds", "started_at"},
                                Needed{"ci_builds", "finished_at"},
                                Needed{"ci_builds", "scheduled_at"},
                                Needed{"ci_builds", "token_encrypted"},
                                Needed{"ci_builds", "resource_group_id"},
                                Needed{"ci_pending_builds", "build_id"},
                                Needed{"ci_running_builds", "build_id"},
                                Needed{"ci_resources", "build_id"},
                                Needed{"ci_resource_groups", "key"},
                                Needed{"ci_build_trace_chunks", "build_id"},
                                Needed{"ci_build_trace_chunks", "data_store"},
                                Needed{"ci_build_trace_metadata", "build_id"},
                                Needed{"ci_job_artifacts", "job_id"},
                                Needed{"ci_job_artifacts", "file_sha256"}};

// Used where they are, and where this is their database.
constexpr std::array optional_tables{"projects",
                                     "ci_builds_runner_session",
                                     "ci_pipeline_schedules",
                                     "ci_refs",
                                     "deployments",
                                     "ci_build_pending_states",
                                     "p_ci_builds"};

std::vector<std::string> known_tables() {
  std::set<std::string> names(optional_tables.begin(), optional_tables.end());
  for (const Needed& what : for_artifacts)
    names.insert(what.table);
  for (const Needed& what : for_builds)
    names.insert(what.table);
  return {names.begin(), names.end()};
}

}  // namespace

Catalog Catalog::read(Pool& pool, const Session& session) {
  Catalog catalog;
  catalog.read_server(pool, session);
  catalog.read_columns(pool, session);
  catalog.read_indexes(pool, session);
  return catalog;
}

void Catalog::read_server(Pool& pool, const Session& session) {
  execute(pool, session, read_server_query, {}, [this](const Row& row) {
    server_version_ = row.integer(0);
    in_recovery_ = row.boolean(1);
    search_path_ = row.text(2);
  });
}

void Catalog::read_columns(Pool& pool, const Session& session) {
  const auto tables = Parameters().add(known_tables());
  execute(pool, session, read_columns_query, tables, [this](const Row& row) {
    const std::string table(row.text(0));
    columns_.emplace(table, row.text(1));
    if (row.boolean(2))
      partitioned_.insert(table);
    if (row.boolean(3))
      write_locked_.insert(table);
  });
}

void Catalog::read_indexes(Pool& pool, const Session& session) {
  execute(pool, session, read_indexes_query, {}, [this](const Row& row) {
    indexes_.push_back(
        {std::string(row.text(0)), std::string(row.text(1)), row.boolean(2)});
  });
}

std::vector<std::string> Catalog::unserved() const {
  std::vector<std::string> sentences;
  if (server_version_ < 130000)
    sentences.push_back("PostgreSQL 13 or later is needed");
  if (search_path_.empty()) {
    sentences.push_back(
        "there is no table ci_pipeline_artifacts on this role's search_path: "
        "is PGDATABASE GitLab's CI database?");
    return sentences;
  }
  for (const Needed& what : for_artifacts)
    judge(what.table, what.column, sentences);
  return sentences;
}

std::vector<std::string> Catalog::unserved_builds() const {
  std::vector<std::string> sentences;
  if (has("p_ci_builds", "id"))
    judge("p_ci_builds", "id", sentences);
  for (const Needed& what : for_builds)
    judge(what.table, what.column, sentences);
  return sentences;
}

/// A table that is not served is named once, whatever its columns are.
void Catalog::judge(const std::string& table, const std::string& column,
                    std::vector<std::string>& sentences) const {
  std::string sentence;
  if (partitioned_.contains(table))
    sentence = "table " + table +
               " is partitioned (GitLab 16 and later), which this version "
               "does not serve";
  else if (write_locked_.contains(table))
    sentence = "table " + table +
               " is write-locked by GitLab here: it lives in the other of two "
               "databases, which this version does not serve";
  else if (!has(table, column))
    sentence = "column " + table + "." + column + " is missing";
  if (!sentence.empty() &&
      std::ranges::find(sentences, sentence) == sentences.end())
    sentences.push_back(sentence);
}

bool Catalog::has_builds() const {
  return has("ci_builds", "id") || has("p_ci_builds", "id");
}

bool Catalog::serves(const std::string& table) const {
  return !write_locked_.contains(table) &&
         std::ranges::any_of(columns_, [&](const auto& column) {
           return column.first == table;
         });
}

bool Catalog::queue_names_project() const {
  return has("ci_deleted_objects", "project_id");
}

bool Catalog::storage_counts_artifacts() const {
  return !has("ci_pipeline_artifacts", "partition_id");
}

bool Catalog::has_pending_delete() const {
  return has("projects", "pending_delete");
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

bool Catalog::has(const std::string& table, const std::string& column) const {
  return columns_.contains({table, column});
}

}  // namespace db
