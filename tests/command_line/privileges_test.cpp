#include "tests/command_line/janitor.hpp"
#include "tests/support/jobs.hpp"

#include <catch2/catch.hpp>

using tests::complaint;
using tests::contains;
using tests::Ended;
using tests::janitor;
using tests::World;

namespace {

/// What a run needs, and nothing more: README.md has the same list.
const std::vector<std::string> needed{
    "SELECT, DELETE, UPDATE (locked) ON ci_pipeline_artifacts",
    "SELECT, INSERT, DELETE, UPDATE (pick_up_at) ON ci_deleted_objects",
    "USAGE ON SEQUENCE ci_deleted_objects_id_seq",
    "SELECT (id, locked), UPDATE (locked) ON ci_pipelines",
    "SELECT (id, project_id, pipeline_artifacts_size, storage_size), "
    "UPDATE (pipeline_artifacts_size, storage_size) ON project_statistics",
    "SELECT (id, pending_delete) ON projects",
    "SELECT (id, state) ON users",
    "SELECT (id, owner_id, active), UPDATE (active) ON ci_pipeline_schedules",
    "SELECT (user_id, project_id, status, lock_version, started_at, "
    "finished_at, duration, ci_ref_id, source), UPDATE (status, updated_at, "
    "lock_version, started_at, finished_at, duration) ON ci_pipelines",
    "SELECT (id, pipeline_id, position, status, lock_version), "
    "UPDATE (status, updated_at, lock_version) ON ci_stages",
    "SELECT (id, status, lock_version), UPDATE (status, lock_version) "
    "ON ci_refs",
    "SELECT (id, commit_id, project_id, type, status, stage_idx, "
    "allow_failure, retried, processed, lock_version, failure_reason, "
    "started_at, finished_at, updated_at, scheduled_at, resource_group_id, "
    "partition_id), UPDATE (status, failure_reason, finished_at, updated_at, "
    "processed, scheduled_at, token_encrypted, lock_version) ON ci_builds",
    "SELECT (id, build_id), DELETE ON ci_pending_builds",
    "SELECT (id, build_id), DELETE ON ci_running_builds",
    "SELECT (id, build_id), DELETE ON ci_builds_runner_session",
    "SELECT (id, resource_group_id, build_id), UPDATE (build_id) "
    "ON ci_resources",
    "SELECT (id, project_id, key) ON ci_resource_groups",
    "SELECT (deployable_type, deployable_id, status), "
    "UPDATE (status, finished_at, updated_at) ON deployments",
    "SELECT, DELETE, UPDATE (data_store) ON ci_build_trace_chunks",
    "SELECT (build_id), DELETE ON ci_build_pending_states",
    "SELECT (id, project_id, job_id, file_type, file, file_store, "
    "file_sha256, created_at), INSERT (project_id, job_id, file_type, "
    "created_at, updated_at, partition_id), UPDATE (file, file_store, "
    "file_sha256, size, updated_at) ON ci_job_artifacts",
    "SELECT (build_id, trace_artifact_id, checksum, archived_at), "
    "INSERT (build_id, trace_artifact_id, checksum, "
    "archived_at), UPDATE (trace_artifact_id, checksum, archived_at) "
    "ON ci_build_trace_metadata",
    "USAGE ON SEQUENCE ci_job_artifacts_id_seq"};

/// A world, and a role that may do nothing there.
struct Guarded : World {
  Guarded() {
    add_live();
    add();
    add({.locked = "2"});
    add({.locked = "2", .pipeline_locked = 1});
    add_entry("left/over", "old.zip");
    tests::Jobs jobs(*this);
    const auto pipeline = jobs.pipeline(jobs.user());
    job = jobs.job(pipeline);
    jobs.job(pipeline, {.status = "pending"});
    jobs.hold_resource(jobs.resource_group("production"), job);
    jobs.chunk(job, 0, "a trace");
    database.run("CREATE ROLE " + role + " LOGIN");
  }
  ~Guarded() { database.run("DROP OWNED BY " + role + "; DROP ROLE " + role); }

  void grant(const std::string& what) {
    database.run("GRANT " + what + " TO " + role);
  }
  Ended as_role(const std::vector<std::string>& words) {
    return janitor(*this, words, {{"PGUSER", role}});
  }

  std::int64_t job = 0;  ///< running, with a live trace and a resource
  std::string role = "guest_" + database.name();
};

}  // namespace

TEST_CASE("a role with the privileges of the README can do everything",
          "[postgres][program]") {
  Guarded world;
  for (const std::string& what : needed)
    world.grant(what);
  CHECK(world.as_role({"check"}).status == 0);
  CHECK(world.as_role({"plan"}).status == 0);
  CHECK(world.as_role({"explain", "--analyze"}).status == 0);
  const Ended run =
      world.as_role({"run", "--expect-destroyed", "2", "--expect-dropped", "2",
                     "--expect-backlog", "0", "--trace-settle", "0"});
  INFO(run.err);
  CHECK(run.status == 0);
  CHECK(tests::Jobs(world).archive(world.job) == "a trace");
  CHECK(world.entries_left() == 0);
  CHECK(world.database.number("SELECT count(*) FROM ci_pipeline_artifacts "
                              "WHERE locked = 1") == 1);
  CHECK(world.violations().empty());
}

TEST_CASE("a role with any one of them missing is not fit, and told which",
          "[postgres][program]") {
  Guarded world;
  for (const std::string& what : needed)
    world.grant(what);
  const std::vector<std::pair<std::string, std::string>> pieces{
      {"SELECT ON ci_pipeline_artifacts", "SELECT on ci_pipeline_artifacts"},
      {"DELETE ON ci_pipeline_artifacts", "DELETE on ci_pipeline_artifacts"},
      {"UPDATE (locked) ON ci_pipeline_artifacts",
       "UPDATE of locked on ci_pipeline_artifacts"},
      {"INSERT ON ci_deleted_objects", "INSERT on ci_deleted_objects"},
      {"UPDATE (pick_up_at) ON ci_deleted_objects",
       "UPDATE of pick_up_at on ci_deleted_objects"},
      {"USAGE ON SEQUENCE ci_deleted_objects_id_seq",
       "USAGE on sequence public.ci_deleted_objects_id_seq"},
      {"SELECT (locked) ON ci_pipelines", "SELECT of locked on ci_pipelines"},
      {"SELECT (storage_size) ON project_statistics",
       "SELECT of storage_size on project_statistics"},
      {"UPDATE (storage_size) ON project_statistics",
       "UPDATE of storage_size on project_statistics"},
      {"SELECT (pending_delete) ON projects",
       "SELECT of pending_delete on projects"},
      {"SELECT (state) ON users", "SELECT of state on users"},
      {"UPDATE (token_encrypted) ON ci_builds",
       "UPDATE of token_encrypted on ci_builds"},
      {"DELETE ON ci_pending_builds", "DELETE on ci_pending_builds"},
      {"INSERT (job_id) ON ci_job_artifacts",
       "INSERT of job_id on ci_job_artifacts"},
      {"USAGE ON SEQUENCE ci_job_artifacts_id_seq",
       "USAGE on sequence public.ci_job_artifacts_id_seq"}};
  const std::string before = world.database.dump();
  for (const auto& [what, name] : pieces) {
    world.database.run("REVOKE " + what + " FROM " + world.role);
    const Ended ended = world.as_role({"run"});
    CHECK(ended.status == 78);
    CHECK(ended.out.empty());
    CHECK(contains(complaint(ended), "missing: " + name));
    CHECK(contains(complaint(ended), "GRANT"));
    world.grant(what);
  }
  CHECK(world.database.dump() == before);
  CHECK(world.files_left() == 5);
}

TEST_CASE("a role without any privilege is told all of them",
          "[postgres][program]") {
  Guarded world;
  const std::string before = world.database.dump();
  const Ended run = world.as_role({"run"});
  CHECK(run.status == 78);
  for (const char* const table : {"ci_pipeline_artifacts", "ci_deleted_objects",
                                  "ci_pipelines", "project_statistics"})
    CHECK(contains(complaint(run), table));

  const Ended check = world.as_role({"check"});
  CHECK(check.status == 78);
  CHECK(contains(check.out, "fail     privileges"));
  CHECK(check.err.empty());

  const Ended explain = world.as_role({"explain"});
  CHECK(explain.status == 78);
  CHECK(contains(complaint(explain), "permission denied"));
  CHECK(contains(complaint(explain), "'ci-janitor check'"));
  CHECK(world.database.dump() == before);
}

TEST_CASE("db/grants.sql grants all of that", "[postgres][program]") {
  Guarded world;
  const std::string script(JANITOR_POSTGRES_SCRIPT);
  const std::string grants =
      script.substr(0, script.rfind("/tests/")) + "/db/grants.sql";
  const Ended granted =
      tests::run_program({"/usr/bin/env", "psql", "-qX", "-v",
                          "role=" + world.role, "-f", grants});
  INFO(granted.err);
  REQUIRE(granted.status == 0);
  CHECK(granted.err.empty());
  const Ended run =
      world.as_role({"run", "--expect-destroyed", "2", "--expect-dropped", "2",
                     "--expect-backlog", "0", "--trace-settle", "0"});
  INFO(run.err);
  CHECK(run.status == 0);
}
