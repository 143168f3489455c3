#pragma once

#include <cstdint>
#include <vector>

#include "db/pipeline_artifacts.hpp"
#include "jobs/context.hpp"
#include "jobs/time_slice.hpp"

namespace jobs {

/// The expired rows of a selection, page by page in (expire_at, id) order, each
/// row once.  Use it from one thread at a time.
///
/// The index knows expire_at alone, so each page over rows of one expire_at
/// sorts all that are left of them.  Once a whole page has one expire_at, the
/// pages become tie_page_size long: a million rows then cost 16 sorts rather
/// than hundreds (benchmarks/README.md).
///
/// With --plan, the rows that it names, by their ids; those that are gone, or
/// are not as it has them, are counted as refused.
class PageSource {
 public:
  /// Rows of a page: a statement of some 15 ms, so that pages stay below 50 ms
  /// on a busy server, too.
  static constexpr std::int64_t page_size = 5000;
  static constexpr std::int64_t tie_page_size = 65536;

  PageSource(Context& context, telemetry::Pass pass, db::Selection selection);

  /// The next rows that the user did not leave out; empty at the end, and when
  /// the pass must stop.
  ///
  /// \throws db::Error
  std::vector<db::Artifact> next();

  /// Every row has been handed out.
  [[nodiscard]] bool is_exhausted() const { return exhausted_; }

 private:
  std::vector<db::Artifact> next_named();
  std::vector<db::Artifact> read();
  void advance(const std::vector<db::Artifact>& rows, std::int64_t limit);

  Context& context_;
  telemetry::Pass pass_;
  db::Selection selection_;
  TimeSlice slice_;
  db::Cursor after_;
  std::size_t named_ = 0;  ///< of the rows that --plan names, those looked at
  bool in_tie_ = false;
  bool exhausted_ = false;
};

}  // namespace jobs
