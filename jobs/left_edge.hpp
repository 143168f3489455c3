#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "db/pipeline_artifacts.hpp"

namespace jobs {

/// The oldest artifacts of a large pass beside a live GitLab, which are left to
/// a later run.
///
/// GitLab asks for any 100 artifacts that have expired, from the left end of
/// the index each time.  Once these are gone, it walks over all that a run has
/// destroyed until VACUUM has been there, on a standby each time anew: 0.8 us a
/// row from the cache, 8 ms for 10,000 (README.md, "It yields").  As long as
/// 100 live ones lie before them, it comes no further.
///
/// Use it from one thread at a time.
class LeftEdge {
 public:
  /// Twice as many as GitLab asks for: others may take some meanwhile.
  static constexpr std::size_t most_rows = 200;
  /// So many dead rows nobody minds.
  static constexpr std::int64_t few = 10'000;

  /// \param is_wanted somebody is there to walk over what is dead.
  /// \param dead_rows of the table.  Where VACUUM has left few, those go first
  ///        that an earlier run may have kept, and the next ones are the edge;
  ///        where it has not been, what is dead lies behind the first ones.
  LeftEdge(bool is_wanted, std::int64_t dead_rows)
      : most_(is_wanted ? most_rows : 0),
        before_(dead_rows <= few ? most_rows : 0) {}

  /// Take from \a page, in the order of expire_at, what belongs to the edge.
  void hold_back(std::vector<db::Artifact>& page);

  /// What was held back, to be destroyed last.
  std::vector<db::Artifact> give_back();

  [[nodiscard]] std::size_t size() const { return rows_.size(); }

 private:
  std::size_t most_;
  std::size_t before_;  ///< rows that are still to come before it
  std::vector<db::Artifact> rows_;
};

}  // namespace jobs
