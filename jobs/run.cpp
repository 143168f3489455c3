#include "jobs/run.hpp"

#include "db/health.hpp"
#include "jobs/artifacts_lease.hpp"
#include "jobs/backlog.hpp"
#include "jobs/builds_pass.hpp"
#include "jobs/check.hpp"
#include "jobs/choices.hpp"
#include "jobs/fair_shares.hpp"
#include "jobs/legacy_pass.hpp"
#include "jobs/not_eligible.hpp"
#include "jobs/objects_pass.hpp"
#include "jobs/settle_statistics.hpp"
#include "jobs/standby_wait.hpp"
#include "jobs/status_line.hpp"
#include "jobs/traces_pass.hpp"
#include "jobs/unlocked_pass.hpp"
#include "telemetry/log.hpp"
#include "telemetry/summary.hpp"

#include <fmt/format.h>
#include <spdlog/spdlog.h>
#include <nlohmann/json.hpp>

#include <array>
#include <chrono>
#include <optional>

namespace jobs {
namespace {

using telemetry::Outcome;
using telemetry::Pass;
using telemetry::Timestamp;

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

Timestamp horizon_of(const Options& options, Timestamp now) {
  if (options.horizon && *options.horizon > now)
    throw UsageError(fmt::format(
        "--horizon {} is later than the database's clock, {}; give one that "
        "has passed",
        telemetry::format_timestamp(*options.horizon),
        telemetry::format_timestamp(now)));
  return options.horizon.value_or(now) - options.grace;
}

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

/// One pass: its time, its progress, and that it ends with a reason.
void run_pass(const PassFunction& function, Context& context) {
  const auto began = std::chrono::steady_clock::now();
  const std::string name(telemetry::name_of(function.pass));
  telemetry::PassReport& report = context.report.pass(function.pass);
  const auto note_time = [&] {
    context.progress.end();
    report.seconds +=
        std::chrono::duration<double>(std::chrono::steady_clock::now() - began)
            .count();
  };
  context.governor.begin_pass();
  context.progress.begin(name, expected_rows(function.pass, context));
  try {
    function.run(context);
  } catch (const db::Error& error) {
    // Others held what the pass can't do without for as long as it tried, or
    // a statement can't be made small enough: the next pass may do better.
    report.end(error.is_transient() ? Outcome::throttled : Outcome::partial,
               error.what());
    if (!error.is_transient() && !error.timed_out()) {
      note_time();
      throw;
    }
  } catch (const stores::StoreUnreachable& error) {
    // What is queued stays so, and the next pass may do without that store.
    report.end(Outcome::partial, error.what());
  } catch (const StandbysBehind& error) {
    // At the deadline, or after a signal, it was not waited for as long.
    if (context.may_go_on(function.pass))
      report.end(Outcome::partial, error.what());
  } catch (const std::exception& error) {
    report.end(Outcome::partial, error.what());
    note_time();
    throw;
  }
  note_stores_down(function.pass, context);
  note_time();
  telemetry::log_with(
      "info",
      fmt::format("{}: {}{}{}", name, telemetry::name_of(report.outcome),
                  report.reason.empty() ? "" : ", ", report.reason),
      telemetry::pass_json(context.report, function.pass));
}

/// GitLab's lease is on the artifacts; --exclusive is about the whole run.
bool wants_lease(Pass pass, const Context& context) {
  return context.options.exclusive || pass == Pass::unlocked ||
         pass == Pass::legacy;
}

/// A plan of rows names nothing for the passes after those.
bool is_wanted(Pass pass, const Context& context) {
  return context.options.passes.contains(pass) &&
         (context.named == nullptr ||
          (pass != Pass::objects && pass != Pass::traces));
}

void take_lease(std::optional<ArtifactsLease>& lease, Context& context) {
  lease.emplace(context.redis.shared_state(), context.options, context.stop,
                context.lease_lost);
}

/// Held from one pass that wants it to the next.
void mind_lease(std::optional<ArtifactsLease>& lease, Pass pass,
                Context& context) {
  if (!wants_lease(pass, context))
    lease.reset();
  else if (!lease && !context.only_plans())
    take_lease(lease, context);
}

using Turns = std::vector<const PassFunction*>;

/// The share of a pass was used up, rather than the time of the run, and it can
/// come again: what it has dealt with is gone.  The builds pass has all but the
/// last share before it.
bool may_come_again(const Context& context, const FairShares& shares,
                    Pass pass) {
  const Outcome outcome = context.report.pass(pass).outcome;
  return !context.only_plans() && pass != Pass::builds &&
         context.deadline.passed() && !shares.whole().passed() &&
         (outcome == Outcome::budget_exhausted ||
          outcome == Outcome::throttled);
}

/// Run \a passes in their order, each within its share; what a pass ends with
/// when it comes again counts.
/// \return those that were cut short.
Turns take_turns(const Turns& passes, std::size_t after, Context& context,
                 const FairShares& shares,
                 std::optional<ArtifactsLease>& lease) {
  Turns cut_short;
  for (std::size_t i = 0; i < passes.size(); ++i) {
    const Pass pass = passes[i]->pass;
    context.deadline = shares.before(passes.size() - 1 - i + after);
    if (context.absence_watch.tripped() || !context.may_go_on(pass))
      continue;
    context.report.pass(pass).outcome = Outcome::skipped;
    context.report.pass(pass).reason.clear();
    mind_lease(lease, pass, context);
    const LogPass logged(telemetry::name_of(pass));
    run_pass(*passes[i], context);
    if (may_come_again(context, shares, pass))
      cut_short.push_back(passes[i]);
  }
  return cut_short;
}

/// The traces pass comes last of all: it waits for traces to settle, and has
/// whatever time there is.
void run_passes(Context& context) {
  std::optional<ArtifactsLease> lease;
  if (context.options.exclusive)
    take_lease(lease, context);
  Turns first;
  Turns last;
  for (const PassFunction& function : pass_functions)
    if (is_wanted(function.pass, context))
      (function.pass == Pass::traces ? last : first).push_back(&function);

  const std::size_t passes = first.size() + last.size();
  const FairShares shares(context.deadline, context.only_plans() ? 0 : passes);
  const Turns cut_short =
      take_turns(first, last.size(), context, shares, lease);
  take_turns(cut_short, last.size(), context, shares, lease);
  take_turns(last, 0, context, shares, lease);
  context.deadline = shares.whole();
  // What other passes removed is the objects pass's to report.
  if (context.report.removed() + context.report.absent() > 0)
    context.report.pass(Pass::objects).end(Outcome::drained);
}

}  // namespace

void run(Installation& installation, const std::atomic<bool>& stop,
         const Listing& listing, telemetry::Report& report) {
  const Options& options = installation.options;
  const auto began = std::chrono::steady_clock::now();
  const telemetry::Deadline deadline(options.time_limit);
  const Timestamp now = db::now(installation.pool, installation.session());
  report.started_at = now;
  report.horizon = horizon_of(options, now);
  std::optional<PlannedRows> named;
  if (options.plan)
    named = read_plan(*options.plan, filter_of(options));
  require_fitness(installation, named ? &*named : nullptr);

  const db::PipelineArtifacts artifacts(installation.pool);
  const db::DeletedObjects queue(installation.pool);
  const db::Builds builds(
      installation.pool, statuses_to_drop(options, installation.catalog).value);
  const db::Traces traces(installation.pool);
  telemetry::Progress progress(options.progress);
  Governor governor(options);
  Context context{.options = options,
                  .pool = installation.pool,
                  .artifacts = artifacts,
                  .queue = queue,
                  .catalog = installation.catalog,
                  .main = installation.main.get(),
                  .builds = builds,
                  .traces = traces,
                  .stores = installation.stores,
                  .redis = installation.redis,
                  .named = named ? &*named : nullptr,
                  .filter = filter_of(options),
                  .projects = {options.projects, options.except_projects,
                               shard_of(options)},
                  .horizon = report.horizon,
                  .queue_horizon = now,
                  .deadline = deadline,
                  .stop = stop,
                  .base_session = installation.session(),
                  .destroy_budget = Budget(options.max_destroy),
                  .resolve_budget = Budget(options.max_resolve),
                  .drop_budget = Budget(options.max_drop),
                  .absence_watch = AbsenceWatch(!options.accept_missing),
                  .governor = governor,
                  .report = report,
                  .progress = progress,
                  .listing = listing};
  const auto close = [&] {
    const auto took = std::chrono::steady_clock::now() - began;
    report.seconds = std::chrono::duration<double>(took).count();
    report.finished_at =
        now + std::chrono::floor<std::chrono::microseconds>(took);
    report.lease_lost = context.lease_lost;
    report.settle(options.tolerate_problems);
  };
  try {
    const StatusTeller teller(context);
    recount_unsettled(context);
    run_passes(context);
  } catch (...) {
    close();
    throw;
  }
  report.backlog = count_backlog(context);
  if (context.only_plans())
    report.not_eligible = count_not_eligible(context);
  close();
}

}  // namespace jobs
