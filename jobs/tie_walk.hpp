#pragma once

#include <chrono>
#include <cstdint>
#include <vector>

#include "db/pipeline_artifacts.hpp"
#include "jobs/context.hpp"

namespace jobs {

/// The rows of one expire_at, where they are more than can be read at once, by
/// windows of ids, each row once.
///
/// The index knows expire_at alone and can't be entered in the midst of them:
/// to sort a million takes 0.6 s, for every page anew.  The primary key can, at
/// the price of the rows in between that expire at another moment.
///
/// The windows fit themselves to the time that they take; one that times out is
/// cut to an eighth.  Use it from one thread at a time.
class TieWalk {
 public:
  /// Rows of a window, at most (0.8 MB).
  static constexpr std::int64_t most_rows = 10000;

  /// \param ids between which all of them are.
  TieWalk(Context& context, telemetry::Pass pass, db::Selection selection,
          telemetry::Timestamp moment, db::IdRange ids);

  /// The rows of the next window: there may be none.
  ///
  /// \pre !is_done()
  /// \throws db::Error
  std::vector<db::Artifact> next();

  [[nodiscard]] bool is_done() const { return done_; }

 private:
  [[nodiscard]] std::int64_t end() const;
  void pass_by(std::int64_t end);
  void fit(std::chrono::steady_clock::duration took);
  void narrow();

  Context& context_;
  telemetry::Pass pass_;
  db::Selection selection_;
  telemetry::Timestamp moment_;
  db::IdRange left_;
  std::uint64_t width_ = most_rows;  ///< ids of the next window
  bool done_ = false;
};

}  // namespace jobs
