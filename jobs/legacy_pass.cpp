#include "jobs/legacy_pass.hpp"

#include "jobs/batch_source.hpp"
#include "jobs/destroyer.hpp"
#include "jobs/in_pace.hpp"
#include "jobs/window.hpp"

#include <algorithm>
#include <memory>

namespace jobs {
namespace {

using telemetry::Outcome;
using telemetry::Pass;

using Window = std::vector<db::Artifact>;

/// Pages cut into windows, each in the order of its pipelines, so that the
/// primary key is probed from left to right.  Rows that say they are unlocked
/// belong to the first pass.
class WindowSource {
 public:
  WindowSource(Context& context, PageSource& pages)
      : context_(context), pages_(pages) {}

  /// \return null at the end, and when the pass must stop.
  std::shared_ptr<Window> next() { return has_more() ? cut() : nullptr; }

  /// There is something left to look at; may have to read pages to know.
  bool has_more() {
    while (page_.empty() && !pages_.is_exhausted())
      if (!read_page())
        break;
    return !page_.empty();
  }

 private:
  /// \return false if there was none.
  bool read_page() {
    page_ = pages_.next();
    if (page_.empty())
      return false;
    std::erase_if(
        page_, [this](const db::Artifact& row) { return !concerns_us(row); });
    std::ranges::sort(page_, std::ranges::greater{},
                      &db::Artifact::pipeline_id);
    const auto rows = static_cast<std::int64_t>(page_.size());
    context_.report.pass(Pass::legacy).scanned += rows;
    context_.progress.advance(rows);
    return true;
  }

  [[nodiscard]] bool concerns_us(const db::Artifact& row) const {
    // A plan may have listed what has become sure of its state since.
    if (context_.named != nullptr)
      return true;
    return context_.options.trust_lock_state
               ? row.locked == db::LockState::unknown
               : row.locked != db::LockState::unlocked;
  }

  std::shared_ptr<Window> cut() {
    auto window = std::make_shared<Window>();
    const auto size = static_cast<std::size_t>(context_.governor.window_size());
    while (!page_.empty() && window->size() < size) {
      window->push_back(std::move(page_.back()));
      page_.pop_back();
    }
    return window;
  }

  Context& context_;
  PageSource& pages_;
  Window page_;
};

void work_on(Context& context, Destroyer& destroyer, const Window& rows) {
  const JudgedWindow window = judge_window(context, rows);
  BatchCutter cutter(destroyer.lanes(), context.governor.batch_size());
  cutter.add(window.unlocked);
  cutter.arrange();
  while (const auto batch = cutter.next())
    destroyer.destroy(std::move(*batch));
  resolve_states(context, window.unresolved);
}

void work_on_all(Context& context, WindowSource& windows,
                 Destroyer& destroyer) {
  in_pace<Window>(
      context, Pass::legacy,
      [&]() -> std::shared_ptr<Window> {
        return context.destroy_budget.is_spent() ? nullptr : windows.next();
      },
      [&](const Window& rows) { work_on(context, destroyer, rows); });
}

}  // namespace

void run_legacy_pass(Context& context) {
  telemetry::PassReport& report = context.report.pass(Pass::legacy);
  PageSource pages(context, Pass::legacy, db::Selection::legacy);
  Destroyer destroyer(context, Pass::legacy, db::Selection::legacy);
  WindowSource windows(context, pages);

  do {
    work_on_all(context, windows, destroyer);
    destroyer.try_again();
  } while (context.may_go_on(Pass::legacy) &&
           !context.destroy_budget.is_spent() && windows.has_more());

  const bool spent = context.destroy_budget.is_spent() && windows.has_more();
  if (spent || destroyer.was_denied())
    report.end(Outcome::budget_exhausted, "--max-destroy was reached");
  report.end(Outcome::drained);
}

}  // namespace jobs
