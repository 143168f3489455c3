#include "jobs/page_source.hpp"

#include "db/retry.hpp"
#include "jobs/halves.hpp"
#include "telemetry/fault_point.hpp"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <chrono>
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

/// The first moment after \a moment.
telemetry::Timestamp next_moment(telemetry::Timestamp moment) {
  // PostgreSQL's first one after -infinity.
  constexpr std::chrono::sys_days first = std::chrono::year{-4713} / 11 / 24;
  return moment == telemetry::Timestamp::min()
             ? first
             : moment + std::chrono::microseconds{1};
}

}  // namespace

PageSource::PageSource(Context& context, telemetry::Pass pass,
                       db::Selection selection)
    : context_(context),
      pass_(pass),
      selection_(selection),
      slice_(context.horizon) {}

std::vector<db::Artifact> PageSource::next() {
  while (!exhausted_ && context_.governor.may_read_on(context_, pass_)) {
    std::vector<db::Artifact> rows = next_page();
    std::erase_if(
        rows, [this](const db::Artifact& row) { return !context_.takes(row); });
    hold_back(rows);
    if (!rows.empty())
      return rows;
  }
  return exhausted_ ? give_back() : std::vector<db::Artifact>{};
}

std::vector<db::Artifact> PageSource::next_page() {
  std::vector<db::Artifact> rows =
      context_.named != nullptr ? next_named() : read();
  telemetry::fault_point("page.read");
  return rows;
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
  if (walk_)
    return walk_tie();
  return in_tie_ ? read_tie() : read_page();
}

std::vector<db::Artifact> PageSource::fetch(telemetry::Timestamp before,
                                            std::int64_t limit) {
  return db::with_retry([&] {
    return context_.artifacts.page(context_.reading(pass_), selection_, from_,
                                   before, limit);
  });
}

std::vector<db::Artifact> PageSource::read_page() {
  try {
    std::vector<db::Artifact> rows = fetch(slice_.end(), page_size);
    advance(rows);
    return rows;
  } catch (const db::Error& error) {
    if (!error.timed_out())
      throw;
    // At the deadline the session's own timeout has cut it; next() notices.
    if (!context_.deadline.passed() && !slice_.narrow(from_))
      throw;
    spdlog::debug("a page timed out; looking up to {} first",
                  telemetry::format_timestamp(slice_.end()));
    return {};
  }
}

/// Go on behind \a rows, and take those away that will come again.
void PageSource::advance(std::vector<db::Artifact>& rows) {
  if (static_cast<std::int64_t>(rows.size()) == page_size) {
    from_ = rows.back().expire_at;
    in_tie_ = rows.front().expire_at == from_;
    std::erase_if(rows, [this](const db::Artifact& row) {
      return row.expire_at == from_;
    });
  } else if (slice_.reaches_horizon()) {
    exhausted_ = true;
  } else {
    from_ = slice_.end();
    slice_.move_on();
  }
}

std::vector<db::Artifact> PageSource::read_tie() {
  try {
    std::vector<db::Artifact> rows = fetch(next_moment(from_), largest_page);
    if (static_cast<std::int64_t>(rows.size()) < largest_page) {
      leave_tie();
      return rows;
    }
  } catch (const db::Error& error) {
    if (!error.timed_out())
      throw;
  }
  // At the deadline there is no time left for it.
  if (context_.may_go_on(pass_))
    begin_walk();
  return {};
}

void PageSource::begin_walk() {
  if (const auto ids = ids_of_tie())
    walk_.emplace(context_, pass_, selection_, from_, *ids);
  else
    leave_tie();
}

/// Those of the whole table, where its own can't be had within a second.  What
/// a script has given one moment lies together mostly.
std::optional<db::IdRange> PageSource::ids_of_tie() {
  const db::PipelineArtifacts& artifacts = context_.artifacts;
  try {
    return db::with_retry([&] {
      return artifacts.id_range(context_.counting(telemetry::name_of(pass_)),
                                selection_, from_);
    });
  } catch (const db::Error& error) {
    if (!error.timed_out())
      throw;
  }
  return db::with_retry(
      [&] { return artifacts.id_range(context_.reading(pass_)); });
}

std::vector<db::Artifact> PageSource::walk_tie() {
  std::vector<db::Artifact> rows = walk_->next();
  if (walk_->is_done())
    leave_tie();
  return rows;
}

void PageSource::leave_tie() {
  walk_.reset();
  in_tie_ = false;
  from_ = next_moment(from_);
}

/// Who is there when the first page has been read is whom the edge is kept for.
void PageSource::hold_back(std::vector<db::Artifact>& rows) {
  const Governor& governor = context_.governor;
  if (!edge_)
    edge_.emplace(pass_ == telemetry::Pass::unlocked &&
                      context_.named == nullptr && governor.is_courteous(),
                  governor.dead_rows("ci_pipeline_artifacts"));
  edge_->hold_back(rows);
  handed_out_ += static_cast<std::int64_t>(rows.size());
  tell_kept();
}

/// At any moment, for the run may end at any.
void PageSource::tell_kept() {
  const std::int64_t most = context_.options.max_destroy.value_or(handed_out_);
  context_.report.pass(pass_).kept =
      edge_->is_needed(std::min(handed_out_, most))
          ? static_cast<std::int64_t>(edge_->size())
          : 0;
}

/// After all else: the edge, unless it is kept.
std::vector<db::Artifact> PageSource::give_back() {
  std::atomic<std::int64_t>& kept = context_.report.pass(pass_).kept;
  const bool is_kept = kept > 0 && context_.governor.is_courteous();
  if (!edge_ || edge_->size() == 0 || is_kept || !context_.may_go_on(pass_))
    return {};
  kept = 0;
  return edge_->give_back();
}

}  // namespace jobs
