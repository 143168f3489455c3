#include "jobs/unlocked_pass.hpp"

#include "jobs/batch_source.hpp"
#include "jobs/destroyer.hpp"
#include "jobs/in_pace.hpp"

#include <memory>

namespace jobs {
namespace {

using telemetry::Outcome;
using telemetry::Pass;

void destroy_all(Context& context, BatchSource& batches, Destroyer& destroyer) {
  in_pace<Batch>(
      context, Pass::unlocked,
      [&]() -> std::shared_ptr<Batch> {
        batches.limit_to(context.governor.batch_size());
        return context.destroy_budget.is_spent() ? nullptr : batches.next();
      },
      [&](Batch& batch) { destroyer.destroy(std::move(batch)); });
}

}  // namespace

void run_unlocked_pass(Context& context) {
  telemetry::PassReport& report = context.report.pass(Pass::unlocked);
  if (!context.catalog.has_lock_column()) {
    report.end(Outcome::unsupported,
               "artifacts don't say whether they are locked (before 15.4)");
    return;
  }
  PageSource pages(context, Pass::unlocked, db::Selection::unlocked);
  Destroyer destroyer(context, Pass::unlocked, db::Selection::unlocked);
  BatchSource batches(pages, destroyer.lanes(), context.options.batch_size);

  // Again, if rows that had been granted gave their place back.
  do {
    destroy_all(context, batches, destroyer);
    destroyer.try_again();
  } while (context.may_go_on(Pass::unlocked) &&
           !context.destroy_budget.is_spent() && batches.has_more());

  const bool spent = context.destroy_budget.is_spent() && batches.has_more();
  if (spent || destroyer.was_denied())
    report.end(Outcome::budget_exhausted, "--max-destroy was reached");
  report.end(Outcome::drained);
}

}  // namespace jobs
