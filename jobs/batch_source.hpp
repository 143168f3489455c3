#pragma once

#include <deque>
#include <memory>
#include <vector>

#include "jobs/page_source.hpp"

namespace jobs {

/// Rows to be destroyed by one transaction.
struct Batch {
  std::size_t lane = 0;  ///< see lane_of()
  std::vector<db::Artifact> rows;
};

/// Every project belongs to one lane, and only one batch of a lane is destroyed
/// at a time: no two workers wait for the row lock of the same project's
/// statistics (8 connections without lanes waited up to 3.2 s for it).
std::size_t lane_of(std::int64_t project_id, std::size_t lanes);

/// Rows cut into batches: lanes in turn, projects together.
std::deque<std::shared_ptr<Batch>> cut_into_batches(
    std::vector<db::Artifact> rows, std::size_t lanes, std::int64_t batch_size);

/// The batches of a PageSource.  Use it from one thread at a time.
class BatchSource {
 public:
  BatchSource(PageSource& pages, std::size_t lanes, std::int64_t batch_size)
      : pages_(pages), lanes_(lanes), batch_size_(batch_size) {}

  /// The next batch; null at the end, and when the pass must stop.
  std::shared_ptr<Batch> next();
  /// There is something left to hand out; may have to read a page to know.
  bool has_more();

 private:
  PageSource& pages_;
  std::size_t lanes_;
  std::int64_t batch_size_;
  std::deque<std::shared_ptr<Batch>> ready_;
};

}  // namespace jobs
