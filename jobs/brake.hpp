#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "db/pressure.hpp"
#include "jobs/options.hpp"
#include "telemetry/report.hpp"

namespace jobs {

/// What to tell whose role can't see all signals.
inline constexpr std::string_view unseen_signals =
    "this role can't see how far standbys are, transactions of others, nor "
    "VACUUM at work: GRANT pg_read_all_stats TO it, and they are heeded";

/// One signal of the database, beside its limit.
struct Strain {
  enum class Kind {
    passing,  ///< may go away by itself: slow down, then wait
    budget,   ///< only VACUUM gives it back: wait at once
    presence  ///< no limit: slow down while it is so
  };

  std::string what;  ///< "a standby is 41.0 s behind (--max-replica-lag 30)"
  double share = 0;  ///< of its limit; above 1 it is over
  Kind kind = Kind::passing;
  bool is_hopeless = false;  ///< nobody will give it back while we wait
};

/// Dead rows that this run has added to a table since its last VACUUM.
struct AddedRows {
  std::string table;
  std::int64_t rows = 0;
};

/// Whether a pass adds dead rows to a table.
bool concerns(telemetry::Pass pass, const std::string& table);

/// What strains the database, as far as it matters to a pass: every signal that
/// has a limit and can be seen.
std::vector<Strain> strains(const Options& options, telemetry::Pass pass,
                            const db::Pressure& pressure,
                            const std::vector<AddedRows>& added);

/// How far to hold back, step by step, one step a look.
///
/// Over a limit at the first look: none, since nothing is begun yet.  Later:
/// half of the workers and half as large batches, then a quarter, then none.
/// Below all limits it goes back, a step a look, and stays a step away from
/// full speed while something is above 0.8 of its limit, or VACUUM runs on a
/// table that the pass deletes from.
class Brake {
 public:
  static constexpr int holding = 3;  ///< the last step: nothing new is begun

  /// \return the step: 0 is full speed.
  int step(const std::vector<Strain>& strains);
  [[nodiscard]] int step() const { return step_; }

 private:
  int step_ = 0;
  bool has_looked_ = false;
};

/// The worst of them: over its limit before all others, hopeless before that.
/// Null where there is none.
const Strain* worst_of(const std::vector<Strain>& strains);

}  // namespace jobs
