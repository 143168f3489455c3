#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <set>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "db/statistics_way.hpp"
#include "stores/store.hpp"
#include "telemetry/log.hpp"
#include "telemetry/progress.hpp"
#include "telemetry/report.hpp"
#include "telemetry/timestamp.hpp"

namespace jobs {

/// The command line or the environment is wrong.  what() is one sentence that
/// names the input and says what to do.
class UsageError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

enum class Command { run, plan, check, explain };
std::string_view name_of(Command command);

enum class Output { text, json, jsonl };

/// Everything a run can be told, with its defaults.  Plain data: nothing in it
/// opens, connects or checks the outside world.
// In the order of the documentation; there is one of it.
// NOLINTNEXTLINE(clang-analyzer-optin.performance.Padding)
struct Options {
  Command command = Command::run;
  std::set<telemetry::Pass> passes{telemetry::all_passes.begin(),
                                   telemetry::all_passes.end()};

  std::optional<std::string> local_store;   ///< root of file_store 1
  std::optional<std::string> object_store;  ///< s3://BUCKET[/PREFIX]: 2
  std::optional<std::string> object_store_endpoint;  ///< http[s]://HOST[:PORT]
  std::optional<std::string> object_store_region;
  bool object_store_path_style = false;
  std::optional<std::string> object_store_config;  ///< GitLab's own settings
  std::optional<int> archive_store;  ///< of traces: 1 or 2; else as most are
  std::optional<int> only_store;     ///< 1 or 2
  stores::Prune prune = stores::Prune::leaf;
  bool accept_missing = false;

  /// Defaults from `./dev bench artifacts`; see benchmarks/README.md.
  unsigned concurrency = 4;         ///< workers, and so connections
  std::int64_t batch_size = 1000;   ///< rows destroyed by one transaction
  std::int64_t window_size = 2000;  ///< pipelines looked up by one statement

  std::chrono::seconds time_limit{
      300};  ///< no new work after this; 0: no limit
  std::chrono::milliseconds statement_timeout{5000};
  std::chrono::milliseconds lock_timeout{300};
  /// What a run asks of the database, and when it holds back; 0: no limit.  See
  /// jobs/governor.hpp.
  std::int64_t max_rate = 0;  ///< artifacts and jobs a second
  /// Beside others that write: percent of the time of one session; 0 heeds
  /// nobody, and keeps nothing (jobs/left_edge.hpp).
  std::int64_t max_load = 4;
  std::chrono::seconds max_replica_lag{30};
  std::int64_t max_dead_rows = 1'000'000;  ///< added since a table's VACUUM
  std::int64_t max_dead_share = 0;         ///< percent of a table's live rows
  std::int64_t max_lock_waits = 10;        ///< sessions
  std::chrono::seconds max_transaction_age{3600};
  std::int64_t max_unarchived = 1024;     ///< MiB of WAL
  std::optional<std::string> pause_file;  ///< no new work while it is there
  /// Standbys that must have flushed a commit before what it named is removed.
  std::int64_t wait_for_standby = 0;
  /// From a row's end to its object's; 0: the same run removes it.
  std::chrono::seconds removal_delay{0};

  std::optional<std::int64_t> max_destroy;  ///< rows, all passes together
  std::int64_t max_resolve = 10000;         ///< lock states written; 0: none
  bool trust_lock_state = false;
  std::chrono::seconds grace{0};
  std::optional<telemetry::Timestamp> horizon;  ///< database now if not given
  std::vector<std::int64_t> projects;           ///< empty: all
  std::vector<std::int64_t> except_projects;

  /// GitLab's main database, if it is another: a libpq service, or a file that
  /// holds a conninfo string.
  std::optional<std::string> main_service;
  std::optional<std::string> main_conninfo_file;
  /// As the schema tells, if not given.
  std::optional<db::StatisticsWay> statistics;
  std::vector<std::string>
      cancelable;  ///< statuses; empty: as the schema tells
  bool accept_geo_leak = false;

  /// Of all artifacts a run may destroy at most this share, where there are
  /// over 10,000; 1: no limit.
  double max_fraction = 0.5;
  std::optional<std::string> plan;    ///< run: only what this file names
  std::int64_t shards = 1;            ///< runs that share the work by a rule
  std::optional<std::int64_t> shard;  ///< of them this one; 0 if not given
  bool exclusive = false;             ///< nobody else holds GitLab's lease

  std::vector<std::int64_t> users;  ///< empty: all that are blocked
  std::int64_t max_drop = 1000;     ///< jobs
  /// Pipelines worked on at a time; from `./dev bench builds`.
  std::int64_t wave_size = 200;
  /// Where live trace chunks are: a URL, or file:PATH of a file that holds it.
  std::optional<std::string> redis;
  /// Locks and old trace chunks; the same as `redis` if not given.
  std::optional<std::string> redis_shared_state;
  std::chrono::seconds trace_settle{120};  ///< from a job's end to its archive
  bool stale_traces = false;

  std::int64_t tolerate_problems = 0;
  bool strict = false;
  std::optional<std::int64_t> expect_destroyed;
  std::optional<std::int64_t> expect_dropped;
  std::optional<std::int64_t> expect_backlog;

  Output output = Output::text;
  telemetry::ProgressStyle progress = telemetry::ProgressStyle::automatic;
  telemetry::LogFormat log_format = telemetry::LogFormat::text;
  std::string log_level = "info";
  std::optional<std::string> termination_log;  ///< for `kubectl describe`
  std::optional<std::string> metrics_push;     ///< URL of a Pushgateway
  std::optional<std::string> metrics_file;     ///< of the textfile collector
  std::optional<std::string> report;           ///< HTML, for people
  bool analyze = false;                        ///< explain only

  bool operator==(const Options&) const = default;
};

/// Read the command line, then the environment (CI_JANITOR_<NAME>) for what it
/// left out.  Touches nothing else of the world.
///
/// An option that does not concern the command is refused on the command line,
/// and ignored in the environment, since the environment of a pod is the same
/// for all commands; its value must make sense all the same.
///
/// \param environment as environ: "NAME=value" strings, ended by a null.
/// \return nothing if help or the version was all they wanted; it has been
///         printed to standard output.
/// \throws UsageError
std::optional<Options> parse_options(int argc, const char* const argv[],
                                     const char* const environment[]);

/// What the options of one command need of each other.  Not part of
/// parse_options(): each of them is a good option by itself.
///
/// \throws UsageError
void refuse_incomplete(const Options& options);

/// The text of --help, or of COMMAND --help with the options of that command.
std::string help_text(std::optional<Command> command = std::nullopt);

}  // namespace jobs
