#include "jobs/standby_wait.hpp"

#include "db/replication.hpp"
#include "db/retry.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <thread>

namespace jobs {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

// A standby that keeps up has a commit within a few milliseconds.
constexpr milliseconds first_pause{2};
constexpr milliseconds longest_pause{100};
/// So long the wait goes on where the pass has been told to stop: work in hand
/// is finished, and a standby that keeps up is not given up for it.
constexpr milliseconds patience_at_the_end{250};

void raise_to(std::atomic<std::int64_t>& place, std::int64_t seen) {
  std::int64_t known = place;
  while (known < seen && !place.compare_exchange_weak(known, seen)) {
  }
}

db::WalProgress look_at_standbys(Context& context, telemetry::Pass pass) {
  const db::WalProgress progress = db::with_retry([&] {
    return db::read_wal_progress(context.pool,
                                 context.reading(pass).without_deadline(),
                                 context.options.wait_for_standby);
  });
  // A pooler may have gone over to another server behind our back.
  if (progress.timeline != context.pool.timeline())
    throw db::FailedOver("replication.progress", "",
                         "the database was failed over during this run; run "
                         "again");
  raise_to(context.flushed_by_standbys,
           progress.flushed_by_standbys.value_or(0));
  return progress;
}

bool is_too_late(const Context& context, steady_clock::time_point began) {
  const auto waited = steady_clock::now() - began;
  return waited >= context.options.statement_timeout ||
         (waited >= patience_at_the_end && context.must_stop());
}

}  // namespace

void await_standbys(Context& context, telemetry::Pass pass) {
  if (context.options.wait_for_standby == 0)
    return;
  const auto began = steady_clock::now();
  const std::int64_t committed = look_at_standbys(context, pass).flushed;
  for (milliseconds pause = first_pause;
       context.flushed_by_standbys < committed;
       pause = std::min(2 * pause, longest_pause)) {
    if (is_too_late(context, began))
      throw StandbysBehind(fmt::format(
          "--wait-for-standby {}: not so many standbys have flushed what was "
          "committed, so it is left to a later run to remove what they may "
          "still name; look at pg_stat_replication",
          context.options.wait_for_standby));
    std::this_thread::sleep_for(pause);
    if (context.flushed_by_standbys < committed)
      look_at_standbys(context, pass);
  }
}

}  // namespace jobs
