#include "tests/support/jobs.hpp"

#include <fmt/format.h>
#include <catch2/catch.hpp>

using tests::World;

namespace {

// What a stranger who may create things in another schema puts there: of the
// names that the program's statements use, and a better match for what they
// call than what is meant.  Each raises, or would show.
const char* const planted = R"sql(
CREATE SCHEMA planted;
CREATE TABLE planted.ci_pipelines AS
    SELECT id::bigint, 1 AS locked FROM generate_series(1, 100) AS id;
CREATE TABLE planted.ci_deleted_objects (id bigserial, file_store smallint,
    pick_up_at timestamptz, store_dir text, file text, project_id bigint);
CREATE TABLE planted.users AS
    SELECT id, 'active'::text AS state FROM generate_series(1, 100) AS id;
CREATE TABLE planted.pg_class (oid oid, relname name, relnamespace oid);
CREATE TABLE planted.pg_namespace (oid oid, nspname name);

CREATE FUNCTION planted.sha256(bytea) RETURNS bytea LANGUAGE plpgsql
    AS $$BEGIN RAISE 'planted sha256'; END$$;
CREATE FUNCTION planted.now() RETURNS timestamptz LANGUAGE plpgsql
    AS $$BEGIN RAISE 'planted now'; END$$;
CREATE FUNCTION planted.set_config(text, text, boolean) RETURNS text
    LANGUAGE plpgsql AS $$BEGIN RAISE 'planted set_config'; END$$;
CREATE FUNCTION planted.to_regclass(text) RETURNS regclass
    LANGUAGE plpgsql AS $$BEGIN RAISE 'planted to_regclass'; END$$;
CREATE FUNCTION planted.has_column_privilege(text, text, text) RETURNS boolean
    LANGUAGE plpgsql AS $$BEGIN RAISE 'planted has_column_privilege'; END$$;

CREATE FUNCTION planted.same(text, text) RETURNS boolean LANGUAGE plpgsql
    AS $$BEGIN RAISE 'planted = of texts'; END$$;
CREATE OPERATOR planted.= (LEFTARG = text, RIGHTARG = text,
                           FUNCTION = planted.same);
CREATE OPERATOR planted.<> (LEFTARG = text, RIGHTARG = text,
                            FUNCTION = planted.same);
CREATE FUNCTION planted.same(oid, oid) RETURNS boolean LANGUAGE plpgsql
    AS $$BEGIN RAISE 'planted = of oids'; END$$;
CREATE OPERATOR planted.= (LEFTARG = oid, RIGHTARG = oid,
                           FUNCTION = planted.same);
CREATE FUNCTION planted.same(bigint, bigint) RETURNS boolean LANGUAGE plpgsql
    AS $$BEGIN RAISE 'planted = of numbers'; END$$;
CREATE OPERATOR planted.= (LEFTARG = bigint, RIGHTARG = bigint,
                           FUNCTION = planted.same);
CREATE FUNCTION planted.glue(text, bigint) RETURNS text LANGUAGE plpgsql
    AS $$BEGIN RAISE 'planted ||'; END$$;
CREATE OPERATOR planted.|| (LEFTARG = text, RIGHTARG = bigint,
                            FUNCTION = planted.glue);
CREATE FUNCTION planted.glue(text, text) RETURNS text LANGUAGE plpgsql
    AS $$BEGIN RAISE 'planted || of texts'; END$$;
CREATE OPERATOR planted.|| (LEFTARG = text, RIGHTARG = text,
                            FUNCTION = planted.glue);
CREATE DOMAIN planted.text AS pg_catalog.text CHECK (VALUE = 'planted');
GRANT ALL ON SCHEMA planted TO PUBLIC;
GRANT ALL ON ALL TABLES IN SCHEMA planted TO PUBLIC;
)sql";

/// For program_role in this database alone, whenever it connects.
void look_there_first(World& world, const std::string& path) {
  world.database.run(
      fmt::format("ALTER ROLE {} IN DATABASE {} SET search_path = {}",
                  tests::program_role, world.database.name(), path));
}

/// What a session is told that says this without a schema.
std::string told_to(const std::string& sql) {
  try {
    tests::TestSession session;
    session.run(std::string("SET ROLE ") + tests::program_role);
    session.run("SET search_path = planted, public, pg_catalog");
    session.run(sql);
    return "";
  } catch (const std::exception& error) {
    return error.what();
  }
}

}  // namespace

TEST_CASE("what is planted before the tables on the search_path is never used",
          "[postgres][schemas]") {
  // The second is as bad as an owner can make it: then even the signs and types
  // of PostgreSQL itself come after.
  const char* const path =
      GENERATE("planted, public", "planted, public, pg_catalog");
  INFO(path);
  World world;
  world.add_live();
  world.add({.locked = "2"});
  const auto kept = world.add({.locked = "2", .pipeline_locked = 1});
  world.add_entry("left/over", "old.zip");
  tests::Jobs jobs(world);
  const auto job = jobs.job(jobs.pipeline(jobs.user()));
  jobs.chunk(job, 0, "a trace");
  world.options.trace_settle = std::chrono::seconds{0};
  world.database.run(planted);
  const std::string before = world.database.value(
      "SELECT string_agg(p::text, ' ') FROM planted.ci_pipelines AS p");
  look_there_first(world, path);

  world.plan();
  const telemetry::Report& report = world.run();

  CHECK(report.outcome() == telemetry::Outcome::drained);
  CHECK(report.destroyed() == 1);
  CHECK(report.pass(telemetry::Pass::builds).dropped == 1);
  CHECK(world.row_exists(kept));
  CHECK(world.files_left() == 3);
  CHECK(jobs.archive(job) == "a trace");
  CHECK(world.violations().empty());
  CHECK(jobs.violations().empty());
  CHECK(world.database.number(
            "SELECT count(*) FROM planted.ci_deleted_objects") == 0);
  CHECK(world.database.value("SELECT string_agg(p::text, ' ') "
                             "FROM planted.ci_pipelines AS p") == before);
}

TEST_CASE("what is planted there would be used by a name alone", "[postgres]") {
  World world;
  world.database.run(planted);
  for (const char* const sql :
       {"SELECT now()", "SELECT sha256('a'::bytea)", "SELECT 'a' || 1::bigint",
        "SELECT nullif('a', 'b')", "SELECT 1::bigint = 2::bigint",
        "SELECT to_regclass('users'::pg_catalog.text)"}) {
    INFO(sql);
    CHECK_THAT(told_to(sql), Catch::Contains("planted"));
  }
}
