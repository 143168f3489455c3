#include "jobs/turns.hpp"

#include "jobs/fair_shares.hpp"
#include "jobs/run_pass.hpp"

#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace jobs {
namespace {

using telemetry::Outcome;
using telemetry::Pass;

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

/// GitLab's lease, while a pass wants it.
class PassesLease {
 public:
  PassesLease(Context& context, std::chrono::milliseconds lifetime)
      : context_(context), lifetime_(lifetime) {}

  void take() {
    lease_.emplace(context_.redis.shared_state(), context_.options,
                   context_.stop, context_.lease_lost, lifetime_);
  }

  /// Held from one pass that wants it to the next.
  void mind(Pass pass) {
    if (!wants_lease(pass, context_))
      lease_.reset();
    else if (!lease_ && !context_.only_plans())
      take();
  }

 private:
  Context& context_;
  const std::chrono::milliseconds lifetime_;
  std::optional<ArtifactsLease> lease_;
};

using Turns = std::vector<Pass>;

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
                 const FairShares& shares, PassesLease& lease) {
  Turns cut_short;
  for (std::size_t i = 0; i < passes.size(); ++i) {
    const Pass pass = passes[i];
    context.deadline = shares.before(passes.size() - 1 - i + after);
    context.governor.begin_pass();  // why another gave up is not about this one
    if (context.absence_watch.tripped() || !context.may_go_on(pass))
      continue;
    telemetry::PassReport& report = context.report.pass(pass);
    const Outcome earlier = std::exchange(report.outcome, Outcome::skipped);
    const std::string reason = std::exchange(report.reason, {});
    report.skipped = 0;
    lease.mind(pass);
    run_pass(pass, context);
    if (report.outcome == Outcome::budget_exhausted)
      report.end(earlier, reason);  // why it has come no further
    if (may_come_again(context, shares, pass))
      cut_short.push_back(pass);
  }
  return cut_short;
}

}  // namespace

void run_passes(Context& context, std::chrono::milliseconds lease_lifetime) {
  PassesLease lease(context, lease_lifetime);
  if (context.options.exclusive)
    lease.take();
  Turns first;
  Turns last;
  for (const Pass pass : telemetry::all_passes)
    if (is_wanted(pass, context))
      (pass == Pass::traces ? last : first).push_back(pass);

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

}  // namespace jobs
