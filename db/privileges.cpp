#include "db/privileges.hpp"

#include <algorithm>
#include <sstream>

namespace db {
namespace {

/// For which command, and whether for the passes builds and traces.
enum Need { to_plan, to_run, to_plan_jobs, to_run_jobs };

struct Grant {
  Need need;
  const char* privilege;
  const char* table;
  /// Separated by blanks; "": the whole table; with USAGE, the sequence behind
  /// its id.
  const char* columns;
  /// What an {if} would ask for, or with ! must not find; "": always.
  const char* condition = "";
};

// db/grants.sql has the same list, and says what each is for; a test takes each
// grant away in turn.
const std::vector<Grant> needed_grants{
    {to_plan, "SELECT", "ci_pipeline_artifacts",
     "id project_id pipeline_id size file file_store created_at expire_at "
     "locked partition_id"},
    {to_plan, "SELECT", "ci_pipelines", "id locked"},
    {to_plan, "SELECT", "ci_pipelines", "partition_id",
     "ci_pipeline_artifacts.partition_id"},
    {to_plan, "SELECT", "ci_deleted_objects",
     "id file_store pick_up_at store_dir file"},
    {to_plan, "SELECT", "geo_nodes", "primary"},
    {to_run, "DELETE", "ci_pipeline_artifacts", ""},
    {to_run, "UPDATE", "ci_pipeline_artifacts", "locked"},
    {to_run, "UPDATE", "ci_pipeline_artifacts", "updated_at",
     "!ci_pipeline_artifacts.locked"},
    {to_run, "UPDATE", "ci_pipelines", "updated_at"},
    {to_run, "INSERT", "ci_deleted_objects",
     "file_store pick_up_at store_dir file project_id"},
    {to_run, "USAGE", "ci_deleted_objects", ""},
    {to_run, "UPDATE", "ci_deleted_objects", "pick_up_at"},
    {to_run, "DELETE", "ci_deleted_objects", ""},
    {to_run, "SELECT", "project_statistics",
     "id project_id pipeline_artifacts_size", "statistics"},
    {to_run, "UPDATE", "project_statistics", "pipeline_artifacts_size",
     "statistics"},
    {to_run, "SELECT", "project_statistics", "storage_size", "with_storage"},
    {to_run, "UPDATE", "project_statistics", "storage_size", "with_storage"},
    {to_run, "SELECT", "projects", "id pending_delete",
     "statistics projects.pending_delete"},
    {to_run, "SELECT", "project_statistics", "xmin", "recount"},
    {to_run, "SELECT", "ci_deleted_objects", "project_id", "recount"},
    {to_run, "SELECT", "ci_pipelines", "project_id",
     "recount !ci_deleted_objects.project_id"},
    {to_run, "INSERT", "loose_foreign_keys_deleted_records",
     "fully_qualified_table_name primary_key_value", "records_deletions"},
    {to_run, "USAGE", "loose_foreign_keys_deleted_records", "",
     "records_deletions"},
    {to_plan_jobs, "SELECT", "users", "id state"},
    {to_plan_jobs, "SELECT", "ci_pipeline_schedules", "owner_id active"},
    {to_plan_jobs, "SELECT", "ci_pipelines",
     "id project_id user_id status partition_id"},
    {to_plan_jobs, "SELECT", "ci_builds",
     "id commit_id project_id status lock_version failure_reason retried "
     "finished_at updated_at partition_id"},
    {to_plan_jobs, "SELECT", "ci_build_trace_chunks",
     "id build_id chunk_index data_store raw_data checksum lock_version "
     "partition_id"},
    {to_plan_jobs, "SELECT", "ci_job_artifacts",
     "id job_id file_type file file_store file_sha256 created_at"},
    {to_plan_jobs, "SELECT", "ci_job_artifacts", "partition_id",
     "ci_build_trace_chunks.partition_id"},
    {to_run_jobs, "SELECT", "ci_pipeline_schedules", "id"},
    {to_run_jobs, "UPDATE", "ci_pipeline_schedules", "active"},
    {to_run_jobs, "SELECT", "ci_builds",
     "type stage_idx allow_failure processed started_at scheduled_at "
     "resource_group_id"},
    {to_run_jobs, "UPDATE", "ci_builds",
     "status failure_reason finished_at updated_at processed scheduled_at "
     "token_encrypted lock_version"},
    {to_run_jobs, "SELECT", "ci_pending_builds", "id build_id"},
    {to_run_jobs, "DELETE", "ci_pending_builds", ""},
    {to_run_jobs, "SELECT", "ci_running_builds", "id build_id"},
    {to_run_jobs, "DELETE", "ci_running_builds", ""},
    {to_run_jobs, "SELECT", "ci_builds_runner_session", "id build_id"},
    {to_run_jobs, "DELETE", "ci_builds_runner_session", ""},
    {to_run_jobs, "SELECT", "ci_resources", "id resource_group_id build_id"},
    {to_run_jobs, "UPDATE", "ci_resources", "build_id partition_id"},
    {to_run_jobs, "SELECT", "ci_resource_groups", "id project_id key"},
    {to_run_jobs, "SELECT", "deployments",
     "deployable_type deployable_id status"},
    {to_run_jobs, "SELECT", "deployments", "user_id", "apart"},
    {to_run_jobs, "UPDATE", "deployments", "status finished_at updated_at"},
    {to_run_jobs, "SELECT", "ci_stages",
     "id pipeline_id position status lock_version partition_id"},
    {to_run_jobs, "UPDATE", "ci_stages", "status updated_at lock_version"},
    {to_run_jobs, "SELECT", "ci_pipelines",
     "lock_version started_at finished_at duration auto_canceled_by_id"},
    {to_run_jobs, "UPDATE", "ci_pipelines",
     "status updated_at lock_version started_at finished_at duration "
     "auto_canceled_by_id"},
    {to_run_jobs, "SELECT", "ci_pipelines", "ci_ref_id source",
     "ci_refs ci_pipelines.ci_ref_id ci_pipelines.source"},
    {to_run_jobs, "SELECT", "ci_refs", "id status lock_version",
     "ci_pipelines.ci_ref_id ci_pipelines.source"},
    {to_run_jobs, "UPDATE", "ci_refs", "status lock_version",
     "ci_pipelines.ci_ref_id ci_pipelines.source"},
    {to_run_jobs, "UPDATE", "ci_build_trace_chunks", "data_store"},
    {to_run_jobs, "DELETE", "ci_build_trace_chunks", ""},
    {to_run_jobs, "SELECT", "ci_build_pending_states", "build_id"},
    {to_run_jobs, "DELETE", "ci_build_pending_states", ""},
    {to_run_jobs, "SELECT", "ci_job_artifacts", "project_id partition_id"},
    {to_run_jobs, "INSERT", "ci_job_artifacts",
     "project_id job_id file_type created_at updated_at partition_id"},
    {to_run_jobs, "USAGE", "ci_job_artifacts", ""},
    {to_run_jobs, "UPDATE", "ci_job_artifacts",
     "file file_store file_sha256 size updated_at"},
    {to_run_jobs, "SELECT", "ci_build_trace_metadata",
     "build_id trace_artifact_id checksum archived_at"},
    {to_run_jobs, "SELECT", "ci_build_trace_metadata", "partition_id",
     "parted_metadata"},
    {to_run_jobs, "INSERT", "ci_build_trace_metadata",
     "build_id trace_artifact_id checksum archived_at partition_id project_id"},
    {to_run_jobs, "UPDATE", "ci_build_trace_metadata",
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

bool holds(const Catalog& catalog, const Grant& grant) {
  std::istringstream words(grant.condition);
  for (std::string word; words >> word;) {
    const bool is_there = word[0] != '!';
    const std::string what = is_there ? word : word.substr(1);
    if ((catalog.tables().write("{if " + what + "}yes{end}") == "yes") !=
        is_there)
      return false;
  }
  return true;
}

bool is_asked(const Catalog& catalog, const Grant& grant,
              PrivilegeScope scope) {
  const bool for_jobs = grant.need == to_plan_jobs || grant.need == to_run_jobs;
  const bool for_run = grant.need == to_run || grant.need == to_run_jobs;
  return catalog.serves(grant.table) && (scope.jobs || !for_jobs) &&
         (scope.writes || !for_run) && holds(catalog, grant);
}

/// The versions of a row are told by a column that no table is made with.
bool has_column(const Catalog& catalog, const char* table,
                const std::string& column) {
  return column == "xmin" || catalog.has(table, column);
}

/// The question for one query, in three columns, and how it is said.
struct Questions {
  std::vector<std::string> privileges, relations, columns, texts;

  void add(const Catalog& catalog, const Grant& grant) {
    const std::string relation = catalog.tables().relation(grant.table);
    if (*grant.columns == '\0')
      add(grant.privilege, relation, "",
          std::string(grant.privilege) + " on " + bare(relation));
    std::istringstream words(grant.columns);
    for (std::string column; words >> column;)
      if (has_column(catalog, grant.table, column))
        add(grant.privilege, relation, column,
            std::string(grant.privilege) + " of " + column + " on " +
                bare(relation));
  }

  void add(const char* privilege, const std::string& relation,
           const std::string& column, const std::string& text) {
    if (std::ranges::find(texts, text) != texts.end())
      return;  // two passes need it
    privileges.emplace_back(privilege);
    relations.push_back(relation);
    columns.push_back(column);
    texts.push_back(text);
  }
};

/// The same about sequences.
struct SequenceQuestions {
  std::vector<std::string> relations, guesses;

  void add(const Catalog& catalog, const Grant& grant) {
    const std::string& relation = catalog.tables().relation(grant.table);
    relations.push_back(relation);
    guesses.push_back(relation.substr(0, relation.rfind('.') + 1) +
                      grant.table + "_id_seq");
  }
};

}  // namespace

std::vector<Privilege> read_privileges(Pool& pool, const Session& session,
                                       const Catalog& catalog,
                                       PrivilegeScope scope) {
  Questions questions;
  SequenceQuestions sequences;
  for (const Grant& grant : needed_grants) {
    if (!is_asked(catalog, grant, scope))
      continue;
    if (std::string_view(grant.privilege) == "USAGE")
      sequences.add(catalog, grant);
    else
      questions.add(catalog, grant);
  }
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
  if (!sequences.relations.empty())
    execute(pool, session, ask_sequences,
            Parameters().add(sequences.relations).add(sequences.guesses),
            [&](const Row& row) {
              privileges.push_back(
                  {"USAGE on sequence " + bare(std::string(row.text(0))),
                   row.boolean(1)});
            });
  return privileges;
}

}  // namespace db
