#include "telemetry/projects.hpp"

#include <algorithm>
#include <tuple>

namespace telemetry {

ProjectWork& ProjectWork::operator+=(const ProjectWork& more) {
  destroyed += more.destroyed;
  bytes += more.bytes;
  dropped += more.dropped;
  traces += more.traces;
  return *this;
}

void Projects::add(const Work& work) {
  const std::lock_guard lock(mutex_);
  for (const auto& [id, done] : work) {
    const bool has_room = known_.size() < most_known || known_.contains(id);
    (has_room ? known_[id] : unknown_) += done;
  }
}

Projects::Ranking Projects::ranking(std::size_t size) const {
  const std::lock_guard lock(mutex_);
  std::vector<Project> all;
  for (const auto& [id, work] : known_)
    all.push_back({id, work});
  std::ranges::sort(all, [](const Project& a, const Project& b) {
    const auto rank = [](const Project& project) {
      return std::tuple(-project.work.bytes, -project.work.destroyed,
                        -project.work.dropped, -project.work.traces,
                        project.id);
    };
    return rank(a) < rank(b);
  });
  Ranking ranking{.first = {}, .others_count = 0, .others = unknown_};
  for (std::size_t i = size; i < all.size(); ++i) {
    ranking.others += all[i].work;
    ranking.others_count += 1;
  }
  all.resize(std::min(size, all.size()));
  ranking.first = std::move(all);
  return ranking;
}

}  // namespace telemetry
