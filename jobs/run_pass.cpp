#include "jobs/run_pass.hpp"

#include "jobs/builds_pass.hpp"
#include "jobs/legacy_pass.hpp"
#include "jobs/objects_pass.hpp"
#include "jobs/standby_wait.hpp"
#include "jobs/traces_pass.hpp"
#include "jobs/unlocked_pass.hpp"
#include "telemetry/log.hpp"
#include "telemetry/summary.hpp"

#include <fmt/format.h>
#include <spdlog/spdlog.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <array>
#include <chrono>
#include <mutex>

namespace jobs {
namespace {

using telemetry::Outcome;
using telemetry::Pass;

struct PassFunction {
  Pass pass;
  void (*run)(Context&);
};

constexpr std::array pass_functions{
    PassFunction{Pass::unlocked, run_unlocked_pass},
    PassFunction{Pass::legacy, run_legacy_pass},
    PassFunction{Pass::objects, run_objects_pass},
    PassFunction{Pass::builds, run_builds_pass},
    PassFunction{Pass::traces, run_traces_pass}};

/// What the planner expects, for the progress bar; 0 where it does not know.
std::int64_t expected_rows(Pass pass, const Context& context) {
  if (context.named != nullptr)
    return 0;
  try {
    return pass != Pass::unlocked && pass != Pass::legacy
               ? 0
               : context.artifacts.expected(context.reading(pass),
                                            pass == Pass::unlocked
                                                ? db::Selection::unlocked
                                                : db::Selection::legacy,
                                            context.horizon);
  } catch (const db::Error& error) {
    spdlog::debug("{}; no bar", error.what());
    return 0;
  }
}

/// What is in a store that is down is left to a later run.
void note_stores_down(Pass pass, Context& context) {
  if (pass == Pass::builds || pass == Pass::traces)
    return;
  for (const std::int64_t file_store : context.stores.configured())
    if (const auto* const store = context.stores.find(file_store);
        store->is_down())
      context.report.pass(pass).end(
          Outcome::partial,
          store->description() + " did not answer; what is in it is left");
}

/// While a pass runs, what is logged belongs to it.
struct LogPass {
  explicit LogPass(std::string_view pass) { telemetry::set_log_pass(pass); }
  ~LogPass() { telemetry::set_log_pass(""); }
  LogPass(const LogPass&) = delete;
  LogPass& operator=(const LogPass&) = delete;
};

bool read_catalog_again(Context& context) {
  const std::lock_guard lock(context.catalog_mutex);
  return context.read_catalog_again();
}

/// The schema may change under a run: what statements are written by is read
/// again, once, and the pass begun anew.
void run_on_schema(Pass pass, Context& context) {
  const auto function =
      std::ranges::find(pass_functions, pass, &PassFunction::pass);
  try {
    function->run(context);
  } catch (const db::Error& error) {
    if (!error.tells_other_schema() || !read_catalog_again(context))
      throw;
    spdlog::warn("{}; the schema has changed, and was read again",
                 error.what());
    function->run(context);
  }
}

/// The time that a pass takes, and its progress, however it ends.
class PassTime {
 public:
  PassTime(Pass pass, Context& context)
      : progress_(context.progress), report_(context.report.pass(pass)) {
    progress_.begin(std::string(telemetry::name_of(pass)),
                    expected_rows(pass, context));
  }
  ~PassTime() {
    progress_.end();
    report_.seconds +=
        std::chrono::duration<double>(std::chrono::steady_clock::now() - began_)
            .count();
  }
  PassTime(const PassTime&) = delete;
  PassTime& operator=(const PassTime&) = delete;

 private:
  const std::chrono::steady_clock::time_point began_ =
      std::chrono::steady_clock::now();
  telemetry::Progress& progress_;
  telemetry::PassReport& report_;
};

std::string advice_on(const db::Error& error) {
  return error.took_too_long()
             ? "; VACUUM (ANALYZE) its table, look at 'ci-janitor explain', or "
               "raise --statement-timeout"
             : "";
}

/// \throws what a run can't go on after.
void run_to_its_end(Pass pass, Context& context) {
  const PassTime time(pass, context);
  telemetry::PassReport& report = context.report.pass(pass);
  try {
    run_on_schema(pass, context);
  } catch (const db::Error& error) {
    // Others held what the pass can't do without for as long as it tried, or
    // a statement can't be made small enough: the next pass may do better.  One
    // that the deadline cut short was given no longer.
    if (!error.timed_out() || context.may_go_on(pass))
      report.end(error.is_transient() ? Outcome::throttled : Outcome::partial,
                 error.what() + advice_on(error));
    if (!error.is_transient() && !error.timed_out())
      throw;
  } catch (const stores::StoreUnreachable& error) {
    // What is queued stays so, and the next pass may do without that store.
    report.end(Outcome::partial, error.what());
  } catch (const StandbysBehind& error) {
    // At the deadline, or after a signal, it was not waited for as long.
    if (context.may_go_on(pass))
      report.end(Outcome::partial, error.what());
  } catch (const std::exception& error) {
    report.end(Outcome::partial, error.what());
    throw;
  }
  note_stores_down(pass, context);
}

}  // namespace

void run_pass(Pass pass, Context& context) {
  const LogPass logged(telemetry::name_of(pass));
  run_to_its_end(pass, context);
  const telemetry::PassReport& report = context.report.pass(pass);
  telemetry::log_with(
      "info",
      fmt::format("{}: {}{}{}", telemetry::name_of(pass),
                  telemetry::name_of(report.outcome),
                  report.reason.empty() ? "" : ", ", report.reason),
      telemetry::pass_json(context.report, pass));
}

}  // namespace jobs
