#include "jobs/batch_source.hpp"

#include <algorithm>
#include <iterator>
#include <tuple>

namespace jobs {
namespace {

using Rows = std::vector<db::Artifact>;

void sort_by_project(Rows& rows) {
  std::ranges::sort(rows, {}, [](const db::Artifact& row) {
    return std::tuple(row.project_id, row.pipeline_id, row.id);
  });
}

/// Take the last \a size rows off \a rows.
Rows take(Rows& rows, std::size_t size) {
  const auto from =
      rows.end() - static_cast<std::ptrdiff_t>(std::min(size, rows.size()));
  Rows taken(std::make_move_iterator(from),
             std::make_move_iterator(rows.end()));
  rows.erase(from, rows.end());
  return taken;
}

}  // namespace

std::size_t lane_of(std::int64_t project_id, std::size_t lanes) {
  // Fibonacci hashing: ids of one project group often differ by a power of two.
  const auto mixed = static_cast<std::uint64_t>(project_id) *
                     std::uint64_t{0x9E3779B97F4A7C15};
  return static_cast<std::size_t>((mixed >> 32) % lanes);
}

std::deque<std::shared_ptr<Batch>> cut_into_batches(Rows rows,
                                                    std::size_t lanes,
                                                    std::int64_t batch_size) {
  std::vector<Rows> by_lane(lanes);
  for (db::Artifact& row : rows)
    by_lane[lane_of(row.project_id, lanes)].push_back(std::move(row));
  for (Rows& lane : by_lane)
    sort_by_project(lane);

  std::deque<std::shared_ptr<Batch>> batches;
  const auto holds_rows = [](const Rows& lane) { return !lane.empty(); };
  while (std::ranges::any_of(by_lane, holds_rows))
    for (std::size_t lane = 0; lane < lanes; ++lane)
      if (!by_lane[lane].empty())
        batches.push_back(std::make_shared<Batch>(
            lane, take(by_lane[lane], static_cast<std::size_t>(batch_size))));
  return batches;
}

std::shared_ptr<Batch> BatchSource::next() {
  if (!has_more())
    return nullptr;
  std::shared_ptr<Batch> batch = std::move(ready_.front());
  ready_.pop_front();
  return batch;
}

bool BatchSource::has_more() {
  if (ready_.empty())
    ready_ = cut_into_batches(pages_.next(), lanes_, batch_size_);
  return !ready_.empty();
}

}  // namespace jobs
