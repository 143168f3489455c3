#include "jobs/absence_watch.hpp"

#include <fmt/format.h>

#include <utility>

namespace jobs {

std::vector<std::int64_t> AbsenceWatch::judge(
    std::int64_t present, std::vector<std::int64_t> absent) {
  if (!enabled_)
    return absent;
  const std::lock_guard lock(mutex_);
  judged_ += present + static_cast<std::int64_t>(absent.size());
  held_.insert(held_.end(), absent.begin(), absent.end());
  if (judged_ < window || !reason_.empty())
    return {};
  const auto missing = static_cast<std::int64_t>(held_.size());
  if (2 * missing > judged_) {
    reason_ = fmt::format(
        "{} of {} objects of freshly destroyed artifacts were not in their "
        "store: is it the right one? their entries stay in "
        "ci_deleted_objects; --accept-missing goes on all the same",
        missing, judged_);
    return {};
  }
  judged_ = 0;
  return std::exchange(held_, {});
}

std::vector<std::int64_t> AbsenceWatch::let_go() {
  const std::lock_guard lock(mutex_);
  if (!reason_.empty())
    return {};
  judged_ = 0;
  return std::exchange(held_, {});
}

std::vector<std::int64_t> AbsenceWatch::kept() {
  const std::lock_guard lock(mutex_);
  return reason_.empty() ? std::vector<std::int64_t>{}
                         : std::exchange(held_, {});
}

bool AbsenceWatch::tripped() const {
  const std::lock_guard lock(mutex_);
  return !reason_.empty();
}

std::string AbsenceWatch::reason() const {
  const std::lock_guard lock(mutex_);
  return reason_;
}

}  // namespace jobs
