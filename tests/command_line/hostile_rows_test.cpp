#include "stores/digest.hpp"
#include "tests/command_line/janitor.hpp"
#include "tests/support/bucket_world.hpp"
#include "tests/support/hostile.hpp"
#include "tests/support/jobs.hpp"

#include <fmt/format.h>
#include <catch2/catch.hpp>

#include <nlohmann/json.hpp>

#include <set>

/// Whoever may push code may write text into rows: whatever it says, nothing
/// outside the store is touched, and nobody's terminal or parser is led astray.
namespace {

using nlohmann::json;
using tests::Ended;

std::string as_sql(const std::string& text) {
  return "convert_from('\\x" + stores::hex_of(text) + "'::bytea, 'UTF8')";
}

/// A hostile text in every text column that is read.
template <typename SomeWorld>
struct Hostile : SomeWorld {
  Hostile() {
    const int where = std::is_same_v<SomeWorld, tests::World> ? 1 : 2;
    for (const std::string& text : texts) {
      for (const char* const locked : {"0", "2"}) {
        const auto made = this->add({.locked = locked,
                                     .file_store = std::to_string(where),
                                     .with_file = false});
        set("ci_pipeline_artifacts", made.id, "file", text);
        artifacts.insert(made.id);
      }
      for (const char* const column : {"store_dir", "file"})
        set("ci_deleted_objects",
            this->add_entry("aa/bb/cc", "file", false, "now()", where), column,
            text);
    }
    this->database.run(fmt::format(
        "ALTER TABLE ci_deleted_objects DROP CONSTRAINT IF EXISTS "
        "ci_deleted_objects_store_dir_check; "
        "ALTER TABLE ci_pipeline_artifacts DROP CONSTRAINT IF EXISTS "
        "ci_pipeline_artifacts_file_check1; "
        "UPDATE ci_deleted_objects SET {0} = repeat('x', 100000) WHERE id = "
        "(SELECT min(id) FROM ci_deleted_objects); "
        "UPDATE ci_pipeline_artifacts SET file = repeat('y', 100000) WHERE id "
        "= (SELECT min(id) FROM ci_pipeline_artifacts)",
        where == 1 ? "store_dir" : "file"));
  }

  void set(const std::string& table, std::int64_t id, const std::string& column,
           const std::string& text) {
    this->database.run(fmt::format("UPDATE {} SET {} = {} WHERE id = {}", table,
                                   column, as_sql(text), id));
  }

  tests::TemporaryDirectory outside;
  std::string canary = outside.write("canary", "sings").string();
  std::vector<std::string> texts = tests::hostile_texts(canary);
  std::set<std::int64_t> artifacts;
};

/// Every form of the output of a command; nothing in it commands a terminal.
void check_quiet(const Ended& ended) {
  CHECK(tests::command_in(ended.out) == "");
  CHECK(tests::command_in(ended.err) == "");
}

/// Every line of standard error is the log's own.
void check_log(const Ended& ended, bool is_json) {
  for (const std::string& line : tests::lines_of(ended.err)) {
    INFO(line.substr(0, 300));
    if (is_json)
      CHECK(json::accept(line));
    else
      CHECK((line.size() > 9 && line[2] == ':' &&
             line.find("00:00:00 error: it was us") != 0));
  }
}

}  // namespace

TEST_CASE("hostile rows get nowhere in a directory, in any form of output",
          "[postgres][program]") {
  Hostile<tests::World> world;
  tests::Jobs jobs(world);
  const auto pipeline = jobs.pipeline(jobs.user());
  const auto other = jobs.pipeline(jobs.user("active"));
  std::int64_t job = 0;
  for (const std::string& text : world.texts) {
    const auto group = jobs.resource_group("group " + std::to_string(job));
    const std::string id = std::to_string(group);
    world.set("ci_resource_groups", group, "key", text);
    job = jobs.job(pipeline, {.resource_group_id = id});
    jobs.hold_resource(group, job);
    jobs.job(other,
             {.status = "waiting_for_resource", .resource_group_id = id});
  }

  for (const char* const log : {"text", "json"}) {
    const Ended text = janitor(world, {"plan", "--log-format", log});
    const Ended one = janitor(world, {"plan", "--output", "json"});
    const Ended lines =
        janitor(world, {"plan", "--output", "jsonl", "--log-format", log});
    for (const Ended& ended : {text, one, lines}) {
      CHECK(ended.status == 0);
      check_quiet(ended);
    }
    check_log(text, std::string(log) == "json");
    CHECK(json::parse(one.out)["problems_total"] > 10);
    std::size_t artifacts = 0;
    for (const std::string& line : tests::lines_of(lines.out)) {
      const json listed = json::parse(line);
      if (listed["kind"] == "artifact")
        artifacts += world.artifacts.contains(listed["id"]) ? 1 : 0;
      else
        CHECK(listed["kind"] == "build");
    }
    CHECK(artifacts > 10);
  }

  const Ended run = janitor(world, {"run", "--log-format", "json"});
  CHECK(run.status == 3);
  check_quiet(run);
  check_log(run, true);
  const Ended again = janitor(world, {"run"});
  CHECK(again.status == 3);
  check_quiet(again);
  check_log(again, false);
  CHECK(jobs.status(job) == "failed");

  CHECK(tests::read_file(world.canary) == "sings");
  CHECK(world.files_left() == 0);
  // What is left is poison, and each row has a name in the summary.
  const Ended last = janitor(world, {"run", "--output", "json"});
  check_quiet(last);
  CHECK(json::parse(last.out)["problems_total"] ==
        world.rows_left() + world.entries_left());
}

TEST_CASE("hostile names of what is in the catalog are shown as escaped",
          "[postgres][program]") {
  tests::World world;
  tests::Jobs jobs(world);
  world.add();
  jobs.job(jobs.pipeline(jobs.user()));
  const std::string evil = "evil\x1b[31m\n\xe2\x80\xae";
  world.database.run(
      "ALTER INDEX ci_pipeline_artifacts_on_expire_at_for_removal RENAME TO "
      "\"" +
      evil +
      "1\"; "
      "CREATE TABLE \"" +
      evil +
      "2\" (id bigint REFERENCES "
      "ci_pipeline_artifacts ON DELETE CASCADE)");
  const auto user = jobs.user();
  world.database.run("UPDATE users SET state = E'\\x1b[31m' WHERE id = " +
                     std::to_string(user));
  for (const char* const output : {"text", "json"})
    for (const char* const command : {"check", "explain", "run"}) {
      CAPTURE(command, output);
      const Ended ended = janitor(world, {command, "--output", output});
      check_quiet(ended);
      CHECK(tests::contains(ended.out, "1b[31m") ==
            (std::string(command) != "run"));
    }
  const Ended refused = janitor(world, {"run", "--user", std::to_string(user)});
  CHECK(refused.status == 78);
  check_quiet(refused);
}

TEST_CASE("hostile rows get nowhere in a bucket", "[s3][program]") {
  Hostile<tests::BucketWorld> world;
  const auto live = world.add_live_remote();
  world.bucket.put("canary", "sings");
  world.bucket.put("gitlab/canary", "sings");
  world.add_live();

  const Ended run =
      tests::run_program(world.command("run", {"--log-format", "json"}));
  INFO(run.err.substr(0, 3000));
  CHECK(run.status == 3);
  check_quiet(run);
  check_log(run, true);
  const json summary = json::parse(run.out);
  CHECK(summary["problems_total"] ==
        world.rows_left() - 2 + world.entries_left());
  CHECK(world.bucket.get("canary") == "sings");
  CHECK(world.bucket.get("gitlab/canary") == "sings");
  CHECK(world.file_exists(live));
  CHECK(tests::read_file(world.canary) == "sings");
}
