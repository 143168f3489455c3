#pragma once

#include <cstdint>
#include <iosfwd>
#include <span>
#include <string>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include "db/builds.hpp"
#include "db/pipeline_artifacts.hpp"

namespace jobs {

/// What `plan --output jsonl` listed, as `run --plan` takes it: by the id of
/// each row and a checksum of what was listed of it, 16 bytes a row.
///
/// The file may come from anywhere.  A line is read up to longest_line and no
/// further, and none of it is believed: a row that is found as it was listed is
/// looked at as in any run.
///
/// May be read from several threads at once.
class PlannedRows {
 public:
  static constexpr std::size_t longest_line = 65536;

  /// \param filter rows of other projects, stores and shares are left out;
  ///        pipelines are divided by the same shard.
  /// \throws UsageError naming the line that makes no sense.
  PlannedRows(std::istream& lines, const std::string& name,
              const db::Filter& filter);

  /// The ids listed for the pass that makes this selection, in order.
  [[nodiscard]] const std::vector<std::int64_t>& artifacts(
      db::Selection selection) const;
  [[nodiscard]] std::int64_t artifacts() const;
  /// Artifacts listed, those of other shards too.
  [[nodiscard]] std::int64_t of_all_shards() const { return of_all_shards_; }
  [[nodiscard]] std::int64_t jobs() const {
    return static_cast<std::int64_t>(jobs_.size());
  }

  /// Whether the row is still what was listed: key, bytes and store.
  [[nodiscard]] bool names(const db::Artifact& artifact) const;
  /// Pipeline, project, user and status.
  [[nodiscard]] bool names(const db::Job& job) const;
  /// A job of it was listed.
  [[nodiscard]] bool names_pipeline(std::int64_t pipeline) const;

 private:
  struct Row {
    std::int64_t id = 0;
    std::uint64_t checksum = 0;
    auto operator<=>(const Row&) const = default;
  };
  using Rows = std::vector<Row>;

  void take(const std::string& line, const db::Filter& filter);
  void take_artifact(const nlohmann::json& row, const db::Filter& filter);
  void take_job(const nlohmann::json& row, const db::Filter& filter);
  void settle(const std::string& name);
  static bool contains(const Rows& rows, const Row& row);
  static Row row_of(const db::Artifact& artifact);
  static Row row_of(const db::Job& job);

  std::vector<std::int64_t> unlocked_;
  std::vector<std::int64_t> legacy_;
  Rows artifacts_;
  Rows jobs_;
  std::vector<std::int64_t> pipelines_;
  std::int64_t of_all_shards_ = 0;
};

/// \throws UsageError
PlannedRows read_plan(const std::string& path, const db::Filter& filter);

}  // namespace jobs
