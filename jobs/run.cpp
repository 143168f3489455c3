#include "jobs/run.hpp"

#include "db/health.hpp"
#include "db/retry.hpp"
#include "jobs/backlog.hpp"
#include "jobs/check.hpp"
#include "jobs/choices.hpp"
#include "jobs/not_eligible.hpp"
#include "jobs/settle_statistics.hpp"
#include "jobs/status_line.hpp"
#include "jobs/turns.hpp"

#include <fmt/format.h>

#include <chrono>

namespace jobs {
namespace {

using telemetry::Timestamp;

Timestamp horizon_of(const Options& options, Timestamp now) {
  if (options.horizon && *options.horizon > now)
    throw UsageError(fmt::format(
        "--horizon {} is later than the database's clock, {}; give one that "
        "has passed",
        telemetry::format_timestamp(*options.horizon),
        telemetry::format_timestamp(now)));
  return options.horizon.value_or(now) - options.grace;
}

}  // namespace

void run(Installation& installation, const std::atomic<bool>& stop,
         const Listing& listing, telemetry::Report& report,
         std::chrono::milliseconds lease_lifetime) {
  const Options& options = installation.options;
  const auto began = std::chrono::steady_clock::now();
  const telemetry::Deadline deadline(options.time_limit);
  const Timestamp now = db::with_retry(
      [&] { return db::now(installation.pool, installation.session()); });
  report.started_at = now;
  report.horizon = horizon_of(options, now);
  Governor governor(options);
  governor.look_back(installation.pool, installation.session());
  std::optional<PlannedRows> named;
  if (options.plan)
    named = read_plan(*options.plan, filter_of(options));
  db::with_retry(
      [&] { require_fitness(installation, named ? &*named : nullptr); });

  const db::PipelineArtifacts artifacts(installation.pool);
  const db::DeletedObjects queue(installation.pool);
  const db::Builds builds(
      installation.pool, statuses_to_drop(options, installation.catalog).value);
  const db::Traces traces(installation.pool);
  telemetry::Progress progress(options.progress);
  Context context{
      .options = options,
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
      .listing = listing,
      .read_catalog_again = [&] { return installation.read_catalog_again(); }};
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
    run_passes(context, lease_lifetime);
  } catch (...) {
    close();
    throw;
  }
  // A few small statements more, for which nobody is to wait.
  installation.pool.gate().limit(0);
  report.backlog = count_backlog(context);
  if (context.only_plans())
    report.not_eligible = count_not_eligible(context);
  close();
}

}  // namespace jobs
