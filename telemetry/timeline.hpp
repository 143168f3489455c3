#pragma once

#include <cstddef>
#include <cstdint>
#include <mutex>
#include <string_view>
#include <vector>

namespace telemetry {

/// How far a run was at one moment: all figures count from its beginning.
struct Moment {
  double seconds = 0;
  std::string_view pass;        ///< the one under way; outlives the timeline
  std::int64_t done = 0;        ///< rows, objects, jobs, traces
  std::int64_t statements = 0;  ///< of the database
  double statement_seconds = 0;
};

/// A run's course, a moment a batch.  Where that would be too many, every
/// second one is forgotten, and from then on every second one noted: since all
/// figures are sums, nothing is lost but detail, and a run of a week keeps as
/// little as one of a minute.
///
/// May be used from several threads at once.
class Timeline {
 public:
  static constexpr std::size_t longest = 600;

  /// \a moment, in which `done` is what was done since the last one noted.
  void note(Moment moment);

  /// In order, the last one noted included.
  [[nodiscard]] std::vector<Moment> moments() const;

 private:
  mutable std::mutex mutex_;  ///< guards what follows
  std::vector<Moment> kept_;
  Moment last_;
  std::size_t stride_ = 1;
  std::size_t since_kept_ = 0;
};

}  // namespace telemetry
