#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory_resource>
#include <mutex>
#include <unordered_map>
#include <vector>

namespace telemetry {

/// What a run did in one project, or in several.
struct ProjectWork {
  std::int64_t destroyed = 0;  ///< artifacts
  std::int64_t bytes = 0;      ///< of these
  std::int64_t dropped = 0;    ///< jobs
  std::int64_t traces = 0;     ///< archived, whole, partial or empty

  ProjectWork& operator+=(const ProjectWork& more);
  bool operator==(const ProjectWork&) const = default;
};

/// What a run did, project by project.  Of at most as many projects as are
/// known one by one, at about 56 bytes each; the rest together.
///
/// May be used from several threads at once.
class Projects {
 public:
  static constexpr std::size_t most_known = 100'000;

  using Work = std::map<std::int64_t, ProjectWork>;
  void add(const Work& work);

  struct Project {
    std::int64_t id = 0;
    ProjectWork work;
  };
  /// Those of which most bytes went, then most jobs or traces; the others
  /// together.
  struct Ranking {
    std::vector<Project> first;
    std::size_t others_count = 0;  ///< of those known
    ProjectWork others;
  };
  [[nodiscard]] Ranking ranking(std::size_t size) const;

 private:
  mutable std::mutex mutex_;  ///< guards what follows
  /// Sixteen bytes less for each project than of malloc().
  std::pmr::unsynchronized_pool_resource memory_;
  std::pmr::unordered_map<std::int64_t, ProjectWork> known_{&memory_};
  ProjectWork unknown_;
};

}  // namespace telemetry
