#include "jobs/batch_source.hpp"

#include <catch2/catch.hpp>

#include <algorithm>
#include <map>
#include <set>

using db::Artifact;
using jobs::Batch;
using jobs::lane_of;

namespace {

std::vector<Artifact> rows_of(int projects, int each) {
  std::vector<Artifact> rows;
  for (int i = 0; i < projects * each; ++i)
    rows.push_back({.id = i + 1,
                    .project_id = 1 + i % projects,
                    .pipeline_id = 1000 - i,
                    .file = ""});
  return rows;
}

std::vector<std::shared_ptr<Batch>> cut(const std::vector<Artifact>& rows,
                                        std::size_t lanes,
                                        std::int64_t batch_size) {
  jobs::BatchCutter cutter(lanes, batch_size);
  cutter.add(rows);
  cutter.arrange();
  std::vector<std::shared_ptr<Batch>> batches;
  while (auto batch = cutter.next())
    batches.push_back(std::move(batch));
  CHECK(cutter.is_empty());
  return batches;
}

}  // namespace

TEST_CASE("each row is in one batch, and each project in one lane", "[unit]") {
  for (const std::size_t lanes : {1, 2, 5})
    for (const int size : {1, 3, 1000}) {
      std::set<std::int64_t> seen;
      std::map<std::int64_t, std::size_t> lane_of_project;
      for (const auto& batch : cut(rows_of(7, 11), lanes, size)) {
        CHECK_FALSE(batch->rows.empty());
        CHECK(batch->rows.size() <= static_cast<std::size_t>(size));
        CHECK(batch->lane < lanes);
        for (const Artifact& row : batch->rows) {
          CHECK(seen.insert(row.id).second);
          lane_of_project.try_emplace(row.project_id, batch->lane);
          CHECK(lane_of_project.at(row.project_id) == batch->lane);
        }
      }
      CHECK(seen.size() == 77);
    }
}

TEST_CASE("a batch keeps the rows of a project together", "[unit]") {
  for (const auto& batch : cut(rows_of(5, 4), 2, 6)) {
    std::set<std::int64_t> done;
    std::int64_t current = 0;
    for (const Artifact& row : batch->rows) {
      if (row.project_id == current)
        continue;
      CHECK(done.insert(row.project_id).second);
      current = row.project_id;
    }
  }
}

TEST_CASE("a batch is of a third as many projects as rows, or of a hundred",
          "[unit]") {
  for (const auto& [size, projects] :
       {std::pair{3000, 1000}, {900, 300}, {200, 100}, {50, 50}}) {
    CAPTURE(size);
    const auto batches = cut(rows_of(2000, 2), 1, size);
    CHECK(std::ssize(batches.front()->rows) ==
          std::min<std::ptrdiff_t>(size, 2 * projects));
    CHECK(batches.size() >= std::size_t{4000} / (2 * projects));
  }
}

TEST_CASE("lanes take turns as long as each has rows", "[unit]") {
  const auto batches = cut(rows_of(40, 10), 4, 10);
  std::vector<std::size_t> lanes;
  for (const auto& batch : batches)
    lanes.push_back(batch->lane);
  REQUIRE(lanes.size() >= 8);
  for (std::size_t i = 0; i < 8; ++i)
    CHECK(lanes[i] == i % 4);
}

TEST_CASE("small projects do not wait for one that has many rows", "[unit]") {
  constexpr int huge = 1;
  std::vector<Artifact> rows = rows_of(200, 2);
  for (int i = 0; i < 20'000; ++i)
    rows.push_back({.id = 1000 + i, .project_id = huge, .file = ""});
  for (const std::size_t lanes : {1, 4, 8}) {
    const auto batches = cut(rows, lanes, 100);
    std::size_t last = 0;
    for (std::size_t i = 0; i < batches.size(); ++i)
      for (const Artifact& row : batches[i]->rows)
        if (row.project_id != huge)
          last = i;
    // 398 rows of 199 projects: as many batches as without the huge one, where
    // a lane has twice its share at most.
    CAPTURE(lanes);
    CHECK(last < std::max<std::size_t>(4, 2 * lanes));
  }
}

TEST_CASE("projects whose ids differ by powers of two share out evenly",
          "[unit]") {
  for (const std::int64_t step : {1, 2, 4, 8, 64, 1024})
    for (const std::size_t lanes : {2, 4, 8}) {
      std::vector<int> projects(lanes, 0);
      for (std::int64_t i = 1; i <= 1000; ++i)
        ++projects[lane_of(i * step, lanes)];
      for (const int number : projects) {
        CAPTURE(step, lanes);
        CHECK(number > 500 / static_cast<int>(lanes));
        CHECK(number < 2000 / static_cast<int>(lanes));
      }
    }
}

TEST_CASE("no rows make no batch", "[unit]") {
  CHECK(cut({}, 4, 10).empty());
}

TEST_CASE("what rows have in common is in each batch as it was", "[unit]") {
  std::vector<Artifact> rows;
  for (int i = 0; i < 60; ++i)
    rows.push_back({.id = i,
                    .project_id = i % 7,
                    .pipeline_id = 100 + i,
                    // Below nothing, above 4 GiB, and in between.
                    .size = (i % 11 - 1) * std::int64_t{1'500'000'000} + i,
                    .file_store = 1 + i % 2,
                    .locked = i % 3 == 0 ? db::LockState::unlocked
                                         : db::LockState::unknown,
                    .file = i % 5 == 0 ? "a" : "b",
                    .partition_id = i % 4});
  std::size_t found = 0;
  for (const auto& batch : cut(rows, 3, 7))
    for (const Artifact& row : batch->rows) {
      const Artifact& was = rows.at(static_cast<std::size_t>(row.id));
      CHECK(row.project_id == was.project_id);
      CHECK(row.pipeline_id == was.pipeline_id);
      CHECK(row.size == was.size);
      CHECK(row.file_store == was.file_store);
      CHECK(row.locked == was.locked);
      CHECK(std::string(row.file) == std::string(was.file));
      CHECK(row.partition_id == was.partition_id);
      ++found;
    }
  CHECK(found == rows.size());
}
