#include "telemetry/timeline.hpp"

#include <algorithm>

namespace telemetry {

void Timeline::note(Moment moment) {
  const std::lock_guard lock(mutex_);
  moment.done += last_.done;
  // Those who note at the same time may come in another order than they looked.
  moment.seconds = std::max(moment.seconds, last_.seconds);
  moment.statements = std::max(moment.statements, last_.statements);
  moment.statement_seconds =
      std::max(moment.statement_seconds, last_.statement_seconds);
  last_ = moment;
  if (++since_kept_ < stride_)
    return;
  since_kept_ = 0;
  kept_.push_back(moment);
  if (kept_.size() < longest)
    return;
  for (std::size_t i = 0; i < longest / 2; ++i)
    kept_[i] = kept_[2 * i + 1];
  kept_.resize(longest / 2);
  stride_ *= 2;
}

std::vector<Moment> Timeline::moments() const {
  const std::lock_guard lock(mutex_);
  std::vector<Moment> all = kept_;
  if (since_kept_ > 0)
    all.push_back(last_);
  return all;
}

}  // namespace telemetry
