#include "jobs/neighbours.hpp"

#include <algorithm>

namespace jobs {

void Neighbours::wrote_before(const db::RecentWrites& recent,
                              Clock::time_point now) {
  constexpr std::chrono::seconds least{2};
  if (recent.within >= least && recent.writes * window >= few * recent.within)
    until_ = now + window;
}

/// Ours under way at either look are taken for ours, so that a run alone never
/// sees itself.
void Neighbours::saw(const db::Writes& writes, Clock::time_point now) {
  while (looks_.size() > 1 && looks_[1].at <= now - window)
    looks_.pop_front();
  looks_.push_back({now, writes});
  const auto& [began, before] = looks_.front();
  const std::int64_t of_others =
      (writes.all - before.all) - (writes.own_most - before.own_least);
  const Clock::duration watched = now - began;
  if (of_others > 0 && of_others * window >= few * watched)
    until_ =
        std::max(until_, now + 5 * std::min<Clock::duration>(watched, window));
}

}  // namespace jobs
