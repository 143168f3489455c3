#include "jobs/batch_source.hpp"

#include <algorithm>
#include <functional>
#include <iterator>
#include <tuple>
#include <utility>

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
    const std::int64_t project = rows_[begin].project_id;
    std::size_t end = begin;
    while (end < rows_.size() && rows_[end].project_id == project)
      ++end;
    add_project(lane_of(project, lanes_), {begin, end});
    begin = end;
  }
  for (Lane& lane : left_)
    std::ranges::sort(lane.projects, std::greater(),
                      [](const Stretch& project) {
                        return std::pair(project.size(), project.begin);
                      });
}

void BatchCutter::add_project(std::size_t lane, Stretch project) {
  if (left_.empty() || left_.back().number != lane)
    left_.push_back({lane, {}});
  left_.back().projects.push_back(project);
}

std::shared_ptr<Batch> BatchCutter::next() {
  if (left_.empty())
    return nullptr;
  Lane lane = std::move(left_.front());
  left_.pop_front();
  auto batch = std::make_shared<Batch>(Batch{lane.number, cut(lane)});
  if (!lane.projects.empty())
    left_.push_back(std::move(lane));
  return batch;
}

/// The next rows of a lane, a batch at most.
std::vector<db::Artifact> BatchCutter::cut(Lane& lane) {
  std::vector<db::Artifact> rows;
  auto room = static_cast<std::size_t>(batch_size_);
  rows.reserve(std::min(room, rows_.size()));
  while (room > 0 && !lane.projects.empty()) {
    Stretch& project = lane.projects.back();
    const std::size_t end = project.begin + std::min(room, project.size());
    room -= end - project.begin;
    for (; project.begin < end; ++project.begin)
      rows.push_back(std::move(rows_[project.begin]));
    if (project.size() == 0)
      lane.projects.pop_back();
  }
  return rows;
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
    // No growing by copies; what is not used of it is no memory.
    if (rows.empty())
      rows.reserve(stretch + PageSource::largest_page);
    std::ranges::move(page, std::back_inserter(rows));
  }
  cutter_.fill(std::move(rows));
  return !cutter_.is_empty();
}

}  // namespace jobs
