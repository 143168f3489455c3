#include "jobs/batch_source.hpp"

#include <algorithm>
#include <iterator>
#include <tuple>

namespace jobs {

std::size_t lane_of(std::int64_t project_id, std::size_t lanes) {
  // Fibonacci hashing: ids of one project group often differ by a power of two.
  const auto mixed = static_cast<std::uint64_t>(project_id) *
                     std::uint64_t{0x9E3779B97F4A7C15};
  return static_cast<std::size_t>((mixed >> 32) % lanes);
}

void BatchCutter::fill(std::vector<db::Artifact> rows) {
  rows_ = std::move(rows);
  std::ranges::sort(rows_, {}, [this](const db::Artifact& row) {
    return std::tuple(lane_of(row.project_id, lanes_), row.project_id,
                      row.pipeline_id, row.id);
  });
  for (std::size_t begin = 0; begin < rows_.size();) {
    const std::size_t lane = lane_of(rows_[begin].project_id, lanes_);
    std::size_t end = begin;
    while (end < rows_.size() && lane_of(rows_[end].project_id, lanes_) == lane)
      ++end;
    left_.push_back({lane, begin, end});
    begin = end;
  }
}

std::shared_ptr<Batch> BatchCutter::next() {
  if (left_.empty())
    return nullptr;
  Stretch stretch = left_.front();
  left_.pop_front();
  const auto begin = rows_.begin() + static_cast<std::ptrdiff_t>(stretch.begin);
  const auto size = std::min<std::ptrdiff_t>(
      batch_size_, static_cast<std::ptrdiff_t>(stretch.end - stretch.begin));
  auto batch = std::make_shared<Batch>(
      stretch.lane,
      std::vector<db::Artifact>(std::make_move_iterator(begin),
                                std::make_move_iterator(begin + size)));
  stretch.begin += static_cast<std::size_t>(size);
  if (stretch.begin < stretch.end)
    left_.push_back(stretch);
  return batch;
}

std::shared_ptr<Batch> BatchSource::next() {
  return has_more() ? cutter_.next() : nullptr;
}

bool BatchSource::has_more() {
  if (!cutter_.is_empty())
    return true;
  std::vector<db::Artifact> rows = cutter_.take_storage();
  while (rows.size() < stretch) {
    std::vector<db::Artifact> page = pages_.next();
    if (page.empty())
      break;
    // A full first page will hardly be the last: no growing by copies.
    if (rows.empty() && page.size() >= PageSource::page_size)
      rows.reserve(stretch + PageSource::tie_page_size);
    std::ranges::move(page, std::back_inserter(rows));
  }
  cutter_.fill(std::move(rows));
  return !cutter_.is_empty();
}

}  // namespace jobs
