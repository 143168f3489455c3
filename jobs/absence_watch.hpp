#pragma once

#include <cstdint>
#include <mutex>
#include <string>
#include <vector>

namespace jobs {

/// Notices, while rows are destroyed, that the store is not the one that keeps
/// their objects: a wrong mount, a prefix changed, a disk gone.  One absent
/// object is as good as removed; most of a thousand are not.
///
/// The entries of absent objects are therefore not forgotten at once but held,
/// until the objects of a window of 1,000 freshly destroyed rows have been
/// judged.  If most were absent the watch trips, and they stay in the queue.
/// Entries that an earlier run left don't count: their objects may be gone.
///
/// May be used from several threads at once.
class AbsenceWatch {
 public:
  static constexpr std::int64_t window = 1000;

  /// \param enabled false for --accept-missing: nothing is held.
  explicit AbsenceWatch(bool enabled) : enabled_(enabled) {}

  /// Tell what became of a batch: \a present objects were there; \a absent are
  /// the entries of those that were not.
  ///
  /// \return the entries to forget now.
  std::vector<std::int64_t> judge(std::int64_t present,
                                  std::vector<std::int64_t> absent);

  /// The pass is over: what is still held may be forgotten, unless tripped.
  std::vector<std::int64_t> let_go();

  /// Entries that were held when the watch tripped; they must stay.
  std::vector<std::int64_t> kept();

  [[nodiscard]] bool tripped() const;
  [[nodiscard]] std::string reason() const;

 private:
  const bool enabled_;
  mutable std::mutex mutex_;
  std::int64_t judged_ = 0;
  std::vector<std::int64_t> held_;
  std::string reason_;
};

}  // namespace jobs
