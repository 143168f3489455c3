#include "jobs/second_try.hpp"

#include "db/pipelines.hpp"
#include "db/retry.hpp"
#include "jobs/halves.hpp"

#include <algorithm>
#include <utility>

namespace jobs {

void SecondTry::add(std::int64_t id) {
  const std::lock_guard lock(mutex_);
  if (ids_.size() < most)
    ids_.push_back(id);
  else
    overflowed_ = true;
}

void SecondTry::visit(
    const std::function<void(std::vector<db::Artifact>)>& take) {
  const std::vector<std::int64_t> ids = std::exchange(ids_, {});
  const auto window = static_cast<std::size_t>(context_.options.window_size);
  std::span<const std::int64_t> left = ids;
  while (!left.empty() && !context_.must_stop()) {
    const auto part = left.first(std::min(window, left.size()));
    left = left.subspan(part.size());
    in_halves(
        part, [&] { return context_.must_stop(); },
        [&](std::span<const std::int64_t> half) { take(eligible(half)); },
        [&](std::int64_t id, const db::Error&) { add(id); });
  }
}

std::vector<db::Artifact> SecondTry::eligible(
    std::span<const std::int64_t> ids) {
  std::vector<db::Artifact> rows = db::with_retry([&] {
    return context_.artifacts.rows(context_.reading(pass_), selection_,
                                   context_.horizon, {ids.begin(), ids.end()});
  });
  if (context_.named != nullptr)
    context_.refuse_missing(pass_, ids, rows);
  if (selection_ == db::Selection::unlocked || rows.empty())
    return rows;

  db::Located pipelines;
  for (const db::Artifact& row : rows)
    pipelines.add(row.pipeline_id, row.partition_id);
  const db::PipelineLocks locks = db::with_retry([&] {
    return db::look_up_locks(context_.pool, context_.reading(pass_), pipelines);
  });
  std::erase_if(rows, [&, this](const db::Artifact& row) {
    const bool locked =
        !std::ranges::binary_search(locks.unlocked, row.pipeline_id);
    if (locked && context_.named != nullptr)
      context_.refuse(pass_, row.id, "its pipeline is not unlocked any more");
    return locked;
  });
  return rows;
}

}  // namespace jobs
