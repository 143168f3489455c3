#include "tests/support/two_databases.hpp"

#include <fmt/format.h>

namespace tests {
namespace {

/// Statements that make the rows of a table anew.
constexpr const char* copies[] = {
    "SELECT format('INSERT INTO projects (id, name, namespace_id, "
    "pending_delete) VALUES (%s, %L, 1, %L)', id, name, pending_delete) "
    "FROM projects",
    "SELECT format('INSERT INTO project_statistics (project_id, namespace_id, "
    "pipeline_artifacts_size, storage_size) VALUES (%s, 1, %s, %s)', "
    "project_id, pipeline_artifacts_size, storage_size) "
    "FROM project_statistics",
    "SELECT format('INSERT INTO users (id, state) VALUES (%s, %L)', id, state) "
    "FROM users",
    "SELECT format('INSERT INTO deployments (project_id, deployable_type, "
    "deployable_id, status) VALUES (%s, %L, %s, %s)', project_id, "
    "deployable_type, deployable_id, status) FROM deployments"};

}  // namespace

TwoDatabases::TwoDatabases() {
  options.main_conninfo_file =
      settings.write("main", "dbname=" + main.name() + "\n").string();
}

void TwoDatabases::part() {
  for (const char* const copy : copies)
    for (const std::string& statement : database.column(copy))
      main.run(statement);
  database.run(
      "DROP TABLE users, deployments, project_statistics, projects CASCADE");
  database.grant_anew({"half=ci"});
  main.grant_anew({"half=main"});
}

std::vector<std::string> TwoDatabases::sizes(std::int64_t project_id) {
  return main
      .rows(fmt::format("SELECT pipeline_artifacts_size, storage_size FROM "
                        "project_statistics WHERE project_id = {}",
                        project_id))
      .at(0);
}

std::vector<std::string> TwoDatabases::broken() {
  // For a moment they are where World looks for them.
  database.run(
      "CREATE TABLE project_statistics (project_id bigint, "
      "pipeline_artifacts_size bigint, storage_size bigint)");
  for (const auto& row :
       main.rows("SELECT project_id, pipeline_artifacts_size, storage_size "
                 "FROM project_statistics"))
    database.run(
        fmt::format("INSERT INTO project_statistics VALUES ({}, {}, "
                    "{})",
                    row[0], row[1], row[2]));
  std::vector<std::string> found = violations();
  database.run("DROP TABLE project_statistics");
  return found;
}

}  // namespace tests
