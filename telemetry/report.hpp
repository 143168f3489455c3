#pragma once

#include <array>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_set>
#include <vector>

#include "telemetry/durations.hpp"
#include "telemetry/projects.hpp"
#include "telemetry/statement_times.hpp"
#include "telemetry/timeline.hpp"
#include "telemetry/timestamp.hpp"

namespace telemetry {

/// The parts of a run, in the order in which they run.
enum class Pass { unlocked, legacy, objects, builds, traces };
inline constexpr std::array all_passes{
    Pass::unlocked, Pass::legacy, Pass::objects, Pass::builds, Pass::traces};
std::string_view name_of(Pass pass);

/// How a pass or a run ended, from good to bad: of two, the later is worse.
///
/// - skipped: not asked for, and nothing to report
/// - unsupported: this schema has no such thing; as good as drained
/// - drained: nothing that was eligible when the pass began is left, but for
///   problems, and for the oldest that are kept beside a live GitLab
/// - budget_exhausted: the time or the number allowed was used up
/// - throttled: other sessions held what was left, or the database was under
///   more strain than the limits allow
/// - partial: more problems than tolerated
/// - interrupted: SIGTERM or SIGINT
enum class Outcome {
  skipped,
  unsupported,
  drained,
  budget_exhausted,
  throttled,
  partial,
  interrupted
};
std::string_view name_of(Outcome outcome);
/// A row that could not be dealt with, and why: it stands in `table` as long as
/// the reason does.
struct Problem {
  Pass pass;
  std::string table;
  std::int64_t id = 0;
  std::string reason;
};

/// What one pass did.  The counters may be raised from several threads at once;
/// outcome, reason and seconds belong to the thread that runs the pass.
struct PassReport {
  Outcome outcome = Outcome::skipped;
  std::string reason;  ///< why it stopped, where it did not drain; else empty
  double seconds = 0;

  std::atomic<std::int64_t> scanned{0};         ///< rows looked at (legacy)
  std::atomic<std::int64_t> windows{0};         ///< statements that looked
  std::atomic<std::int64_t> destroyed{0};       ///< rows
  std::atomic<std::int64_t> resolved{0};        ///< lock states written down
  std::atomic<std::int64_t> contradictions{0};  ///< destroyed, but said locked
  std::atomic<std::int64_t> bytes{0};
  std::atomic<std::int64_t> batches{0};
  std::atomic<std::int64_t> skipped{0};  ///< rows that others held to the end
  std::atomic<std::int64_t> kept{0};     ///< the oldest, left to a later run
  std::atomic<std::int64_t> removed{0};  ///< objects that were there
  std::atomic<std::int64_t> absent{0};   ///< objects that were not
  std::atomic<std::int64_t> failed{0};   ///< problems of this pass
  /// Rows that --plan names and that are gone, or not as it has them.
  std::atomic<std::int64_t> refused{0};

  std::atomic<std::int64_t> users{0};      ///< of whom something was dropped
  std::atomic<std::int64_t> pipelines{0};  ///< in which something was dropped
  std::atomic<std::int64_t> dropped{0};    ///< jobs of every type
  std::atomic<std::int64_t> conflicts{0};  ///< jobs that others kept changing
  std::atomic<std::int64_t> schedules{0};  ///< pipeline schedules turned off

  std::atomic<std::int64_t> archived{0};  ///< traces, byte for byte
  std::atomic<std::int64_t> empty{0};     ///< traces without a byte
  std::atomic<std::int64_t> partial{0};   ///< traces archived with gaps
  std::atomic<std::int64_t> lost{0};      ///< traces of which nothing is left
  std::atomic<std::int64_t> chunks{0};    ///< chunks forgotten
  StatementTimes statements;

  /// Note that the pass ended no better than \a how; the first reason given
  /// for the worst outcome stays.  From any thread.
  void end(Outcome how, std::string_view why = {});
  std::mutex ending;  ///< what end() holds
};

/// A resource group in which jobs wait for a resource that a dropped job gave
/// back: SQL can't hand it on.
struct WaitingGroup {
  std::int64_t id = 0;
  std::int64_t project_id = 0;
  std::string key;

  /// What to type on a GitLab host to hand it on.
  [[nodiscard]] std::string command() const;
};

/// Why a row of ci_pipeline_artifacts is not eligible: its pipeline is locked,
/// and the row says so; the row does not know; the row says locked, the
/// pipeline unlocked, and nobody is asked to judge; --grace keeps it; its
/// object must not be touched; it is in a store that is not served.
enum class Ineligible {
  locked,
  unknown,
  contradictory,
  too_young,
  poison,
  other_store
};
inline constexpr std::array ineligible_reasons{
    Ineligible::locked,    Ineligible::unknown, Ineligible::contradictory,
    Ineligible::too_young, Ineligible::poison,  Ineligible::other_store};
std::string_view name_of(Ineligible reason);

/// How many rows a plan left out, and why.
struct NotEligible {
  using Rows = std::array<std::int64_t, ineligible_reasons.size()>;
  struct Project {
    std::int64_t id = 0;
    Rows rows{};
    [[nodiscard]] std::int64_t total() const;
  };

  /// Missing where counting would have taken over a second.
  std::array<std::optional<std::int64_t>, ineligible_reasons.size()> total{};
  std::vector<Project> projects;  ///< the ten with most, most first
  bool is_lower_bound = false;    ///< some count stopped at its limit
};

/// What is left at the end of a run.  A count is missing where it would have
/// taken over a second.
struct Backlog {
  std::optional<std::int64_t> unlocked;
  std::optional<std::int64_t> unknown;
  std::optional<std::int64_t> objects;
  /// Cancelable jobs of blocked users; 0 if the pass was not asked for.
  std::optional<std::int64_t> builds;
  /// Live traces of dropped builds; likewise.
  std::optional<std::int64_t> traces;
  std::optional<Timestamp> oldest_expired_at;
  bool is_lower_bound = false;  ///< some count stopped at 10,000

  /// \return nothing where a count is missing.
  [[nodiscard]] std::optional<std::int64_t> total() const;
};

/// Everything a run reports at its end.  problem() may be called from several
/// threads at once; the plain members belong to the thread that runs.
class Report {
 public:
  /// At most this many problems are listed and logged; all are counted.
  static constexpr std::size_t listed_problems = 1000;
  /// At most this many rows are known again when another pass meets them, at
  /// about 40 bytes each.
  static constexpr std::size_t remembered_problems = 100'000;

  std::string command;
  std::string run_id;
  Timestamp started_at{};
  Timestamp finished_at{};
  Timestamp horizon{};
  double seconds = 0;
  bool lease_lost = false;  ///< of --exclusive, half way
  Backlog backlog;
  std::optional<NotEligible> not_eligible;  ///< of a plan
  RequestTimes requests;
  Projects projects;
  Timeline timeline;

  /// It was fit to begin, and has come to an end.
  [[nodiscard]] bool has_begun() const { return finished_at != Timestamp{}; }

  PassReport& pass(Pass which);
  [[nodiscard]] const PassReport& pass(Pass which) const;

  /// Note in the timeline that a batch of \a rows is done.  From any thread.
  void batch_done(Pass which, std::int64_t rows);

  /// Note a problem, count it as failed in its pass, and log a warning.  A row
  /// already noted, by whichever pass, is not counted twice.
  ///
  /// \return false if it was noted already.
  bool problem(Problem problem);

  /// Note groups in which jobs wait; one already noted is not noted twice.
  void waiting(const std::vector<WaitingGroup>& groups);
  [[nodiscard]] std::vector<WaitingGroup> waiting_groups() const;

  [[nodiscard]] std::vector<Problem> problems() const;
  [[nodiscard]] std::int64_t problems_total() const;
  /// How many of the problems of \a pass stand in \a table.
  [[nodiscard]] std::int64_t problems_in(std::string_view table,
                                         Pass pass) const;

  /// Settle the outcomes: a pass with problems is partial if all problems
  /// together are more than \a tolerated.
  void settle(std::int64_t tolerated);
  /// The worst of the passes.
  [[nodiscard]] Outcome outcome() const;
  [[nodiscard]] std::int64_t destroyed() const;  ///< by all passes together
  [[nodiscard]] std::int64_t removed() const;    ///< likewise
  [[nodiscard]] std::int64_t absent() const;     ///< likewise

 private:
  /// What is known of the problems of one table.
  struct Table {
    std::unordered_set<std::int64_t> rows;
    std::map<Pass, std::int64_t> counts;
  };

  using Counter = std::atomic<std::int64_t> PassReport::*;
  [[nodiscard]] std::int64_t sum(Counter counter) const;

  enum class Noted { again, listed, first_unlisted, unlisted };
  Noted note(const Problem& problem);

  const std::chrono::steady_clock::time_point began_ =
      std::chrono::steady_clock::now();
  std::array<PassReport, all_passes.size()> passes_;
  mutable std::mutex mutex_;  ///< guards what follows
  std::vector<Problem> problems_;
  std::int64_t problems_total_ = 0;
  std::map<std::string, Table, std::less<>> tables_;
  std::map<std::int64_t, WaitingGroup> waiting_;
};

}  // namespace telemetry
