#include "jobs/artifacts_lease.hpp"
#include "jobs/check.hpp"
#include "jobs/exit_status.hpp"
#include "jobs/explain.hpp"
#include "jobs/installation.hpp"
#include "jobs/options.hpp"
#include "jobs/print.hpp"
#include "jobs/publish.hpp"
#include "jobs/run.hpp"
#include "jobs/signals.hpp"
#include "telemetry/log.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <spdlog/spdlog.h>
#include <sys/resource.h>
#include <tbb/global_control.h>
#include <tbb/task_arena.h>
#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <optional>
#include <string>

namespace {

using namespace jobs;

/// What is known of how it goes, for those who are told when it has ended.
struct Record {
  std::optional<Options> options;
  telemetry::Report report;
  std::string error;  ///< what was complained of at the end
};

/// Run or plan, and print what came of it, however it ended.
int run_and_report(Installation& installation, Record& record) {
  const Options& options = installation.options;
  telemetry::Report& report = record.report;
  try {
    run(installation, stop_requested(), listing_for(options), report);
  } catch (const Unfit&) {
    throw;  // nothing was begun, so there is nothing to report
  } catch (const UsageError&) {
    throw;
  } catch (const LeaseHeld&) {
    throw;
  } catch (const std::exception&) {
    if (report.outcome() != telemetry::Outcome::skipped)
      print_summary(options, report);
    throw;
  }
  print_summary(options, report);
  record.error = unmet_expectations(options, report);
  if (!record.error.empty())
    spdlog::error(record.error);
  return exit_status(options, report, signal_received());
}

int carry_out(const Options& options, Record& record) {
  const std::string run_id = make_run_id();
  record.report.command = name_of(options.command);
  record.report.run_id = run_id;
  telemetry::set_up_log(options.log_format, options.log_level, run_id);

  refuse_incomplete(options);
  Installation installation(options, run_id, stop_requested(),
                            &record.report.requests);
  if (options.command == Command::check)
    return check(installation) ? exit_done : exit_unfit;
  if (options.command == Command::explain)
    return explain(installation) ? exit_done : exit_unfit;
  return run_and_report(installation, record);
}

/// The width of all parallel loops comes from the user, not from the cores:
/// deleting is waiting.  oneTBB has no more threads than cores unless the one
/// says so, and no more of them in its own arena: 16 workers were 2.
int carry_out_in_parallel(const Options& options, Record& record) {
  const tbb::global_control threads(
      tbb::global_control::max_allowed_parallelism, options.concurrency);
  tbb::task_arena workers(static_cast<int>(options.concurrency));
  return workers.execute([&] { return carry_out(options, record); });
}

/// Were a standard stream closed, the next file opened would take its place,
/// and a log line or the summary would be sent to the database.  What is opened
/// here refuses to be written to, so that the loss is noticed.
void keep_standard_streams() {
  for (int stream = STDIN_FILENO; stream <= STDERR_FILENO; ++stream)
    if (fcntl(stream, F_GETFD) < 0)
      open("/dev/null", O_RDONLY);
}

/// What is in memory holds passwords and keys: no core file may.
void leave_no_core_file() {
  const rlimit none{0, 0};
  setrlimit(RLIMIT_CORE, &none);
}

/// In seconds since 1970.
double now() {
  const auto since = std::chrono::system_clock::now().time_since_epoch();
  return std::chrono::duration<double>(since).count();
}

std::string explained(const db::Error& error) {
  std::string text = error.what();
  if (error.took_too_long())
    text +=
        "; the server is there, but too slow: look at its load, or raise "
        "--statement-timeout";
  if (error.is_unfit())
    text += "; 'ci-janitor check' tells what is missing";
  return text;
}

/// All of it, from the command line to an exit status.
int guarded(int argc, char* argv[], Record& record) {
  const auto complain = [&](const std::string& what, ExitStatus status) {
    spdlog::error(what);
    record.error = what;
    return signal_received() != 0 ? 128 + signal_received() : int{status};
  };
  try {
    record.options = parse_options(argc, argv, environ);
    return record.options ? carry_out_in_parallel(*record.options, record)
                          : exit_done;
  } catch (const UsageError& error) {
    return complain(error.what(), exit_usage);
  } catch (const Unfit& error) {
    return complain(error.what(), exit_unfit);
  } catch (const LeaseHeld& error) {
    return complain(error.what(), exit_left_over);
  } catch (const stores::StoreUnreachable& error) {
    return complain(error.what(), exit_unreachable);
  } catch (const stores::StoreError& error) {
    return complain(error.what(), exit_unfit);
  } catch (const db::Refused& error) {
    return complain(error.what(), exit_unfit);
  } catch (const db::FailedOver& error) {
    return complain(error.what(), exit_unreachable);
  } catch (const db::Unreachable& error) {
    return complain(std::string(error.what()) +
                        "; is the server running, and do PGHOST and PGPORT "
                        "name it?",
                    exit_unreachable);
  } catch (const db::Error& error) {
    return complain(explained(error),
                    error.is_unfit() ? exit_unfit : exit_unreachable);
  } catch (const std::exception& error) {
    return complain(error.what(), exit_unfit);
  }
}

}  // namespace

int main(int argc, char* argv[]) {
  leave_no_core_file();
  catch_signals();
  keep_standard_streams();
  telemetry::set_up_log(telemetry::LogFormat::text, "info", "");
  Record record;
  const double began = now();
  const int status = guarded(argc, argv, record);
  if (!record.options && status == exit_usage) {
    record.options.emplace();
    record.options->termination_log = termination_log_of(argc, argv, environ);
  }
  if (record.options)
    publish(*record.options, record.report,
            {.exit_status = status, .started_at = began, .ended_at = now()},
            record.error);
  return status;
}
