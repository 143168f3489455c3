#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "db/pipeline_artifacts.hpp"

namespace jobs {

/// The oldest artifacts, which a run keeps for a later one where many dead rows
/// lie behind them.
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
  static constexpr std::int64_t few_dead = 10'000;

  /// \param is_wanted somebody is there to walk over what is dead.
  /// \param dead_rows of the table.  Where VACUUM has left few, those go first
  ///        that an earlier run has kept, and the next ones are the edge; where
  ///        it has not been, what is dead lies behind the first ones.
  LeftEdge(bool is_wanted, std::int64_t dead_rows)
      : most_(is_wanted ? most_rows : 0),
        before_(dead_rows <= few_dead ? most_rows : 0),
        dead_rows_(dead_rows) {}

  /// Take from \a rows, the next in the order of expire_at, what belongs to
  /// the edge.
  void hold_back(std::vector<db::Artifact>& rows);

  /// What was held back, to be destroyed after all.
  std::vector<db::Artifact> give_back();

  [[nodiscard]] std::size_t size() const { return rows_.size(); }

  /// Whether it is needed, once \a destroyed rows behind it are dead as well.
  [[nodiscard]] bool is_needed(std::int64_t destroyed) const {
    return !rows_.empty() && dead_rows_ + destroyed > few_dead;
  }

 private:
  std::size_t most_;
  std::size_t before_;  ///< rows that are still to come before it
  std::int64_t dead_rows_;
  std::vector<db::Artifact> rows_;
};

}  // namespace jobs
