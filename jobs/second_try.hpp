#pragma once

#include <functional>
#include <mutex>
#include <vector>

#include "jobs/context.hpp"

namespace jobs {

/// Rows that could not be destroyed when their turn came, most of them since
/// somebody held them, kept by id until the pass has been through.
///
/// add() may be called from several threads at once.
class SecondTry {
 public:
  SecondTry(Context& context, telemetry::Pass pass, db::Selection selection)
      : context_(context), pass_(pass), selection_(selection) {}

  void add(std::int64_t id);
  [[nodiscard]] bool is_empty() const { return ids_.empty(); }
  /// Some rows are not here, since there were too many.
  [[nodiscard]] bool overflowed() const { return overflowed_; }

  /// Empty it, and hand those that are still there and eligible to \a take, a
  /// window at a time; stops where the pass must.
  ///
  /// \throws db::Error that does not concern the rows.
  void visit(const std::function<void(std::vector<db::Artifact>)>& take);

 private:
  /// 8 MB.  Two runs side by side put off what the other one takes.
  static constexpr std::size_t most = 1000000;

  std::vector<db::Artifact> eligible(std::span<const std::int64_t> ids);

  Context& context_;
  telemetry::Pass pass_;
  db::Selection selection_;
  std::mutex mutex_;
  std::vector<std::int64_t> ids_;
  bool overflowed_ = false;
};

}  // namespace jobs
