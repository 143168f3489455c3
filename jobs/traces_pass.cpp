#include "jobs/traces_pass.hpp"

#include "db/retry.hpp"
#include "jobs/archive_store.hpp"
#include "jobs/choices.hpp"
#include "jobs/in_pace.hpp"
#include "jobs/trace_archiver.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <memory>
#include <optional>
#include <thread>

namespace jobs {
namespace {

using std::chrono::milliseconds;
using telemetry::Outcome;
using telemetry::Pass;
using LiveTraces = std::vector<db::LiveTrace>;

constexpr std::int64_t builds_a_step = 1000;
// A batch costs five statements; it holds its builds' locks meanwhile.
constexpr std::ptrdiff_t traces_a_batch = 16;

/// Walks over all builds that have chunks, and gives those that are due in
/// batches.  To be used by one thread at a time.
class DueTraces {
 public:
  explicit DueTraces(Context& context) : context_(context) {}

  std::shared_ptr<LiveTraces> next() {
    while (due_.empty() && !ended_ &&
           context_.governor.may_read_on(context_, Pass::traces))
      step();
    if (due_.empty() || !context_.may_go_on(Pass::traces))
      return nullptr;
    const auto end = due_.begin() + std::min(traces_a_batch, std::ssize(due_));
    auto batch = std::make_shared<LiveTraces>(due_.begin(), end);
    due_.erase(due_.begin(), end);
    return batch;
  }

  /// How long until the first of those that have not settled is due.
  [[nodiscard]] std::optional<milliseconds> wait() const { return wait_; }

 private:
  void step() {
    const db::TraceWalk walk = db::with_retry([&] {
      return context_.traces.walk(context_.reading(Pass::traces),
                                  trace_selection(context_.options), after_,
                                  builds_a_step);
    });
    for (const db::LiveTrace& trace : walk.traces)
      if (trace.due_in.count() <= 0)
        due_.push_back(trace);
      else
        wait_ = std::min(wait_.value_or(trace.due_in), trace.due_in);
    ended_ = !walk.last.has_value();
    after_ = walk.last.value_or(after_);
  }

  Context& context_;
  std::int64_t after_ = 0;
  bool ended_ = false;
  LiveTraces due_;
  std::optional<milliseconds> wait_;
};

/// One walk: \return how long to wait for those that have not settled.
std::optional<milliseconds> archive_due(Context& context,
                                        std::int64_t file_store) {
  DueTraces traces(context);
  stores::Store* const store = context.stores.find(file_store);
  // What was held in an earlier walk may be free now.
  context.report.pass(Pass::traces).skipped = 0;
  in_pace<LiveTraces>(
      context, Pass::traces,
      [&]() -> std::shared_ptr<LiveTraces> {
        auto batch = traces.next();
        if (!batch || store != nullptr)
          return batch;
        context.report.pass(Pass::traces)
            .end(Outcome::partial,
                 no_archive_store(context.options, file_store));
        return nullptr;
      },
      [&](const LiveTraces& batch) {
        TraceArchiver(context, *store, file_store).archive(batch);
      });
  return traces.wait();
}

/// Sleep until the first trace is due, unless the time won't last.
/// \return false then.
bool settles_in_time(Context& context, milliseconds wait) {
  if (context.only_plans() || context.deadline.at_most(wait) < wait) {
    context.report.pass(Pass::traces)
        .end(
            Outcome::budget_exhausted,
            fmt::format("traces still settle, the first for {} s more; a "
                        "later run archives them",
                        std::chrono::ceil<std::chrono::seconds>(wait).count()));
    return false;
  }
  const auto until = std::chrono::steady_clock::now() + wait;
  while (!context.must_stop() && std::chrono::steady_clock::now() < until)
    std::this_thread::sleep_for(milliseconds{50});
  return context.may_go_on(Pass::traces);
}

}  // namespace

db::TraceSelection trace_selection(const Options& options) {
  return {.settle = options.trace_settle,
          .stale = options.stale_traces,
          .projects = {options.projects, options.except_projects,
                       shard_of(options)}};
}

void run_traces_pass(Context& context) {
  telemetry::PassReport& report = context.report.pass(Pass::traces);
  if (!context.catalog.has_builds()) {
    report.end(Outcome::unsupported);
    return;
  }
  const std::int64_t file_store =
      archive_store(context.options, context.stores, context.traces,
                    context.reading(Pass::traces));
  for (;;) {
    const auto wait = archive_due(context, file_store);
    if (!wait || report.outcome == Outcome::partial ||
        !context.may_go_on(Pass::traces) || !settles_in_time(context, *wait))
      break;
  }
  if (report.skipped > 0)
    report.end(Outcome::throttled,
               fmt::format("{} traces were held, or moved again and again, by "
                           "other sessions",
                           report.skipped.load()));
  report.end(Outcome::drained);
}

std::int64_t count_traces(const Context& context, const db::Session& session,
                          std::int64_t limit) {
  std::int64_t count = 0;
  std::optional<std::int64_t> after = 0;
  while (after && count < limit) {
    const db::TraceWalk walk = context.traces.walk(
        session, trace_selection(context.options), *after, builds_a_step);
    count += std::ssize(walk.traces);
    after = walk.last;
  }
  return std::min(count, limit);
}

}  // namespace jobs
