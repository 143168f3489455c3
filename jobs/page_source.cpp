#include "jobs/page_source.hpp"

#include "db/retry.hpp"
#include "jobs/halves.hpp"
#include "telemetry/fault_point.hpp"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <iterator>

namespace jobs {
namespace {

/// Those of \a ids that can still be destroyed and are as the plan has them.
std::vector<db::Artifact> named_rows(Context& context, telemetry::Pass pass,
                                     db::Selection selection,
                                     std::span<const std::int64_t> ids) {
  std::vector<db::Artifact> rows = db::with_retry([&] {
    return context.artifacts.rows(context.reading(pass), selection,
                                  context.horizon, {ids.begin(), ids.end()});
  });
  context.refuse_missing(pass, ids, rows);
  return rows;
}

}  // namespace

PageSource::PageSource(Context& context, telemetry::Pass pass,
                       db::Selection selection)
    : context_(context),
      pass_(pass),
      selection_(selection),
      slice_(context.horizon) {}

std::vector<db::Artifact> PageSource::next() {
  while (!exhausted_ && context_.may_go_on(pass_)) {
    std::vector<db::Artifact> rows =
        context_.named != nullptr ? next_named() : read();
    telemetry::fault_point("page.read");
    std::erase_if(
        rows, [this](const db::Artifact& row) { return !context_.takes(row); });
    if (!rows.empty())
      return rows;
  }
  return {};
}

std::vector<db::Artifact> PageSource::next_named() {
  const std::span<const std::int64_t> ids =
      std::span(context_.named->artifacts(selection_)).subspan(named_);
  const auto part =
      ids.first(std::min(static_cast<std::size_t>(page_size), ids.size()));
  std::vector<db::Artifact> rows;
  in_halves(
      part, [this] { return context_.must_stop(); },
      [&](std::span<const std::int64_t> half) {
        std::ranges::move(named_rows(context_, pass_, selection_, half),
                          std::back_inserter(rows));
      },
      [this](std::int64_t id, const db::Error& error) {
        context_.report.problem(
            {pass_, "ci_pipeline_artifacts", id, error.what()});
      });
  named_ += part.size();
  exhausted_ = part.size() == ids.size();
  return rows;
}

std::vector<db::Artifact> PageSource::read() {
  const std::int64_t limit = in_tie_ ? tie_page_size : page_size;
  try {
    std::vector<db::Artifact> rows = db::with_retry([&] {
      return context_.artifacts.page(context_.reading(pass_), selection_,
                                     after_, slice_.end(), limit);
    });
    advance(rows, limit);
    return rows;
  } catch (const db::Error& error) {
    if (!error.timed_out())
      throw;
    // At the deadline the session's own timeout has cut it; next() notices.
    if (!context_.deadline.passed() && !slice_.narrow(after_.expire_at))
      throw;
    spdlog::debug("a page timed out; looking up to {} first",
                  telemetry::format_timestamp(slice_.end()));
    return {};
  }
}

void PageSource::advance(const std::vector<db::Artifact>& rows,
                         std::int64_t limit) {
  const bool full = static_cast<std::int64_t>(rows.size()) == limit;
  if (full) {
    in_tie_ = rows.front().expire_at == rows.back().expire_at;
    after_ = {rows.back().expire_at, rows.back().id};
  } else if (slice_.reaches_horizon()) {
    exhausted_ = true;
  } else {
    in_tie_ = false;
    after_ = {slice_.end()};
    slice_.move_on();
  }
}

}  // namespace jobs
