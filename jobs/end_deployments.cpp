#include "jobs/end_deployments.hpp"

#include "db/deployments.hpp"
#include "db/retry.hpp"
#include "telemetry/fault_point.hpp"

#include <spdlog/spdlog.h>

namespace jobs {
namespace {

using telemetry::Pass;

constexpr std::int64_t jobs_a_step = 1000;

bool are_elsewhere(const Context& context) {
  return context.main != nullptr && context.main->catalog.serves("deployments");
}

void fail_all(const Context& context, const std::vector<std::int64_t>& jobs) {
  const db::Session session =
      context.in_main(context.writing(Pass::builds).without_deadline());
  db::with_retry(
      [&] { db::fail_deployments(context.main_pool(), session, jobs); });
}

}  // namespace

void end_deployments(const Context& context,
                     const std::vector<std::int64_t>& jobs) {
  if (!are_elsewhere(context) || jobs.empty())
    return;
  telemetry::fault_point("builds.before_deployments");
  try {
    fail_all(context, jobs);
  } catch (const db::Error& error) {
    spdlog::warn(
        "{}; the deployments of {} dropped jobs are left to the next "
        "run",
        error.what(), jobs.size());
  }
}

void end_left_deployments(const Context& context,
                          const std::vector<std::int64_t>& users) {
  if (!are_elsewhere(context) || context.only_plans())
    return;
  const db::Session reading = context.reading(Pass::builds);
  std::vector<std::int64_t> deploying;
  std::int64_t after = 0;
  do {
    deploying = db::with_retry([&] {
      return db::deploying_jobs(context.main_pool(), context.in_main(reading),
                                context.main->catalog, users, after,
                                jobs_a_step);
    });
    if (deploying.empty())
      return;
    after = deploying.back();
    const auto dropped = db::with_retry(
        [&] { return db::dropped_jobs(context.pool, reading, deploying); });
    if (!dropped.empty())
      fail_all(context, dropped);
  } while (std::ssize(deploying) == jobs_a_step && !context.must_stop());
}

}  // namespace jobs
