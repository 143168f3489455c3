#include "tests/command_line/janitor.hpp"

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
    "SELECT (id, pending_delete) ON projects"};

/// A world, and a role that may do nothing there.
struct Guarded : World {
  Guarded() {
    add_live();
    add();
    add({.locked = "2"});
    add({.locked = "2", .pipeline_locked = 1});
    add_entry("left/over", "old.zip");
    database.run("CREATE ROLE " + role + " LOGIN");
  }
  ~Guarded() { database.run("DROP OWNED BY " + role + "; DROP ROLE " + role); }

  void grant(const std::string& what) {
    database.run("GRANT " + what + " TO " + role);
  }
  Ended as_role(const std::vector<std::string>& words) {
    return janitor(*this, words, {{"PGUSER", role}});
  }

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
  const Ended run = world.as_role(
      {"run", "--expect-destroyed", "2", "--expect-backlog", "0"});
  INFO(run.err);
  CHECK(run.status == 0);
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
      {"UPDATE (locked) ON ci_pipelines",
       "UPDATE of some column on "
       "ci_pipelines"},
      {"SELECT (storage_size) ON project_statistics",
       "SELECT of storage_size on project_statistics"},
      {"UPDATE (storage_size) ON project_statistics",
       "UPDATE of storage_size on project_statistics"},
      {"SELECT (pending_delete) ON projects",
       "SELECT of pending_delete on projects"}};
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
