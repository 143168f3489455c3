#include "tests/jobs/holder.hpp"
#include "tests/support/fault_point.hpp"
#include "tests/support/schema_era.hpp"
#include "tests/support/world.hpp"

#include <fmt/format.h>
#include <catch2/catch.hpp>

#include <optional>
#include <utility>

using telemetry::Outcome;
using telemetry::Pass;
using tests::Holder;
using tests::MadeArtifact;
using tests::TestSession;
using tests::World;

TEST_CASE("a row that somebody holds to the end is skipped and counted",
          "[postgres][schemas]") {
  World world;
  const std::string locked = GENERATE("0", "2");
  const auto held = world.add({.locked = locked});
  const auto free = world.add_many(3, {.locked = locked});
  Holder holder("ci_pipeline_artifacts", "id", held.id);

  const telemetry::Report& report = world.run();

  const bool by_itself = locked == "0" && tests::schema_era().has_lock_column();
  const Pass pass = by_itself ? Pass::unlocked : Pass::legacy;
  CHECK(report.pass(pass).destroyed == 3);
  CHECK(report.pass(pass).skipped == 1);
  CHECK(report.pass(pass).outcome == Outcome::throttled);
  CHECK(report.outcome() == Outcome::throttled);
  CHECK(report.problems_total() == 0);
  CHECK(report.backlog.total() == 1);
  CHECK(world.row_exists(held));
  CHECK(world.file_exists(held));
  CHECK_FALSE(world.row_exists(free));
  CHECK(world.violations().empty());

  holder.release();
  CHECK(world.run().outcome() == Outcome::drained);
  CHECK(world.rows_left() == 0);
}

TEST_CASE("a row that somebody held is destroyed at the second try",
          "[postgres][schemas]") {
  World world;
  const std::string locked = GENERATE("0", "2");
  const auto held = world.add({.locked = locked});
  Holder holder("ci_pipeline_artifacts", "id", held.id);
  const tests::FaultHook hook("batch.destroyed", [&] { holder.release(); });

  const telemetry::Report& report = world.run();

  CHECK(report.destroyed() == 1);
  CHECK(report.pass(Pass::unlocked).skipped == 0);
  CHECK(report.pass(Pass::legacy).skipped == 0);
  CHECK(report.outcome() == Outcome::drained);
  CHECK(world.rows_left() == 0);
  CHECK(world.violations().empty());
}

TEST_CASE("a row that another run has destroyed meanwhile is nobody's loss",
          "[postgres][schemas]") {
  World world;
  const auto raced = world.add();
  world.add();
  TestSession other;
  other.begin();
  other.run(
      fmt::format("DELETE FROM ci_pipeline_artifacts WHERE id = {}", raced.id));
  const tests::FaultHook hook("batch.destroyed", [&, once = false]() mutable {
    if (!std::exchange(once, true))
      other.commit();
  });

  const telemetry::Report& report = world.run();

  CHECK(report.destroyed() == 1);
  CHECK(report.pass(Pass::unlocked).skipped == 0);
  CHECK(report.outcome() == Outcome::drained);
}

TEST_CASE("statistics that somebody holds keep that project's rows only",
          "[postgres][schemas][locks]") {
  World world;
  world.options.lock_timeout = std::chrono::milliseconds{20};
  const int projects = 8;
  for (int project = 1; project <= projects; ++project)
    world.add_many(3, {.project_id = project});
  std::optional<Holder> holder;
  holder.emplace("project_statistics", "project_id", 5);

  SECTION("to the end") {
    const telemetry::Report& report = world.run();
    CHECK(report.destroyed() == 3 * (projects - 1));
    CHECK(report.pass(Pass::unlocked).skipped == 3);
    CHECK(report.outcome() == Outcome::throttled);
    CHECK(report.problems_total() == 0);
    CHECK(world.rows_left() == 3);
    CHECK(world.database.number("SELECT count(*) FROM ci_pipeline_artifacts "
                                "WHERE project_id = 5") == 3);
    CHECK(world.violations().empty());
    holder.reset();
    CHECK(world.run().destroyed() == 3);
  }
  SECTION("until after the first try") {
    const tests::FaultHook hook("batch.destroyed", [&] { holder->release(); });
    const telemetry::Report& report = world.run();
    CHECK(report.destroyed() == 3 * projects);
    CHECK(report.outcome() == Outcome::drained);
  }
  CHECK(world.rows_left() == 0);
  CHECK(world.violations().empty());
}

TEST_CASE("a row whose DELETE takes too long is told as that", "[postgres]") {
  World world;
  const auto slow = world.add();
  world.add_many(2);
  world.options.statement_timeout = std::chrono::milliseconds{300};
  world.database.run(
      fmt::format("CREATE FUNCTION wait() RETURNS trigger LANGUAGE plpgsql AS "
                  "'BEGIN PERFORM pg_sleep(10); RETURN OLD; END'; "
                  "CREATE TRIGGER wait BEFORE DELETE ON ci_pipeline_artifacts "
                  "FOR EACH ROW WHEN (OLD.id = {}) EXECUTE FUNCTION wait()",
                  slow.id));

  const telemetry::Report& report = world.run();

  CHECK(report.destroyed() == 2);
  CHECK(report.pass(Pass::unlocked).reason ==
        "other sessions hold 1 rows, or to destroy one of them takes longer "
        "than --statement-timeout");
}

TEST_CASE("one project's held statistics don't cost a wait for each row",
          "[postgres]") {
  World world;
  world.options.lock_timeout = std::chrono::milliseconds{5};
  world.options.passes = {Pass::unlocked};
  world.add_rows(500);
  world.add({.project_id = 2});
  world.options.accept_missing = true;
  const Holder holder("project_statistics", "project_id", 1);

  const telemetry::Report& report = world.run();

  CHECK(report.destroyed() == 1);
  CHECK(report.pass(Pass::unlocked).skipped == 500);
  CHECK(report.outcome() == Outcome::throttled);
  // Three tries of the batch, and three at the end, with the pages and the
  // looks; halving down to rows takes a thousand.
  CHECK(report.pass(Pass::unlocked).statements.count() < 30);
  CHECK(world.rows_left() == 500);
}

TEST_CASE("a row that the database refuses to delete is named, alone",
          "[postgres][schemas]") {
  World world;
  world.add_many(10);
  const auto refused = world.add();
  world.add_many(10);
  world.database.run(fmt::format(
      "CREATE FUNCTION public.refuse() RETURNS trigger LANGUAGE plpgsql AS "
      "$$BEGIN RAISE EXCEPTION 'not this one'; END$$; "
      "CREATE TRIGGER refuse BEFORE DELETE ON public.ci_pipeline_artifacts "
      "FOR EACH ROW WHEN (OLD.id = {}) EXECUTE FUNCTION public.refuse()",
      refused.id));

  const telemetry::Report& report = world.run();

  CHECK(report.destroyed() == 20);
  CHECK(report.outcome() == Outcome::partial);
  REQUIRE(report.problems_total() == 1);
  CHECK(report.problems().front().id == refused.id);
  CHECK(report.problems().front().reason.find("not this one") !=
        std::string::npos);
  CHECK(report.backlog.total() == 0);
  CHECK(world.row_exists(refused));
  CHECK(world.violations().empty());
}

TEST_CASE("triggers of the database run", "[postgres][schemas]") {
  World world;
  world.database.run(
      "CREATE TABLE public.seen (id bigint); "
      "CREATE FUNCTION public.note() RETURNS trigger LANGUAGE plpgsql SECURITY "
      "DEFINER AS "
      "$$BEGIN INSERT INTO seen VALUES (OLD.id); RETURN OLD; END$$; "
      "CREATE TRIGGER note AFTER DELETE ON public.ci_pipeline_artifacts "
      "FOR EACH ROW EXECUTE FUNCTION public.note()");
  world.add_many(3);
  world.add({.locked = "2"});

  world.run();

  CHECK(world.database.number("SELECT count(*) FROM seen") == 4);
}

TEST_CASE("the queue names a destroyed object ten minutes ahead",
          "[postgres][schemas]") {
  World world;
  world.options.concurrency = 1;
  world.add();
  std::string ahead;
  const tests::FaultHook hook("batch.destroyed", [&] {
    ahead = *TestSession()
                 .run(
                     "SELECT pick_up_at BETWEEN now() + interval '9 minutes' "
                     "AND now() + interval '10 minutes' "
                     "FROM ci_deleted_objects")
                 .at(0)
                 .at(0);
  });

  world.run();

  CHECK(ahead == "t");
  CHECK(world.entries_left() == 0);
}

TEST_CASE("an object that can't be removed stays in the queue, due at once",
          "[postgres][schemas][locks]") {
  World world;
  const auto artifact = world.add();
  const auto other = world.add();
  const auto path = world.store.path() / artifact.key.path();
  const tests::FaultHook hook("batch.destroyed", [&] {
    // Between look and removal a directory has taken the file's place.
    std::filesystem::remove(path);
    std::filesystem::create_directory(path);
  });

  const telemetry::Report& report = world.run();

  CHECK(report.destroyed() == 2);
  CHECK(report.removed() == 1);
  CHECK(report.outcome() == Outcome::partial);
  REQUIRE(report.problems_total() == 1);
  CHECK(report.problems().front().table == "ci_deleted_objects");
  CHECK(report.pass(Pass::unlocked).failed == 1);
  CHECK(world.database.number("SELECT count(*) FROM ci_deleted_objects "
                              "WHERE pick_up_at <= now()") == 1);
  CHECK(world.entries_left() == 1);
  CHECK_FALSE(world.file_exists(other));
  CHECK(world.violations().empty());
}
