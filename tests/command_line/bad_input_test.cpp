#include "tests/command_line/janitor.hpp"
#include "tests/support/postgres_server.hpp"

#include <catch2/catch.hpp>

#include <unistd.h>

using tests::complaint;
using tests::contains;
using tests::Ended;
using tests::janitor;
using tests::World;
using Words = std::vector<std::string>;

namespace {

/// A world whose every row and file must be the same in the end.
struct Untouched : World {
  Untouched() {
    add_live();
    add_many(3);
    add({.locked = "2", .pipeline_locked = 1});
    add_entry("left/over", "old.zip");
    before = database.dump();
  }
  void check_untouched() {
    CHECK(database.dump() == before);
    CHECK(files_left() == 6);
  }

  std::string before;
};

}  // namespace

TEST_CASE("a wrong command line is one sentence that names the word",
          "[postgres][program]") {
  Untouched world;
  const std::vector<std::pair<Words, Words>> wrong{
      {{"run", "--btach-size", "5"}, {"'--btach-size'", "'--batch-size'"}},
      {{"ran"}, {"'ran'", "'run'"}},
      {{"run", "everything"}, {"'everything'"}},
      {{"run", "--max-destroy", "-1"}, {"--max-destroy", "'-1'", "from 0"}},
      {{"run", "--batch-size=0"}, {"--batch-size", "'0'", "from 1"}},
      {{"run", "--passes", "unlocked,trace"}, {"--passes", "trace"}},
      {{"run", "--horizon", "tomorrow"}, {"--horizon", "'tomorrow'"}},
      {{"run", "--local-store="}, {"--local-store"}},
      {{"run", "--analyze"}, {"--analyze", "explain"}},
      {{"run", "--output", "jsonl"}, {"--output jsonl", "plan"}},
      {{"plan", "--strict"}, {"--strict", "run"}},
      {{"run", "--project", "5", "--except-project", "5"}, {"project 5"}},
  };
  for (const auto& [words, parts] : wrong) {
    const Ended ended = janitor(world, words);
    const std::string sentence = complaint(ended);
    INFO(sentence);
    CHECK(ended.status == 2);
    CHECK(ended.out.empty());
    for (const std::string& part : parts)
      CHECK(contains(sentence, part));
  }
  world.check_untouched();
}

TEST_CASE("without a command the commands are named", "[program]") {
  const Ended ended = tests::run_program({JANITOR_PROGRAM});
  CHECK(ended.status == 2);
  CHECK(contains(complaint(ended), "run|plan|check|explain"));
}

TEST_CASE("a wrong variable is one sentence that names it",
          "[postgres][program]") {
  Untouched world;
  const Ended unknown =
      janitor(world, {"run"}, {{"CI_JANITOR_BTACH_SIZE", "5"}});
  CHECK(unknown.status == 2);
  CHECK(contains(complaint(unknown), "CI_JANITOR_BTACH_SIZE"));
  CHECK(contains(complaint(unknown), "CI_JANITOR_BATCH_SIZE"));

  const Ended value =
      janitor(world, {"run"}, {{"CI_JANITOR_BATCH_SIZE", "many"}});
  CHECK(value.status == 2);
  CHECK(contains(complaint(value), "CI_JANITOR_BATCH_SIZE is 'many'"));
  world.check_untouched();
}

TEST_CASE("a horizon in the future is refused", "[postgres][program]") {
  Untouched world;
  for (const char* const command : {"run", "plan"}) {
    const Ended ended =
        janitor(world, {command, "--horizon", "2099-01-01T00:00:00Z"});
    CHECK(ended.status == 2);
    CHECK(ended.out.empty());
    CHECK(contains(complaint(ended), "--horizon 2099-01-01T00:00:00Z"));
    CHECK(contains(complaint(ended), "later than the database's clock"));
  }
  world.check_untouched();
}

TEST_CASE("a store that can't be opened is not fit", "[postgres][program]") {
  Untouched world;
  const std::string missing = (world.store.path() / "missing").string();
  const Ended none = janitor(world, {"run", "--local-store", missing});
  CHECK(none.status == 78);
  CHECK(none.out.empty());
  CHECK(contains(complaint(none), "'" + missing + "'"));
  CHECK(contains(complaint(none), "create or mount it"));

  const Ended file = janitor(world, {"run", "--local-store", JANITOR_PROGRAM});
  CHECK(file.status == 78);
  CHECK(contains(complaint(file), JANITOR_PROGRAM));
  CHECK(contains(complaint(file), "not a directory"));
  world.check_untouched();
}

TEST_CASE("a store that holds none of the live objects is not fit",
          "[postgres][program]") {
  Untouched world;
  const tests::TemporaryDirectory empty;
  const Ended ended =
      janitor(world, {"run", "--local-store", empty.path().string()});
  CHECK(ended.status == 78);
  CHECK(contains(complaint(ended), empty.path().string()));
  CHECK(contains(complaint(ended), "--accept-missing"));
  world.check_untouched();
}

TEST_CASE("a database that is not GitLab's is not fit", "[postgres][program]") {
  const Untouched world;
  for (const char* const command : {"run", "plan", "explain"}) {
    const Ended without =
        janitor(world, {command}, {{"PGDATABASE", "postgres"}});
    CHECK(without.status == 78);
    CHECK(without.out.empty());
    CHECK(contains(complaint(without), "ci_pipeline_artifacts"));
    CHECK(contains(complaint(without), "PGDATABASE"));

    const Ended missing =
        janitor(world, {command}, {{"PGDATABASE", "no_such_database"}});
    CHECK(missing.status == 78);
    CHECK(missing.out.empty());
    CHECK(contains(complaint(missing), "\"no_such_database\" does not exist"));
    CHECK(contains(complaint(missing), "PGDATABASE"));
  }
}

TEST_CASE("a role that does not exist is not fit", "[postgres][program]") {
  const Untouched world;
  const Ended ended = janitor(world, {"run"}, {{"PGUSER", "no_such_role"}});
  CHECK(ended.status == 78);
  CHECK(contains(complaint(ended), "\"no_such_role\" does not exist"));
  CHECK(contains(complaint(ended), "PGUSER"));
}

TEST_CASE("a server that is not there is tried for a while, then left",
          "[program][slow]") {
  const tests::TemporaryDirectory nowhere;
  const Ended ended = tests::run_program(
      {JANITOR_PROGRAM, "run", "--local-store", "/tmp"},
      {{"PGHOST", nowhere.path().string()}, {"PGDATABASE", "gitlab"}});
  CHECK(ended.status == 69);
  CHECK(ended.out.empty());
  const Words lines = tests::lines_of(ended.err);
  REQUIRE(lines.size() == 6);
  CHECK(contains(lines.front(), "warning: connect: "));
  CHECK(contains(lines.front(), "trying again in 250 ms"));
  CHECK(contains(lines.back(), "error: connect: "));
  CHECK(contains(lines.back(), nowhere.path().string()));
  CHECK(contains(lines.back(), "PGHOST"));
}

TEST_CASE("a standby is not fit", "[postgres][program][slow]") {
  const tests::PostgresServer primary;
  const auto there = primary.environment();
  Untouched world;
  const auto standby = primary.standby();
  // It follows within moments, if not at once.
  const tests::Program::Environment environment{{"PGHOST", standby->host()}};
  Ended ended;
  for (int tries = 0; tries < 100; ++tries) {
    ended = janitor(world, {"run"}, environment);
    if (contains(ended.err, "standby"))
      break;
    usleep(50'000);
  }
  CHECK(ended.status == 78);
  CHECK(ended.out.empty());
  CHECK(contains(complaint(ended), "this server is a standby"));
  CHECK(contains(complaint(ended), "connect to the primary"));
  world.check_untouched();
}

TEST_CASE("a database that reads only, or serializably, by default is served",
          "[postgres][program]") {
  Untouched world;
  world.database.run("ALTER DATABASE " + world.database.name() +
                     " SET default_transaction_read_only = on");
  world.database.run(
      "SET default_transaction_read_only = off; "
      "ALTER DATABASE " +
      world.database.name() +
      " SET default_transaction_isolation = 'serializable'");
  const Ended ended = janitor(world, {"run", "--expect-destroyed", "3"});
  INFO(ended.err);
  CHECK(ended.status == 0);
  CHECK(world.violations().empty());
}
