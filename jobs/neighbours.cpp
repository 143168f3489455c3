#include "jobs/neighbours.hpp"

namespace jobs {

/// Ours under way at either look are taken for ours, so that a run alone never
/// sees itself.
void Neighbours::saw(const db::Writes& writes, Clock::time_point now) {
  while (looks_.size() > 1 && looks_[1].at <= now - window)
    looks_.pop_front();
  looks_.push_back({now, writes});
  const db::Writes& before = looks_.front().writes;
  const std::int64_t of_others =
      (writes.all - before.all) - (writes.own_most - before.own_least);
  if (of_others >= few)
    until_ = now + memory;
}

}  // namespace jobs
