#include "jobs/options.hpp"

#include "jobs/options_table.hpp"
#include "tests/jobs/parsing.hpp"

#include <catch2/catch.hpp>

using namespace jobs;
using namespace tests;

namespace {

/// A value that the option takes.
std::string sample_of(const OptionRow& row) {
  if (row.is_flag())
    return "true";
  for (const char* const text :
       {"1", "2022-10-06T12:30:00Z", "all", "none", "text", "info", "running",
        "alone", "unix:///run/redis.sock", "s3://bucket", "https://host",
        "local", "somewhere"}) {
    Options scratch;
    if (row.name != "local-store" && row.value.set(scratch, text))
      return text;
  }
  return "somewhere";
}

Words with_option(const OptionRow& row, std::string_view command) {
  Words words{std::string(command), row.on_command_line()};
  if (!row.is_flag())
    words.push_back(sample_of(row));
  return words;
}

}  // namespace

TEST_CASE("a command alone means the defaults", "[unit]") {
  for (const CommandRow& row : command_table()) {
    const Options options = parse({std::string(row.name)});
    Options defaults;
    defaults.command = row.command;
    CHECK(options == defaults);
  }
}

TEST_CASE("every option can be given", "[unit]") {
  const Options options =
      parse({"run",
             "--passes",
             "legacy,unlocked",
             "--local-store",
             "/srv/artifacts",
             "--object-store=s3://artifacts/gitlab",
             "--object-store-endpoint=https://s3.example.com:9000",
             "--object-store-region=eu-west-1",
             "--object-store-path-style",
             "--object-store-config=/etc/gitlab/connection.yml",
             "--archive-store=object",
             "--only-store=1",
             "--concurrency=7",
             "--batch-size=500",
             "--window-size=700",
             "--time-limit=60",
             "--statement-timeout=1500",
             "--lock-timeout",
             "20",
             "--max-destroy=0",
             "--max-resolve=9",
             "--trust-lock-state",
             "--grace=3600",
             "--horizon=2022-10-06T12:30:00+02",
             "--prune=all",
             "--project",
             "1",
             "--project",
             "2,3",
             "--except-project=4",
             "--tolerate-problems=5",
             "--accept-missing",
             "--accept-geo-leak",
             "--statistics=alone",
             "--cancelable=running,manual",
             "--output=json",
             "--progress=plain",
             "--log-format=json",
             "--log-level=warning",
             "--strict",
             "--expect-destroyed",
             "11",
             "--expect-dropped",
             "12",
             "--expect-backlog",
             "0",
             "--user",
             "5,6",
             "--max-drop",
             "13",
             "--wave-size",
             "14",
             "--redis",
             "redis://cache:6380/2",
             "--redis-shared-state",
             "unix:///run/redis.sock",
             "--trace-settle",
             "15",
             "--stale-traces"});

  Options expected;
  expected.command = Command::run;
  expected.passes = {telemetry::Pass::unlocked, telemetry::Pass::legacy};
  expected.local_store = "/srv/artifacts";
  expected.object_store = "s3://artifacts/gitlab";
  expected.object_store_endpoint = "https://s3.example.com:9000";
  expected.object_store_region = "eu-west-1";
  expected.object_store_path_style = true;
  expected.object_store_config = "/etc/gitlab/connection.yml";
  expected.archive_store = 2;
  expected.only_store = 1;
  expected.concurrency = 7;
  expected.batch_size = 500;
  expected.window_size = 700;
  expected.time_limit = std::chrono::seconds{60};
  expected.statement_timeout = std::chrono::milliseconds{1500};
  expected.lock_timeout = std::chrono::milliseconds{20};
  expected.max_destroy = 0;
  expected.max_resolve = 9;
  expected.trust_lock_state = true;
  expected.grace = std::chrono::seconds{3600};
  expected.horizon = telemetry::parse_timestamp("2022-10-06T10:30:00Z");
  expected.prune = stores::Prune::all;
  expected.projects = {1, 2, 3};
  expected.except_projects = {4};
  expected.tolerate_problems = 5;
  expected.accept_missing = true;
  expected.accept_geo_leak = true;
  expected.statistics = db::StatisticsWay::alone;
  expected.cancelable = {"running", "manual"};
  expected.output = Output::json;
  expected.progress = telemetry::ProgressStyle::plain;
  expected.log_format = telemetry::LogFormat::json;
  expected.log_level = "warning";
  expected.strict = true;
  expected.expect_destroyed = 11;
  expected.expect_dropped = 12;
  expected.expect_backlog = 0;
  expected.users = {5, 6};
  expected.max_drop = 13;
  expected.wave_size = 14;
  expected.redis = "redis://cache:6380/2";
  expected.redis_shared_state = "unix:///run/redis.sock";
  expected.trace_settle = std::chrono::seconds{15};
  expected.stale_traces = true;
  CHECK(options == expected);

  CHECK(parse({"explain", "--analyze"}).analyze);
  CHECK(parse({"plan", "--output", "jsonl"}).output == Output::jsonl);
}

TEST_CASE("the defaults in the table are the defaults of the struct",
          "[unit]") {
  for (const OptionRow& row : option_table()) {
    INFO(row.name);
    if (row.is_flag() || row.default_text.starts_with("("))
      continue;
    Options options;
    if (row.value.is_list())
      row.value.clear(options);
    CHECK(row.value.set(options, row.default_text));
    CHECK(options == Options{});
  }
}

TEST_CASE(
    "every option is taken by the commands it concerns, and refused by"
    " the others",
    "[unit]") {
  for (const OptionRow& row : option_table())
    for (const CommandRow& command : command_table()) {
      INFO(row.name << " with " << command.name);
      const std::string message = refusal(with_option(row, command.name));
      if (row.concerns(command.command))
        CHECK(message.empty());
      else
        CHECK(message.starts_with(row.on_command_line() + " does not concern " +
                                  std::string(command.name) + ", only "));
    }
}

TEST_CASE("every option is a variable too, of any command", "[unit]") {
  for (const OptionRow& row : option_table())
    for (const CommandRow& command : command_table()) {
      const std::string name(command.name);
      INFO(row.name << " with " << name);
      const Options options =
          parse({name}, {row.in_environment() + "=" + sample_of(row)});
      if (row.concerns(command.command))
        CHECK(options == parse(with_option(row, name)));
      else
        CHECK(options == parse({name}));
    }
}

TEST_CASE("the command line wins over the environment, that over the default",
          "[unit]") {
  const Words environment{"CI_JANITOR_BATCH_SIZE=10", "CI_JANITOR_PROJECT=1,2",
                          "CI_JANITOR_STRICT=false", "HOME=/root"};
  CHECK(parse({"run"}, environment).batch_size == 10);
  CHECK(parse({"run"}, environment).projects ==
        std::vector<std::int64_t>{1, 2});
  const Options options = parse(
      {"run", "--batch-size", "20", "--project", "3", "--strict"}, environment);
  CHECK(options.batch_size == 20);
  CHECK(options.projects == std::vector<std::int64_t>{3});
  CHECK(options.strict);
}

TEST_CASE("a flag in the environment is one of six words", "[unit]") {
  for (const char* const word : {"true", "yes", "1"})
    CHECK(parse({"run"}, {std::string("CI_JANITOR_STRICT=") + word}).strict);
  for (const char* const word : {"false", "no", "0"})
    CHECK_FALSE(
        parse({"run"}, {std::string("CI_JANITOR_STRICT=") + word}).strict);
  CHECK(refusal({"run"}, {"CI_JANITOR_STRICT=maybe"}) ==
        "CI_JANITOR_STRICT is 'maybe', but must be true, false, yes, no, 1 or"
        " 0");
  CHECK(refusal({"run"}, {"CI_JANITOR_STRICT="}) != "");
  CHECK(refusal({"run"}, {"CI_JANITOR_STRICT"}) != "");
}

TEST_CASE("a wrong variable is refused even where it does not count",
          "[unit]") {
  CHECK(refusal({"check"}, {"CI_JANITOR_STRICT=maybe"}) != "");
  CHECK(refusal({"run", "--batch-size", "5"}, {"CI_JANITOR_BATCH_SIZE=x"}) ==
        "CI_JANITOR_BATCH_SIZE is 'x', but must be a whole number from 1 to"
        " 10000");
}

TEST_CASE("an unknown variable is refused with the nearest known one",
          "[unit]") {
  CHECK(refusal({"run"}, {"CI_JANITOR_BATCHSIZE=5"}) ==
        "there is no variable 'CI_JANITOR_BATCHSIZE'; the nearest is"
        " CI_JANITOR_BATCH_SIZE");
  CHECK(refusal({"run"}, {"CI_JANITOR_=5"}) != "");
  CHECK(refusal({"run"}, {"CI_JANITOR_\x1b[2J=5"}).find('\x1b') ==
        std::string::npos);
}

TEST_CASE("variables that Kubernetes makes for a Service are not ours",
          "[unit]") {
  CHECK(refusal({"run"}, {"CI_JANITOR_SERVICE_HOST=10.0.0.1",
                          "CI_JANITOR_SERVICE_PORT=80",
                          "CI_JANITOR_PORT=tcp://10.0.0.1:80",
                          "CI_JANITOR_PORT_80_TCP_ADDR=10.0.0.1",
                          "CI_JANITOR_METRICS_SERVICE_HOST=10.0.0.1",
                          "CI_JANITORS=3", "JANITOR_TEST_FAULT=x"}) == "");
}

TEST_CASE("numbers are taken up to their bounds and not beyond", "[unit]") {
  const std::string largest = "9223372036854775807";
  const struct {
    std::string option, least, most;
  } bounds[] = {{"--concurrency", "1", "64"},
                {"--batch-size", "1", "10000"},
                {"--window-size", "1", "100000"},
                {"--time-limit", "0", "3153600000"},
                {"--grace", "0", "3153600000"},
                {"--statement-timeout", "1", "2147483647"},
                {"--lock-timeout", "1", "2147483647"},
                {"--max-destroy", "0", largest},
                {"--max-resolve", "0", largest},
                {"--tolerate-problems", "0", largest},
                {"--expect-destroyed", "0", largest},
                {"--expect-backlog", "0", largest},
                {"--project", "1", largest},
                {"--except-project", "1", largest}};
  for (const auto& [option, least, most] : bounds) {
    INFO(option);
    const std::string below = least == "1" ? "0" : "-1";
    std::string above = most;
    above.back() = static_cast<char>(above.back() + 1);
    CHECK(refusal({"run", option, least}) == "");
    CHECK(refusal({"run", option, most}) == "");
    const std::string range = " from " + least + " to " + most;
    CHECK(refusal({"run", option, below}).ends_with(range));
    CHECK(refusal({"run", option, above}).ends_with(range));
  }
}

TEST_CASE("a wrong value is refused in a sentence with option and value",
          "[unit]") {
  CHECK(refusal({"run", "--max-destroy", "-1"}) ==
        "--max-destroy is '-1', but must be a whole number from 0 to"
        " 9223372036854775807");
  for (const char* const value : {"10x", "", " 5", "5 ", "+5", "0x10", "1e3",
                                  "1.5", "99999999999999999999", "\xd9\xa3"}) {
    INFO(value);
    CHECK(refusal({"run", "--batch-size", value})
              .starts_with("--batch-size is '"));
  }
  CHECK(refusal({"run", "--prune", "\x1b[31mleaf\n"}) ==
        "--prune is '\\x1b[31mleaf\\n', but must be leaf, all or none");
  CHECK(refusal({"run", "--only-store", "3"}) ==
        "--only-store is '3', but must be 1 or 2");
  CHECK(refusal({"run", "--horizon", "yesterday"}) ==
        "--horizon is 'yesterday', but must be a moment such as"
        " 2022-10-06T12:30:00Z");
  CHECK(refusal({"run", "--horizon", "infinity"}) != "");
  CHECK(refusal({"run", "--output", "xml"}) ==
        "--output is 'xml', but must be text, json or jsonl");
  CHECK(refusal({"run", "--local-store", ""}) ==
        "--local-store is '', but must be the path of a directory");
  CHECK(refusal({"run", "--log-level", "INFO"}) != "");
}

TEST_CASE("an option without its value is refused", "[unit]") {
  for (const Words& words : {Words{"run", "--prune"}, Words{"run", "--prune="},
                             Words{"run", "--strict", "--prune"}})
    CHECK(refusal(words) == "--prune needs a value: leaf, all or none");
  CHECK(refusal({"run", "--local-store", "--strict"}) ==
        "--local-store needs a value, but '--strict' follows it");
  CHECK(parse({"run", "--local-store=--strict"}).local_store == "--strict");
}

TEST_CASE("a flag takes no value", "[unit]") {
  CHECK(refusal({"run", "--strict=yes"}) == "'--strict' takes no value");
  CHECK(refusal({"run", "--help=yes"}) == "'--help' takes no value");
  CHECK(refusal({"run", "--strict", "yes"}) ==
        "'yes' is one word too many: run takes nothing but options");
}

TEST_CASE("an option given twice is refused unless it is a list of projects",
          "[unit]") {
  CHECK(refusal({"run", "--grace", "1", "--grace=1"}) ==
        "--grace is given twice");
  CHECK(refusal({"run", "--strict", "--strict"}) == "--strict is given twice");
  CHECK(refusal({"run", "--passes", "all", "--passes", "all"}) ==
        "--passes is given twice");
  CHECK(refusal({"run", "--except-project", "1", "--except-project", "2"}) ==
        "");
}

TEST_CASE("an unknown option is refused, with the one that was meant",
          "[unit]") {
  CHECK(refusal({"run", "--batchsize=5"}) ==
        "there is no option '--batchsize'; did you mean '--batch-size'?");
  CHECK(refusal({"run", "--something-else"}) ==
        "there is no option '--something-else'; 'ci-janitor run --help' lists"
        " them all");
  CHECK(refusal({"run", "-x"}) != "");
  CHECK(refusal({"run", "--=5"}) != "");
}

TEST_CASE("an abbreviation is not guessed", "[unit]") {
  CHECK(refusal({"run", "--stric"}) ==
        "there is no option '--stric'; did you mean '--strict'?");
  CHECK(refusal({"run", "--max-d", "5"}) != "");
}

TEST_CASE("a word left over is refused", "[unit]") {
  for (const Words& words :
       {Words{"run", "foo"}, Words{"run", ""}, Words{"run", "-"},
        Words{"run", "--", "--strict"}, Words{"run", "plan"}})
    CHECK(refusal(words).find("is one word too many") != std::string::npos);
}

TEST_CASE("without a command, or with a wrong one, the commands are named",
          "[unit]") {
  CHECK(refusal({}) ==
        "no command is given: ci-janitor run|plan|check|explain [OPTIONS], or"
        " ci-janitor --help");
  CHECK(refusal({"rnu"}) ==
        "there is no command 'rnu', only run, plan, check, explain; did you"
        " mean 'run'?");
  CHECK(refusal({"sweep"}) ==
        "there is no command 'sweep', only run, plan, check, explain");
  CHECK(refusal({""}) != "");
  CHECK(refusal({"--strict", "run"}) ==
        "'--strict' stands where the command should: ci-janitor"
        " run|plan|check|explain [OPTIONS]");
}

TEST_CASE("a project can't be wanted and excepted", "[unit]") {
  CHECK(refusal({"run", "--project", "1,2", "--except-project", "2"}) ==
        "project 2 stands in both --project and --except-project");
  CHECK(refusal({"run", "--project", "2"}, {"CI_JANITOR_EXCEPT_PROJECT=2"}) !=
        "");
}

TEST_CASE("a line an artifact is for plan only", "[unit]") {
  for (const char* const command : {"run", "check", "explain"})
    CHECK(refusal({command, "--output", "jsonl"}) ==
          std::string("--output jsonl is for plan only: for ") + command +
              " it is text or json");
}
