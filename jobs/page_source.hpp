#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "db/pipeline_artifacts.hpp"
#include "jobs/context.hpp"
#include "jobs/left_edge.hpp"
#include "jobs/tie_walk.hpp"
#include "jobs/time_slice.hpp"

namespace jobs {

/// The expired rows of a selection, page by page in the order of expire_at,
/// each row once.  Use it from one thread at a time.
///
/// The index knows expire_at alone, so that a page can begin at a moment and
/// not between two rows of one.  A page that is full leaves its last moment, of
/// which there may be more, to the next one.  Where it has but one moment, all
/// rows of that are read at once, and if they are too many, by a TieWalk.
///
/// Of the unlocked pass beside a live GitLab, the LeftEdge comes last, if it is
/// not kept.
///
/// With --plan, the rows that it names, by their ids; those that are gone, or
/// are not as it has them, are counted as refused.
class PageSource {
 public:
  /// Rows of a page: a statement of some 15 ms, so that pages stay below 50 ms
  /// on a busy server, too.
  static constexpr std::int64_t page_size = 5000;
  /// Rows of the largest page: as many of one expire_at are read at once.
  static constexpr std::int64_t largest_page = TieWalk::most_rows;

  PageSource(Context& context, telemetry::Pass pass, db::Selection selection);

  /// The next rows that the user did not leave out; empty at the end, and when
  /// the pass must stop.
  ///
  /// \throws db::Error
  std::vector<db::Artifact> next();

  /// Every row has been handed out, but for the edge.
  [[nodiscard]] bool is_exhausted() const { return exhausted_; }

 private:
  std::vector<db::Artifact> next_page();
  std::vector<db::Artifact> next_named();
  std::vector<db::Artifact> read();
  std::vector<db::Artifact> read_page();
  std::vector<db::Artifact> read_tie();
  std::vector<db::Artifact> walk_tie();
  std::vector<db::Artifact> fetch(telemetry::Timestamp before,
                                  std::int64_t limit);
  void advance(std::vector<db::Artifact>& rows);
  void begin_walk();
  std::optional<db::IdRange> ids_of_tie();
  void leave_tie();
  void hold_back(std::vector<db::Artifact>& rows);
  void tell_kept();
  std::vector<db::Artifact> give_back();

  Context& context_;
  telemetry::Pass pass_;
  db::Selection selection_;
  TimeSlice slice_;
  telemetry::Timestamp from_ = telemetry::Timestamp::min();
  std::size_t named_ = 0;  ///< of the rows that --plan names, those looked at
  bool in_tie_ = false;    ///< a page's rows have all expired at from_
  std::optional<TieWalk> walk_;
  std::optional<LeftEdge> edge_;
  std::int64_t handed_out_ = 0;  ///< rows, so far
  bool exhausted_ = false;
};

}  // namespace jobs
