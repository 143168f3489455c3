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

void BatchCutter::clear() {
  rows_.clear();
  kinds_.clear();
  numbered_.clear();
  last_kind_ = nullptr;
  bytes_of_kinds_ = 0;
}

void BatchCutter::add(const std::vector<db::Artifact>& rows) {
  for (const db::Artifact& row : rows)
    rows_.push_back({row.id, row.project_id, row.pipeline_id,
                     static_cast<std::uint32_t>(row.size),
                     kind_of(row).second.number});
}

const BatchCutter::Kinds::value_type& BatchCutter::kind_of(
    const db::Artifact& row) {
  // Most rows are of the same kind as the one before.
  if (last_kind_ && is_of(last_kind_->first, row))
    return *last_kind_;
  const auto number = static_cast<std::uint32_t>(numbered_.size());
  const auto [found, is_new] = kinds_.try_emplace(
      {row.partition_id, row.file_store, row.locked, row.size >> 32, row.file},
      Known{row.file, number});
  last_kind_ = &*found;
  if (is_new) {
    numbered_.push_back(last_kind_);
    bytes_of_kinds_ += sizeof(Kinds::value_type) + 2 * found->first.file.size();
  }
  return *last_kind_;
}

bool BatchCutter::is_of(const Kind& kind, const db::Artifact& row) {
  const std::string& file = row.file;
  return kind.partition_id == row.partition_id &&
         kind.file_store == row.file_store && kind.locked == row.locked &&
         kind.times_4_gib == row.size >> 32 && kind.file == file;
}

db::Artifact BatchCutter::unpacked(const Row& row) const {
  const auto& [kind, known] = *numbered_[row.kind];
  return {.id = row.id,
          .project_id = row.project_id,
          .pipeline_id = row.pipeline_id,
          .size = (kind.times_4_gib << 32) + row.size,
          .file_store = kind.file_store,
          .locked = kind.locked,
          .file = known.file,
          .partition_id = kind.partition_id};
}

void BatchCutter::arrange() {
  std::ranges::sort(rows_, {}, [this](const Row& row) {
    return std::tuple(lane_of(row.project_id, lanes_), row.project_id,
                      row.pipeline_id, row.id);
  });
  for (std::uint32_t begin = 0; begin < rows_.size();) {
    const std::int64_t project = rows_[begin].project_id;
    std::uint32_t end = begin;
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

std::size_t BatchCutter::most_projects() const {
  return static_cast<std::size_t>(std::max<std::int64_t>(100, batch_size_ / 3));
}

/// The next rows of a lane, a batch at most.
std::vector<db::Artifact> BatchCutter::cut(Lane& lane) {
  std::vector<db::Artifact> rows;
  auto room = static_cast<std::uint32_t>(batch_size_);
  rows.reserve(std::min<std::size_t>(room, rows_.size()));
  for (std::size_t left = most_projects();
       left > 0 && room > 0 && !lane.projects.empty(); --left) {
    Stretch& project = lane.projects.back();
    const std::uint32_t end = project.begin + std::min(room, project.size());
    room -= end - project.begin;
    for (; project.begin < end; ++project.begin)
      rows.push_back(unpacked(rows_[project.begin]));
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
  cutter_.clear();
  cutter_.make_room(stretch + PageSource::largest_page);
  const auto waited = db::Gate::waited();
  while (cutter_.size() < stretch &&
         cutter_.bytes_of_kinds() < most_bytes_of_kinds &&
         db::Gate::waited() - waited < longest_wait) {
    const std::vector<db::Artifact> page = pages_.next();
    if (page.empty())
      break;
    cutter_.add(page);
  }
  cutter_.arrange();
  return !cutter_.is_empty();
}

}  // namespace jobs
