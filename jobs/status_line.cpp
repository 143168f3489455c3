#include "jobs/status_line.hpp"

#include "jobs/builds_pass.hpp"
#include "jobs/objects_pass.hpp"
#include "jobs/signals.hpp"
#include "jobs/traces_pass.hpp"
#include "telemetry/readable.hpp"
#include "telemetry/standard_error.hpp"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <cmath>
#include <condition_variable>
#include <mutex>

namespace jobs {
namespace {

using telemetry::grouped;
using telemetry::Pass;
using telemetry::ProgressState;

constexpr std::chrono::milliseconds between_requests{50};
constexpr std::int64_t most_counted = 10'000'000;

db::Session asking(const Context& context) {
  db::Session session = context.counting("status");
  session.deadline = telemetry::Deadline(std::chrono::seconds{1});
  return session;
}

std::optional<std::int64_t> expected_left(const ProgressState& state) {
  if (state.expected == 0)
    return std::nullopt;
  return state.expected - state.done;
}

/// What a pass has before it, as the database has it now.  The legacy pass
/// looks at rows that stay where they are, so that no count tells.
std::optional<std::int64_t> count_left(const Context& context,
                                       const ProgressState& state) {
  const db::Session session = asking(context);
  if (context.named != nullptr && state.what == name_of(Pass::unlocked))
    return std::ssize(context.named->artifacts(db::Selection::unlocked)) -
           state.done;
  if (context.named != nullptr && state.what == name_of(Pass::builds))
    return context.named->jobs() - state.done;
  if (state.what == name_of(Pass::unlocked))
    return std::min(context.artifacts
                        .count_unlocked(session, context.horizon,
                                        context.filter, most_counted)
                        .rows,
                    context.destroy_budget.left());
  if (state.what == name_of(Pass::builds))
    return std::min(count_builds(context, session, most_counted),
                    context.drop_budget.left());
  if (state.what == name_of(Pass::objects))
    return context.queue.count_due(session, served_stores(context),
                                   most_counted, context.shard());
  if (state.what == name_of(Pass::traces))
    return count_traces(context, session, most_counted);
  return expected_left(state);
}

std::optional<std::int64_t> rows_left(const Context& context,
                                      const ProgressState& state) {
  if (context.only_plans())
    return expected_left(state);
  try {
    return count_left(context, state);
  } catch (const std::exception& error) {
    spdlog::debug("{}: not counted", error.what());
    return expected_left(state);
  }
}

void tell_status(Context& context) {
  std::optional<ProgressState> state = context.progress.state();
  if (!state) {
    telemetry::print_line("between two passes");
    return;
  }
  const auto left = [&] {
    const std::lock_guard lock(context.catalog_mutex);
    return rows_left(context, *state);
  }();
  // Counting took a moment, in which the pass went on.
  state = context.progress.state().value_or(*state);
  telemetry::print_line(
      status_line(*state, context.governor.held_back(), left));
}

/// Nobody calls it but the end: a run that is over has not to sit out a pause.
void wait_for_request(const std::stop_token& ending) {
  std::mutex mutex;
  std::unique_lock lock(mutex);
  std::condition_variable_any().wait_for(lock, ending, between_requests,
                                         [] { return false; });
}

std::string to_go(double rate, std::optional<std::int64_t> left) {
  if (!left || rate <= 0)
    return ", time to go unknown";
  const auto whole = static_cast<std::int64_t>(
      std::llround(static_cast<double>(*left) / rate));
  return fmt::format(", {}:{:02}:{:02} to go", whole / 3600, whole / 60 % 60,
                     whole % 60);
}

}  // namespace

std::string status_line(const ProgressState& state,
                        std::chrono::duration<double> held_back,
                        std::optional<std::int64_t> left) {
  const double at_work = (state.elapsed - held_back).count();
  const double rate =
      at_work > 0 ? static_cast<double>(state.done) / at_work : 0;
  if (left)
    left = std::max<std::int64_t>(0, *left);
  return fmt::format("{}: {} done, {} left, {}/s{}",
                     telemetry::escaped(state.what), grouped(state.done),
                     left ? grouped(*left) : "an unknown number",
                     grouped(static_cast<std::int64_t>(std::llround(rate))),
                     to_go(rate, left));
}

StatusTeller::StatusTeller(Context& context)
    : thread_([&context](const std::stop_token& stop) {
        unsigned answered = status_requests();
        while (!stop.stop_requested()) {
          wait_for_request(stop);
          const unsigned asked = status_requests();
          if (asked != answered)
            tell_status(context);
          answered = asked;
        }
      }) {}

}  // namespace jobs
