#include "jobs/tie_walk.hpp"

#include "db/retry.hpp"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <chrono>

namespace jobs {
namespace {

using std::chrono::milliseconds;

/// Where nothing has been for long, a window takes a fraction of a millisecond;
/// behind it there may be rows for each id again, 0.2 us each.
constexpr std::uint64_t widest = 500000;

/// From \a first to \a last: a difference of any two fits into 64 bits.
std::uint64_t distance(db::IdRange ids) {
  return static_cast<std::uint64_t>(ids.last) -
         static_cast<std::uint64_t>(ids.first);
}

}  // namespace

TieWalk::TieWalk(Context& context, telemetry::Pass pass,
                 db::Selection selection, telemetry::Timestamp moment,
                 db::IdRange ids)
    : context_(context),
      pass_(pass),
      selection_(selection),
      moment_(moment),
      left_(ids) {}

std::vector<db::Artifact> TieWalk::next() {
  const Stopwatch watch;
  const std::int64_t to = end();
  std::vector<db::Artifact> rows;
  try {
    rows = db::with_retry([&] {
      return context_.artifacts.walk(context_.reading(pass_), selection_,
                                     moment_, {left_.first, to}, most_rows);
    });
  } catch (const db::Error& error) {
    // At the deadline the session's own timeout has cut it.
    if (!error.timed_out() || (width_ == 1 && !context_.deadline.passed()))
      throw;
    narrow();
    return {};
  }
  const bool full = static_cast<std::int64_t>(rows.size()) == most_rows;
  pass_by(full ? rows.back().id : to);
  fit(watch.time());
  return rows;
}

/// The last id of the next window.
std::int64_t TieWalk::end() const {
  return distance(left_) < width_
             ? left_.last
             : left_.first + static_cast<std::int64_t>(width_ - 1);
}

void TieWalk::pass_by(std::int64_t end) {
  done_ = end == left_.last;
  if (!done_)
    left_.first = end + 1;
}

void TieWalk::fit(std::chrono::steady_clock::duration took) {
  if (took < milliseconds{5})
    width_ = std::min(2 * width_, widest);
  else if (took > milliseconds{20})
    width_ = std::max<std::uint64_t>(1, width_ / 2);
}

void TieWalk::narrow() {
  width_ = std::max<std::uint64_t>(1, width_ / 8);
  spdlog::debug("a window of ids timed out; looking at {} next", width_);
}

}  // namespace jobs
