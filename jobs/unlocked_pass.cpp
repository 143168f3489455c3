#include "jobs/unlocked_pass.hpp"

#include "jobs/batch_source.hpp"
#include "jobs/destroyer.hpp"

#include <tbb/parallel_pipeline.h>

#include <memory>

namespace jobs {
namespace {

using telemetry::Outcome;
using telemetry::Pass;

/// A plan is listed in the order in which a run with one worker would go.
std::size_t tokens_of(const Context& context) {
  return context.only_plans() ? 1 : context.options.concurrency;
}

void destroy_all(Context& context, BatchSource& batches,
                 Destroyer& destroyer) {
  using Token = std::shared_ptr<Batch>;
  tbb::parallel_pipeline(
      tokens_of(context),
      tbb::make_filter<void, Token>(
          tbb::filter_mode::serial_in_order,
          [&](tbb::flow_control& flow) -> Token {
            const bool goes_on = context.may_go_on(Pass::unlocked) &&
                                 !context.destroy_budget.is_spent();
            Token batch = goes_on ? batches.next() : nullptr;
            if (!batch)
              flow.stop();
            return batch;
          }) &
          tbb::make_filter<Token, void>(
              tbb::filter_mode::parallel, [&](const Token& batch) {
                destroyer.destroy(std::move(*batch));
              }));
}

}  // namespace

void run_unlocked_pass(Context& context) {
  telemetry::PassReport& report = context.report.pass(Pass::unlocked);
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
