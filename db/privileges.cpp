#include "db/privileges.hpp"

#include <sstream>

namespace db {
namespace {

struct Grant {
  const char* privilege;
  const char* table;
  /// Separated by blanks; "": the whole table.
  const char* columns;
  /// What an {if} would ask for; "": always.
  const char* where = "";
};

// FOR UPDATE and FOR SHARE ask for UPDATE on one column at least
// (https://www.postgresql.org/docs/15/sql-select.html): the column that matters
// least is the one named, where there is no other need.
const std::vector<Grant> for_artifacts{
    {"SELECT", "ci_pipeline_artifacts", ""},
    {"DELETE", "ci_pipeline_artifacts", ""},
    {"UPDATE", "ci_pipeline_artifacts", "locked"},
    {"UPDATE", "ci_pipeline_artifacts", "updated_at", "!locked"},
    {"SELECT", "ci_pipelines", "id locked partition_id"},
    {"UPDATE", "ci_pipelines", "updated_at"},
    {"SELECT", "ci_deleted_objects", ""},
    {"INSERT", "ci_deleted_objects",
     "file_store pick_up_at store_dir file project_id"},
    {"DELETE", "ci_deleted_objects", ""},
    {"UPDATE", "ci_deleted_objects", "pick_up_at"},
    {"SELECT", "project_statistics", "id project_id pipeline_artifacts_size",
     "statistics"},
    {"UPDATE", "project_statistics", "pipeline_artifacts_size", "statistics"},
    {"SELECT", "project_statistics", "storage_size", "with_storage"},
    {"UPDATE", "project_statistics", "storage_size", "with_storage"},
    {"SELECT", "projects", "id pending_delete", "statistics"},
    {"SELECT", "geo_nodes", "primary"},
    {"INSERT", "loose_foreign_keys_deleted_records",
     "fully_qualified_table_name primary_key_value", "records_deletions"}};

const std::vector<Grant> for_jobs{
    {"SELECT", "users", "id state"},
    {"SELECT", "ci_pipeline_schedules", "id owner_id active"},
    {"UPDATE", "ci_pipeline_schedules", "active"},
    {"SELECT", "ci_pipelines",
     "id project_id user_id status lock_version started_at finished_at "
     "duration ci_ref_id source auto_canceled_by_id"},
    {"UPDATE", "ci_pipelines",
     "status updated_at lock_version started_at finished_at duration "
     "auto_canceled_by_id"},
    {"SELECT", "ci_stages",
     "id pipeline_id position status lock_version partition_id"},
    {"UPDATE", "ci_stages", "status updated_at lock_version"},
    {"SELECT", "ci_refs", "id status lock_version"},
    {"UPDATE", "ci_refs", "status lock_version"},
    {"SELECT", "ci_builds",
     "id commit_id project_id type status stage_idx allow_failure retried "
     "processed lock_version failure_reason started_at finished_at updated_at "
     "scheduled_at resource_group_id partition_id"},
    {"UPDATE", "ci_builds",
     "status failure_reason finished_at updated_at processed scheduled_at "
     "token_encrypted lock_version"},
    {"SELECT", "ci_pending_builds", "id build_id"},
    {"DELETE", "ci_pending_builds", ""},
    {"SELECT", "ci_running_builds", "id build_id"},
    {"DELETE", "ci_running_builds", ""},
    {"SELECT", "ci_builds_runner_session", "id build_id"},
    {"DELETE", "ci_builds_runner_session", ""},
    {"SELECT", "ci_resources", "id resource_group_id build_id"},
    {"UPDATE", "ci_resources", "build_id partition_id"},
    {"SELECT", "ci_resource_groups", "id project_id key"},
    {"SELECT", "deployments", "deployable_type deployable_id status user_id"},
    {"UPDATE", "deployments", "status finished_at updated_at"},
    {"SELECT", "ci_build_trace_chunks",
     "id build_id chunk_index data_store raw_data checksum lock_version "
     "partition_id"},
    {"DELETE", "ci_build_trace_chunks", ""},
    {"UPDATE", "ci_build_trace_chunks", "data_store"},
    {"SELECT", "ci_build_pending_states", "build_id"},
    {"DELETE", "ci_build_pending_states", ""},
    {"SELECT", "ci_job_artifacts",
     "id project_id job_id file_type file file_store file_sha256 created_at "
     "partition_id"},
    {"INSERT", "ci_job_artifacts",
     "project_id job_id file_type created_at updated_at partition_id"},
    {"UPDATE", "ci_job_artifacts",
     "file file_store file_sha256 size updated_at"},
    {"SELECT", "ci_build_trace_metadata",
     "build_id trace_artifact_id checksum archived_at partition_id"},
    {"INSERT", "ci_build_trace_metadata",
     "build_id trace_artifact_id checksum archived_at partition_id "
     "project_id"},
    {"UPDATE", "ci_build_trace_metadata",
     "trace_artifact_id checksum archived_at"}};

const Query ask{"privileges.read", R"sql(
SELECT CASE WHEN needed.column_name = '' THEN
                has_table_privilege(needed.relation, needed.privilege)
            ELSE has_column_privilege(needed.relation, needed.column_name,
                                      needed.privilege) END
FROM unnest($1::text[], $2::text[], $3::text[]) WITH ORDINALITY
    AS needed (privilege, relation, column_name, place)
ORDER BY needed.place
)sql"};

// A trigger that gives ids takes them from the sequence that once was the
// default, under the table's first name.
const Query ask_sequences{"privileges.sequences", R"sql(
SELECT sequence, has_sequence_privilege(sequence, 'USAGE')
FROM unnest($1::text[], $2::text[]) AS t (relation, guess)
CROSS JOIN LATERAL (
    SELECT coalesce(pg_get_serial_sequence(relation, 'id'),
                    to_regclass(guess)::text)) AS s (sequence)
WHERE sequence IS NOT NULL
ORDER BY 1
)sql"};

/// "public.p_ci_builds": without the schema, as people say it.
std::string bare(const std::string& relation) {
  return relation.substr(relation.rfind('.') + 1);
}

bool holds(const Catalog& catalog, const std::string& where) {
  if (where == "!locked")
    return !catalog.has_lock_column();
  return catalog.tables().write("{if " + where + "}yes{end}") == "yes";
}

/// The question for one query, in three columns, and how it is said.
struct Questions {
  std::vector<std::string> privileges, relations, columns, texts;

  void add(const Catalog& catalog, const Grant& grant) {
    if (!catalog.serves(grant.table) ||
        (*grant.where != '\0' && !holds(catalog, grant.where)))
      return;
    const std::string relation = catalog.tables().relation(grant.table);
    if (*grant.columns == '\0')
      add(grant.privilege, relation, "",
          std::string(grant.privilege) + " on " + bare(relation));
    std::istringstream words(grant.columns);
    for (std::string column; words >> column;)
      if (catalog.has(grant.table, column))
        add(grant.privilege, relation, column,
            std::string(grant.privilege) + " of " + column + " on " +
                bare(relation));
  }

  void add(const char* privilege, const std::string& relation,
           const std::string& column, const std::string& text) {
    privileges.emplace_back(privilege);
    relations.push_back(relation);
    columns.push_back(column);
    texts.push_back(text);
  }
};

void add_sequences(Pool& pool, const Session& session, const Catalog& catalog,
                   bool jobs, std::vector<Privilege>& privileges) {
  std::vector<std::string> relations;
  std::vector<std::string> guesses;
  std::vector<std::string> tables{"ci_deleted_objects"};
  if (jobs)
    tables.emplace_back("ci_job_artifacts");
  if (holds(catalog, "records_deletions"))
    tables.emplace_back("loose_foreign_keys_deleted_records");
  for (const std::string& table : tables)
    if (catalog.serves(table)) {
      const std::string& relation = catalog.tables().relation(table);
      relations.push_back(relation);
      guesses.push_back(relation.substr(0, relation.rfind('.') + 1) + table +
                        "_id_seq");
    }
  execute(pool, session, ask_sequences,
          Parameters().add(relations).add(guesses), [&](const Row& row) {
            privileges.push_back(
                {"USAGE on sequence " + bare(std::string(row.text(0))),
                 row.boolean(1)});
          });
}

}  // namespace

std::vector<Privilege> read_privileges(Pool& pool, const Session& session,
                                       const Catalog& catalog,
                                       PrivilegeScope scope) {
  Questions questions;
  for (const auto* const grants : {&for_artifacts, &for_jobs})
    if (scope.jobs || grants == &for_artifacts)
      for (const Grant& grant : *grants)
        if (scope.writes || std::string_view(grant.privilege) == "SELECT")
          questions.add(catalog, grant);
  std::vector<Privilege> privileges;
  execute(pool, session, ask,
          Parameters()
              .add(questions.privileges)
              .add(questions.relations)
              .add(questions.columns),
          [&](const Row& row) {
            privileges.push_back(
                {questions.texts.at(privileges.size()), row.boolean(0)});
          });
  if (scope.writes)
    add_sequences(pool, session, catalog, scope.jobs, privileges);
  return privileges;
}

}  // namespace db
