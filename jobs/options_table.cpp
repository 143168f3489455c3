#include "jobs/options_table.hpp"

#include "jobs/option_values.hpp"

#include <algorithm>
#include <cctype>
#include <iterator>

namespace jobs {

namespace {

constexpr CommandRow commands[] = {
    {Command::run, "run",
     "destroy expired unlocked artifacts and remove their objects"},
    {Command::plan, "plan", "say what run would do, and change nothing"},
    {Command::check, "check",
     "tell whether database and stores are fit for run; if not, what to do"},
    {Command::explain, "explain",
     "show the plan of every statement of run, and judge it"}};

constexpr Commands run = only(Command::run);
constexpr Commands plan = only(Command::plan);
constexpr Commands check = only(Command::check);
constexpr Commands explain = only(Command::explain);
constexpr Commands all = run | plan | check | explain;

// A hundred years: far beyond any use, and still addable to any clock.
constexpr std::int64_t longest_seconds = 3'153'600'000;
// PostgreSQL keeps its timeouts as 32-bit milliseconds.
constexpr std::int64_t longest_timeout = 2'147'483'647;

constexpr std::string_view what = "WHAT";
constexpr std::string_view how_much = "HOW MUCH";
constexpr std::string_view how = "HOW";
constexpr std::string_view output = "OUTPUT";
constexpr std::string_view smoke = "SMOKE RUNS";

// clang-format off
const OptionRow table[] = {
  {what, "passes", "LIST", "all", all,
   passes(&Options::passes),
   "comma list of unlocked, legacy, objects, builds, traces; always run in"
   " this order"},
  {what, "main-service", "NAME", "(none)", all,
   service(&Options::main_service),
   "the libpq service of GitLab's main database, where users and projects are,"
   " if the CI tables have a database of their own"},
  {what, "main-conninfo-file", "FILE", "(none)", all,
   file(&Options::main_conninfo_file),
   "the same, by a file that holds a libpq conninfo string or URI"},
  {what, "local-store", "DIR", "(none)", run | plan | check,
   directory(&Options::local_store),
   "root of the objects of file_store 1: GitLab's artifacts directory"},
  {what, "object-store", "URL", "(none)", run | plan | check,
   bucket_url(&Options::object_store),
   "s3://BUCKET[/PREFIX]: the objects of file_store 2; credentials come as AWS's"
   " own tools find them, or by --object-store-config"},
  {what, "object-store-endpoint", "URL", "(AWS)", run | plan | check,
   endpoint_url(&Options::object_store_endpoint),
   "the S3 server, http[s]://HOST[:PORT], if it is not AWS's"},
  {what, "object-store-region", "NAME", "(AWS_REGION)", run | plan | check,
   region(&Options::object_store_region),
   "where the bucket is; us-east-1 if nobody says"},
  {what, "object-store-path-style", "", "", run | plan | check,
   flag(&Options::object_store_path_style),
   "the bucket stands in the path, not before the host"},
  {what, "object-store-config", "FILE", "(none)", run | plan | check,
   file(&Options::object_store_config),
   "GitLab's own connection settings (YAML): keys, region, endpoint"},
  {what, "archive-store", "local|object", "(as most)", run | plan | check,
   choice<int>(&Options::archive_store, {{"local", 1}, {"object", 2}}),
   "traces pass: where archives go; where most recent ones are if not given"},
  {what, "only-store", "1|2", "(both)", all,
   choice<int>(&Options::only_store, {{"1", 1}, {"2", 2}}),
   "only artifacts of that file_store"},
  {what, "project", "ID", "(all)", run | plan | explain,
   ids(&Options::projects),
   "only this project; a comma list, or repeated"},
  {what, "except-project", "ID", "(none)", run | plan | explain,
   ids(&Options::except_projects),
   "never this project (legal hold); a comma list, or repeated"},
  {what, "user", "ID", "(all blocked)", run | plan,
   ids(&Options::users),
   "builds pass: only this blocked user; a comma list, or repeated"},
  {what, "cancelable", "LIST", "(as GitLab)", run | plan | explain | check,
   statuses(&Options::cancelable),
   "builds pass: drop jobs in these statuses; else those that this GitLab lets a"
   " user cancel"},
  {what, "plan", "FILE", "(none)", run,
   file(&Options::plan),
   "only what FILE names, as plan --output jsonl printed it, and only if it is"
   " still so"},
  {what, "shards", "N", "1", run | plan,
   number(&Options::shards, 1, 1'000'000),
   "the work is divided among N runs, none of which sees another's share"},
  {what, "shard", "I", "(0)", run | plan,
   number(&Options::shard, 0, 999'999),
   "which of --shards this run is, from 0; JOB_COMPLETION_INDEX if not given"},
  {what, "grace", "SECONDS", "0", run | plan | explain,
   number(&Options::grace, 0, longest_seconds),
   "an artifact must have expired this long ago"},
  {what, "horizon", "TIMESTAMP", "(database now)", all,
   moment(&Options::horizon),
   "only what expired before this moment counts as expired; not later than now"},
  {what, "trust-lock-state", "", "", run | plan | explain,
   flag(&Options::trust_lock_state),
   "legacy pass: look only at rows of unknown lock state"},
  {what, "redis", "URL", "(none)", run | plan | check,
   redis_url(&Options::redis),
   "live trace chunks: redis://HOST[:PORT][/DB], unix://SOCKET, or file:PATH of"
   " a file that holds the URL (with a password)"},
  {what, "redis-shared-state", "URL", "(as --redis)", run | plan | check,
   redis_url(&Options::redis_shared_state),
   "GitLab's locks and old trace chunks, if they are in another Redis"},
  {what, "trace-settle", "SECONDS", "120", run | plan,
   number(&Options::trace_settle, 0, longest_seconds),
   "traces pass: archive a trace this long after its job ended"},
  {what, "stale-traces", "", "", run | plan,
   flag(&Options::stale_traces),
   "traces pass: archive those of every job that ended over 12 hours ago"},

  {how_much, "time-limit", "SECONDS", "300", run | plan,
   number(&Options::time_limit, 0, longest_seconds),
   "take no new work after this; 0 is no limit"},
  {how_much, "max-destroy", "N", "(none)", run | plan,
   number(&Options::max_destroy, 0),
   "stop after that many artifacts, all passes together"},
  {how_much, "max-resolve", "N", "10000", run | plan | explain,
   number(&Options::max_resolve, 0),
   "legacy pass: write down at most that many unknown lock states; 0 is none"},
  {how_much, "max-drop", "N", "1000", run | plan,
   number(&Options::max_drop, 0),
   "stop after that many jobs of blocked users"},
  {how_much, "max-fraction", "F", "0.5", run | plan | check,
   fraction(&Options::max_fraction),
   "refuse to destroy more than this share of over 10,000 artifacts"},
  {how_much, "max-rate", "N", "0", run | plan,
   number(&Options::max_rate, 0, 1'000'000'000),
   "at most this many artifacts and jobs per second; 0 is no limit"},
  {how_much, "max-load", "PERCENT", "4", run | plan,
   number(&Options::max_load, 0, 6400),
   "while others write to the server: at work for this share of a session's"
   " time, 200 being two all the time, and keep the oldest 200 artifacts until"
   " VACUUM comes; 0 is no limit"},
  {how_much, "max-dead-rows", "N", "1000000", run | plan | check,
   number(&Options::max_dead_rows, 0),
   "wait for VACUUM once the run has added this many dead rows to a table; 0 is"
   " no limit"},
  {how_much, "max-dead-share", "PERCENT", "0", run | plan | check,
   number(&Options::max_dead_share, 0, 100'000),
   "hold back while a table has more dead rows than this per 100 live ones; 0 is"
   " no limit"},
  {how_much, "max-replica-lag", "SECONDS", "30", run | plan | check,
   number(&Options::max_replica_lag, 0, longest_seconds),
   "hold back while a standby is further behind; 0 is no limit"},
  {how_much, "max-lock-waits", "N", "10", run | plan | check,
   number(&Options::max_lock_waits, 0),
   "hold back while more sessions wait for locks on GitLab's tables; 0 is no"
   " limit"},
  {how_much, "max-transaction-age", "SECONDS", "3600", run | plan | check,
   number(&Options::max_transaction_age, 0, longest_seconds),
   "hold back while an older transaction keeps VACUUM from cleaning up; 0 is no"
   " limit"},
  {how_much, "max-unarchived", "MIB", "1024", run | plan | check,
   number(&Options::max_unarchived, 0, 1'000'000'000),
   "hold back while more WAL than this waits to be archived; 0 is no limit"},
  {how_much, "pause-file", "FILE", "(none)", run | plan,
   file(&Options::pause_file),
   "begin no new work while this file exists"},
  {how_much, "tolerate-problems", "N", "0", run | plan,
   number(&Options::tolerate_problems, 0),
   "up to N problems leave the exit status at 0"},

  {how, "concurrency", "N", "4", run | plan | check,
   number(&Options::concurrency, 1, 64),
   "workers, and so connections"},
  {how, "batch-size", "N", "1000", run | plan | explain,
   number(&Options::batch_size, 1, 10'000),
   "rows that one transaction destroys, at most"},
  {how, "window-size", "N", "2000", run | plan | explain,
   number(&Options::window_size, 1, 100'000),
   "rows that one statement of the legacy pass looks at, at most"},
  {how, "wave-size", "N", "200", run | plan,
   number(&Options::wave_size, 1, 10'000),
   "pipelines of blocked users worked on at a time, at most"},
  {how, "statement-timeout", "MS", "5000", all,
   number(&Options::statement_timeout, 1, longest_timeout),
   "no statement takes longer"},
  {how, "lock-timeout", "MS", "300", all,
   number(&Options::lock_timeout, 1, longest_timeout),
   "no statement waits longer for a lock"},
  {how, "exclusive", "", "", run,
   flag(&Options::exclusive),
   "exit status 75 if GitLab's worker or another run destroys artifacts now"},
  {how, "wait-for-standby", "N", "0", run | plan | check,
   number(&Options::wait_for_standby, 0, 100),
   "remove objects and trace chunks only once N standbys have flushed what was"
   " committed"},
  {how, "removal-delay", "SECONDS", "0", run | plan,
   number(&Options::removal_delay, 0, longest_seconds),
   "leave the objects of what is destroyed in the queue for this long; a later"
   " run removes them"},
  {how, "prune", "leaf|all|none", "leaf", run | plan | check,
   choice<stores::Prune>(&Options::prune, {{"leaf", stores::Prune::leaf},
                                           {"all", stores::Prune::all},
                                           {"none", stores::Prune::none}}),
   "emptied directories: remove the artifact's own; all up to the root, if"
   " unchanged for an hour; none"},
  {how, "statistics", "auto|...", "auto", all,
   choice<std::optional<db::StatisticsWay>>(&Options::statistics,
          {{"auto", std::nullopt},
           {"with-storage", db::StatisticsWay::with_storage},
           {"alone", db::StatisticsWay::alone},
           {"off", db::StatisticsWay::off}}),
   "what falls with the bytes destroyed: pipeline_artifacts_size and"
   " storage_size (with-storage), the first (alone), or nothing (off); auto as"
   " GitLab does"},
  {how, "accept-geo-leak", "", "", run | plan | check,
   flag(&Options::accept_geo_leak),
   "go on although Geo's secondaries would keep the files for ever"},
  {how, "accept-missing", "", "", run | plan | check,
   flag(&Options::accept_missing),
   "go on although the stores do not hold what live rows name"},
  {how, "analyze", "", "", explain,
   flag(&Options::analyze),
   "run the statements that only read, and show how long they took"},

  {output, "output", "text|json|jsonl", "text", all,
   choice<Output>(&Options::output, {{"text", Output::text},
                                     {"json", Output::json},
                                     {"jsonl", Output::jsonl}}),
   "result on standard output; jsonl, for plan, is a line for each artifact or"
   " job"},
  {output, "progress", "STYLE", "auto", run | plan,
   choice<telemetry::ProgressStyle>(&Options::progress,
          {{"auto", telemetry::ProgressStyle::automatic},
           {"bar", telemetry::ProgressStyle::bar},
           {"plain", telemetry::ProgressStyle::plain},
           {"none", telemetry::ProgressStyle::none}}),
   "auto, bar, plain or none; auto is a bar on a terminal, none elsewhere"},
  {output, "log-format", "text|json", "text", all,
   choice<telemetry::LogFormat>(&Options::log_format,
          {{"text", telemetry::LogFormat::text},
           {"json", telemetry::LogFormat::json}}),
   "log and progress go to standard error"},
  {output, "log-level", "LEVEL", "info", all,
   choice<std::string>(&Options::log_level,
          {{"trace", "trace"}, {"debug", "debug"}, {"info", "info"},
           {"warning", "warning"}, {"error", "error"}, {"off", "off"}}),
   "trace, debug, info, warning, error or off"},
  {output, "termination-log", "FILE", "(none)", all,
   file(&Options::termination_log),
   "write a line of JSON on how it ended, of at most 4096 bytes"},
  {output, "report", "FILE", "(none)", run | plan,
   file(&Options::report),
   "write a page of HTML for people: what was done, how fast, and what is wrong"},
  {output, "metrics-push", "URL", "(none)", run,
   gateway_url(&Options::metrics_push),
   "send metrics to the Prometheus Pushgateway at http[s]://HOST[:PORT][/PATH]"},
  {output, "metrics-file", "FILE", "(none)", run,
   file(&Options::metrics_file),
   "write metrics for the textfile collector of Prometheus's node exporter"},

  {smoke, "strict", "", "", run,
   flag(&Options::strict),
   "work left over at the end is exit status 75"},
  {smoke, "expect-destroyed", "N", "(none)", run,
   number(&Options::expect_destroyed, 0),
   "any other number of artifacts destroyed is exit status 4"},
  {smoke, "expect-dropped", "N", "(none)", run,
   number(&Options::expect_dropped, 0),
   "any other number of jobs dropped is exit status 4"},
  {smoke, "expect-backlog", "N", "(none)", run,
   number(&Options::expect_backlog, 0),
   "any other sum of the counts left over is exit status 4"},
};
// clang-format on

}  // namespace

std::string_view name_of(Command command) {
  for (const CommandRow& row : commands)
    if (row.command == command)
      return row.name;
  return "unknown";
}

std::span<const CommandRow> command_table() {
  return commands;
}

std::span<const OptionRow> option_table() {
  return table;
}

const OptionRow* find_option(std::string_view name) {
  const auto* const found =
      std::find_if(std::begin(table), std::end(table),
                   [&](const OptionRow& row) { return row.name == name; });
  return found == std::end(table) ? nullptr : found;
}

std::string OptionRow::on_command_line() const {
  return "--" + std::string(name);
}

std::string OptionRow::in_environment() const {
  std::string variable = "CI_JANITOR_" + std::string(name);
  for (char& letter : variable)
    letter = letter == '-' ? '_'
                           : static_cast<char>(std::toupper(
                                 static_cast<unsigned char>(letter)));
  return variable;
}

}  // namespace jobs
