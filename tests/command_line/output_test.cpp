#include "tests/command_line/janitor.hpp"

#include <catch2/catch.hpp>

#include <fcntl.h>
#include <pty.h>
#include <sys/wait.h>
#include <unistd.h>
#include <nlohmann/json.hpp>

using nlohmann::json;
using tests::contains;
using tests::Ended;
using tests::janitor;
using tests::lines_of;
using tests::World;

namespace {

struct Some : World {
  Some() {
    live = add_live();
    one = add();
    two = add({.project_id = 7, .size = 11, .file = "code_quality.json"});
    legacy = add({.locked = "2"});
  }
  /// Start the shell on a command with the program as "$1", the store as "$2"
  /// and \a words behind.
  [[nodiscard]] Ended by_shell(const std::string& command,
                               std::vector<std::string> words) const {
    words.insert(words.begin(), {"/bin/bash", "-c", command, "bash",
                                 JANITOR_PROGRAM, store.path().string()});
    return tests::run_program(words);
  }

  tests::MadeArtifact live, one, two, legacy;
};

using Kinds = std::map<std::string, json::value_t>;

void check_fields(const json& object, const std::vector<std::string>& counts,
                  const std::vector<std::string>& times) {
  Kinds expected{{"outcome", json::value_t::string}};
  for (const std::string& name : counts)
    expected[name] = json::value_t::number_unsigned;
  for (const std::string& name : times)
    expected[name] = json::value_t::number_float;
  Kinds found;
  for (const auto& [name, value] : object.items())
    found[name] = value.type();
  CHECK(found == expected);
}

const std::vector<std::string> statement_times{"seconds", "p99_statement_ms",
                                               "slowest_statement_ms"};

/// What a program writes to a pseudo terminal of 60 columns that is its
/// standard error.
std::string on_terminal(const std::vector<std::string>& words) {
  winsize size{};
  size.ws_row = 24;
  size.ws_col = 60;
  int terminal = -1;
  int line = -1;
  REQUIRE(openpty(&terminal, &line, nullptr, nullptr, &size) == 0);
  const pid_t process = fork();
  if (process == 0) {
    std::vector<char*> arguments;
    for (const std::string& word : words)
      arguments.push_back(const_cast<char*>(word.c_str()));
    arguments.push_back(nullptr);
    dup2(open("/dev/null", O_WRONLY), STDOUT_FILENO);
    dup2(line, STDERR_FILENO);
    close(terminal);
    close(line);
    execv(arguments[0], arguments.data());
    _exit(127);
  }
  close(line);
  std::string text;
  char bytes[1024];
  for (ssize_t more = 0; (more = read(terminal, bytes, sizeof bytes)) > 0;)
    text.append(bytes, static_cast<std::size_t>(more));
  close(terminal);
  int status = 0;
  waitpid(process, &status, 0);
  CHECK(WEXITSTATUS(status) == 0);
  return text;
}

}  // namespace

TEST_CASE("the JSON result is one document with the fields of the contract",
          "[postgres][program]") {
  const Some world;
  for (const char* const command : {"plan", "run"}) {
    const Ended ended = janitor(world, {command, "--output", "json"});
    const json document = json::parse(ended.out);
    std::vector<std::string> names;
    for (const auto& [name, value] : document.items())
      if (name != "not_eligible")
        names.push_back(name);
    CHECK(document.contains("not_eligible") ==
          (command == std::string("plan")));
    CHECK(names == std::vector<std::string>{"backlog", "command", "finished_at",
                                            "horizon", "outcome", "passes",
                                            "problems", "problems_total",
                                            "program", "run_id", "seconds",
                                            "started_at", "version"});
    CHECK(document["program"] == "ci-janitor");
    CHECK(document["command"] == command);
    CHECK(document["outcome"] == "drained");
    CHECK(document["run_id"].get<std::string>().size() == 8);
    CHECK(document["seconds"].is_number_float());
    for (const char* const moment : {"started_at", "finished_at", "horizon"})
      CHECK(telemetry::parse_timestamp(document[moment].get<std::string>()));
    check_fields(document["passes"]["unlocked"],
                 {"destroyed", "bytes", "batches", "skipped", "kept", "failed",
                  "refused"},
                 statement_times);
    check_fields(document["passes"]["legacy"],
                 {"scanned", "destroyed", "resolved", "contradictions", "bytes",
                  "windows", "skipped", "failed", "refused"},
                 statement_times);
    check_fields(document["passes"]["objects"], {"removed", "absent", "failed"},
                 {"seconds"});
    check_fields(document["passes"]["traces"],
                 {"archived", "empty", "partial", "lost", "chunks", "bytes",
                  "skipped", "failed"},
                 statement_times);
    CHECK(document["backlog"] == json{{"unlocked", 0},
                                      {"unknown", 0},
                                      {"objects", 0},
                                      {"builds", 0},
                                      {"traces", 0},
                                      {"oldest_expired_at", nullptr}});
    CHECK(document["problems"] == json::array());
    CHECK(document["problems_total"] == 0);
  }
}

TEST_CASE("a problem in the JSON result names the row", "[postgres][program]") {
  World world;
  world.add_live();
  const auto poison = world.add({.file = "..", .with_file = false});
  const json document =
      json::parse(janitor(world, {"run", "--output", "json"}).out);
  REQUIRE(document["problems"].size() == 1);
  const json& problem = document["problems"][0];
  CHECK(problem["pass"] == "unlocked");
  CHECK(problem["table"] == "ci_pipeline_artifacts");
  CHECK(problem["id"] == poison.id);
  CHECK_FALSE(problem["reason"].get<std::string>().empty());
  CHECK(document["problems_total"] == 1);
}

TEST_CASE("a line an artifact comes in the order of the run",
          "[postgres][program]") {
  const Some world;
  const Ended ended = janitor(world, {"plan", "--output", "jsonl"});
  const std::vector<std::string> lines = lines_of(ended.out);
  REQUIRE(lines.size() == 3);
  std::map<std::int64_t, json> found;
  for (const std::string& line : lines) {
    const json artifact = json::parse(line);
    found[artifact["id"].get<std::int64_t>()] = artifact;
  }
  for (const auto& [made, pass] :
       std::vector<std::pair<tests::MadeArtifact, std::string>>{
           {world.one, "unlocked"},
           {world.two, "unlocked"},
           {world.legacy, "legacy"}})
    CHECK(found[made.id] == json{{"kind", "artifact"},
                                 {"pass", pass},
                                 {"id", made.id},
                                 {"project_id", made.project_id},
                                 {"pipeline_id", made.pipeline_id},
                                 {"bytes", made.size},
                                 {"store", 1},
                                 {"key", made.key.path()}});
  CHECK(json::parse(lines.back())["pass"] == "legacy");
  // The summary is for people, beside the log.
  CHECK(contains(ended.err, "ci-janitor plan: drained"));
}

TEST_CASE("the text result goes to standard output, the log does not",
          "[postgres][program]") {
  const Some world;
  const Ended ended = janitor(world, {"run"});
  CHECK(contains(ended.out, "ci-janitor run: drained"));
  CHECK(contains(ended.out, "nothing left"));
  CHECK_FALSE(contains(ended.out, "info:"));
  for (const std::string& line : lines_of(ended.err))
    CHECK(contains(line, " info: "));
  CHECK_FALSE(contains(ended.err, "ci-janitor run: drained"));
  for (const std::string& line : lines_of(ended.out))
    CHECK(line.size() <= 100);
}

TEST_CASE("a log for machines is JSON line by line", "[postgres][program]") {
  const Some world;
  const Ended ended = janitor(world, {"run", "--log-format", "json", "--output",
                                      "json", "--expect-destroyed", "99"});
  const json document = json::parse(ended.out);
  const std::vector<std::string> lines = lines_of(ended.err);
  REQUIRE(lines.size() >= 4);
  for (const std::string& line : lines) {
    const json entry = json::parse(line);
    CHECK(entry["run_id"] == document["run_id"]);
    CHECK(telemetry::parse_timestamp(entry["time"].get<std::string>()));
    CHECK(entry["message"].is_string());
  }
  CHECK(json::parse(lines.back())["level"] == "error");
}

TEST_CASE(
    "a log for machines has a line a batch, and one a pass with all counts",
    "[postgres][program]") {
  const Some world;
  const Ended ended = janitor(world, {"run", "--log-format", "json", "--output",
                                      "json", "--log-level", "debug"});
  const json summary = json::parse(ended.out);
  std::map<std::string, std::int64_t> rows;
  std::map<std::string, json> passes;
  for (const std::string& line : lines_of(ended.err)) {
    const json entry = json::parse(line);
    if (!entry.contains("fields"))
      continue;
    const std::string pass = entry["pass"];
    if (entry["level"] == "debug")
      rows[pass] += entry["fields"]["rows"].get<std::int64_t>();
    else
      passes[pass] = entry["fields"];
  }
  CHECK(rows["unlocked"] == 2);
  CHECK(rows["legacy"] == 1);
  for (const auto& [pass, fields] : summary["passes"].items())
    CHECK(passes[pass]["outcome"] == fields["outcome"]);
  CHECK(passes["unlocked"] == summary["passes"]["unlocked"]);
}

TEST_CASE("a quiet log is empty", "[postgres][program]") {
  const Some world;
  CHECK(janitor(world, {"run", "--log-level", "warning"}).err.empty());
}

TEST_CASE("a terminal gets a bar whose line is ended", "[postgres][program]") {
  const Some world;
  const std::string shown =
      on_terminal({JANITOR_PROGRAM, "run", "--log-level", "warning",
                   "--local-store", world.store.path().string()});
  CHECK(contains(shown, "\r\x1b[K"));
  CHECK(contains(shown, "unlocked"));
  CHECK(contains(shown, "legacy"));
  CHECK(shown.ends_with("\n"));
  // No line is as wide as the terminal, which would make some terminals wrap.
  std::string line;
  for (const char letter : shown) {
    line = letter == '\r' || letter == '\n' ? "" : line + letter;
    CHECK(line.size() <= 59 + 3);
  }
}

TEST_CASE("what is no terminal gets a bar only if it is asked for",
          "[postgres][program]") {
  const Some world;
  const auto shown = [&](const std::string& style) {
    return janitor(world,
                   {"plan", "--log-level", "warning", "--progress", style})
        .err;
  };
  CHECK(shown("auto").empty());
  CHECK(shown("none").empty());
  CHECK(contains(shown("bar"), "\r\x1b[K"));
  CHECK(contains(shown("plain"), "unlocked: 2"));
  CHECK_FALSE(contains(shown("plain"), "\r"));
}

TEST_CASE("help fits a terminal and costs nothing", "[program]") {
  for (const std::vector<std::string>& words :
       {std::vector<std::string>{"--help"},
        {"run", "--help"},
        {"plan", "--help"},
        {"check", "--help"},
        {"explain", "--help"}}) {
    std::vector<std::string> command{JANITOR_PROGRAM};
    command.insert(command.end(), words.begin(), words.end());
    const Ended ended = tests::run_program(command, {{"PGHOST", "/nowhere"}});
    CHECK(ended.status == 0);
    CHECK(ended.err.empty());
    CHECK(contains(ended.out, "ci-janitor"));
    for (const std::string& line : lines_of(ended.out))
      CHECK(line.size() <= 80);
  }
}

TEST_CASE("the version is one line", "[program]") {
  const Ended ended = tests::run_program({JANITOR_PROGRAM, "--version"});
  CHECK(ended.status == 0);
  CHECK(ended.out == "ci-janitor " CI_JANITOR_VERSION "\n");
  const Ended seed = tests::run_program({JANITOR_SEED_PROGRAM, "--version"});
  CHECK(seed.status == 0);
  CHECK(contains(seed.out, CI_JANITOR_VERSION));
}

TEST_CASE("a run whose output goes nowhere does its work all the same",
          "[postgres][program]") {
  for (const char* const command :
       {"\"$1\" run --local-store \"$2\" >&-",
        "\"$1\" run --local-store \"$2\" --output json >/dev/full",
        "\"$1\" run --local-store \"$2\" >/dev/full",
        "\"$1\" run --local-store \"$2\" >&- 2>&- <&-",
        "\"$1\" run --local-store \"$2\" --log-level trace 2>/dev/full",
        "set -o pipefail; \"$1\" run --local-store \"$2\" | true"}) {
    Some world;
    const Ended ended = world.by_shell(command, {});
    INFO(command << "\n" << ended.err);
    CHECK(ended.status == 0);
    CHECK(world.rows_left() == 1);
    CHECK(world.entries_left() == 0);
    CHECK(world.violations().empty());
  }
}

TEST_CASE("a result that could not be written is told", "[postgres][program]") {
  const Some world;
  for (const char* const command :
       {"\"$1\" plan --local-store \"$2\" >&-",
        "\"$1\" plan --local-store \"$2\" --output json >/dev/full",
        "\"$1\" plan --local-store \"$2\" --output jsonl >/dev/full"})
    CHECK(contains(world.by_shell(command, {}).err,
                   "error: the result could not be written to standard "
                   "output"));
}
