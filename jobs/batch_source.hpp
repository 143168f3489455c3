#pragma once

#include <chrono>
#include <compare>
#include <deque>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "jobs/page_source.hpp"

namespace jobs {

/// Rows to be destroyed by one transaction.
struct Batch {
  std::size_t lane = 0;  ///< see lane_of()
  /// Without expire_at, which has done its work.
  std::vector<db::Artifact> rows;
};

/// Every project belongs to one lane, and only one batch of a lane is destroyed
/// at a time: no two workers wait for the row lock of the same project's
/// statistics (8 connections without lanes waited up to 3.2 s for it).
std::size_t lane_of(std::int64_t project_id, std::size_t lanes);

/// Cuts rows into batches: lanes in turn, a project's rows together, and in a
/// lane first the projects that have the fewest, so that none of them waits for
/// one that has many: with a project of any number of rows among them, the
/// others are through after as many batches as they would take without it, and
/// at most one of that project between any two lanes' turns.  A batch is of
/// a third as many projects as it may have rows, at most (or of a hundred): the
/// write of a project's statistics costs twice what a row does, and 1,000 rows
/// of 1,000 projects took 130 to 216 ms, of 172 projects 20 ms for 687.  Sorts
/// and cuts in place, so that the rows are in memory once, at 32 bytes each:
/// what many rows have in common is kept once.
class BatchCutter {
 public:
  BatchCutter(std::size_t lanes, std::int64_t batch_size)
      : lanes_(lanes), batch_size_(batch_size) {}

  /// Forget the rows that have been cut away, and keep their memory for the
  /// next ones: a stretch must not be in memory beside the one before it.
  /// \pre is_empty()
  void clear();
  /// Have memory for so many rows: no growing by copies.  What is not used of
  /// it is no memory.
  void make_room(std::size_t rows) { rows_.reserve(rows); }
  /// \pre nothing was cut since clear()
  void add(const std::vector<db::Artifact>& rows);
  /// How many rows were added.
  [[nodiscard]] std::size_t size() const { return rows_.size(); }
  /// Bytes that rows take besides their 32 each: many, if each has another
  /// name.
  [[nodiscard]] std::size_t bytes_of_kinds() const { return bytes_of_kinds_; }
  /// After the last add(): sort what is there.
  void arrange();

  /// Nothing is left to be cut.
  [[nodiscard]] bool is_empty() const { return left_.empty(); }
  /// The rows of a batch, at most, from the next one on.
  void limit_to(std::int64_t batch_size) { batch_size_ = batch_size; }
  /// \return null if empty.
  std::shared_ptr<Batch> next();

 private:
  /// What many rows have in common.
  struct Kind {
    std::int64_t partition_id = 0;
    std::int64_t file_store = 0;
    db::LockState locked{};
    std::int64_t times_4_gib = 0;  ///< of the size
    std::string file;
    auto operator<=>(const Kind&) const = default;
  };
  struct Known {
    db::FileName file;
    std::uint32_t number = 0;
  };
  using Kinds = std::map<Kind, Known>;
  struct Row {
    std::int64_t id = 0;
    std::int64_t project_id = 0;
    std::int64_t pipeline_id = 0;
    std::uint32_t size = 0;  ///< beyond the kind's multiple of 4 GiB
    std::uint32_t kind = 0;  ///< its number
  };
  /// A project's rows, as far as they are still to be cut.
  struct Stretch {
    std::uint32_t begin = 0;
    std::uint32_t end = 0;
    [[nodiscard]] std::uint32_t size() const { return end - begin; }
  };
  struct Lane {
    std::size_t number = 0;
    std::vector<Stretch> projects;  ///< the next one is at the end
  };

  void add_project(std::size_t lane, Stretch project);
  const Kinds::value_type& kind_of(const db::Artifact& row);
  static bool is_of(const Kind& kind, const db::Artifact& row);
  [[nodiscard]] db::Artifact unpacked(const Row& row) const;
  [[nodiscard]] std::size_t most_projects() const;
  std::vector<db::Artifact> cut(Lane& lane);

  std::size_t lanes_;
  std::int64_t batch_size_;
  std::vector<Row> rows_;
  Kinds kinds_;
  std::vector<const Kinds::value_type*> numbered_;
  const Kinds::value_type* last_kind_ = nullptr;
  std::size_t bytes_of_kinds_ = 0;
  std::deque<Lane> left_;
};

/// The batches of a PageSource.  Use it from one thread at a time.
class BatchSource {
 public:
  /// So many rows are sorted by project together (6 MiB).  A project's
  /// statistics row is written once for each stretch, and that write, to six
  /// indexes, costs more than the artifact's own: of 179,750 rows in 45,134
  /// projects, stretches of 10,000 write 137,400 of them, of 100,000 half that
  /// (benchmarks/README.md).
  static constexpr std::size_t stretch = 200000;
  /// A stretch ends sooner where names of 255 letters, each another one, would
  /// take 70 MB of it.
  static constexpr std::size_t most_bytes_of_kinds = 4'000'000;
  /// And sooner where --max-load has kept its pages waiting for so long in all:
  /// at 4 %, 200,000 rows would be read for 15 s before the first one goes.
  static constexpr std::chrono::seconds longest_wait{2};

  BatchSource(PageSource& pages, std::size_t lanes, std::int64_t batch_size)
      : pages_(pages), cutter_(lanes, batch_size) {}

  /// The next batch; null at the end, and when the pass must stop.
  std::shared_ptr<Batch> next();
  /// The rows of a batch, at most, from the next one on.
  void limit_to(std::int64_t batch_size) { cutter_.limit_to(batch_size); }
  /// There is something left to hand out; may have to read a page to know.
  bool has_more();

 private:
  PageSource& pages_;
  BatchCutter cutter_;
};

}  // namespace jobs
