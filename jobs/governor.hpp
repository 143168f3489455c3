#pragma once

#include <array>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "jobs/adaptive_size.hpp"
#include "jobs/brake.hpp"
#include "jobs/neighbours.hpp"
#include "jobs/options.hpp"
#include "jobs/token_bucket.hpp"
#include "telemetry/report.hpp"

namespace jobs {

struct Context;

/// What was last seen of one table, for the dead rows of this run in it.
struct VacuumWatch {
  std::int64_t vacuums = -1;    ///< finished; -1: never looked
  std::int64_t at_begin = 0;    ///< our rows when the next VACUUM begins
  std::int64_t cleaned_up = 0;  ///< our rows that the last one found
  std::int64_t dead_rows = 0;   ///< anybody's, by PostgreSQL's statistics

  /// \param added rows that this run has added so far.
  /// \return how many of them have come since the last VACUUM began.
  std::int64_t look(const db::TablePressure& table, std::int64_t added);
};

/// Says how fast a run may go: it holds workers back where the database is
/// under strain, where --pause-file or SIGUSR2 says so, and above --max-rate,
/// and it fits the sizes of statements to the time they take.
///
/// Looks at the database between two batches, every two seconds, with one short
/// statement on a session that a worker would use: no connection more, and
/// nobody waits for it but who asks for the next batch.
///
/// While others write to the server, sessions are at work for --max-load of the
/// time at most, by statements of a few milliseconds.  Who they are is looked
/// for several times a second, by a statement that costs next to nothing.
///
/// A plan is never held back but by a pause.
class Governor {
 public:
  using Clock = std::chrono::steady_clock;
  static constexpr std::chrono::seconds between_looks{2};
  static constexpr std::chrono::milliseconds between_glances{200};
  /// Beside others a statement takes no longer than that, at p99: so long they
  /// may wait for a row or a core.
  static constexpr std::chrono::milliseconds courteous{10};
  /// So long it is waited where there is no --time-limit.
  static constexpr std::chrono::minutes patience{10};

  explicit Governor(const Options& options);

  /// Look who has written before this run, and begin to look who writes beside
  /// it.  Sooner than anything else, so that at the first piece of work it is
  /// known.
  void look_back(db::Pool& pool, db::Session session);

  /// Return when the pass may begin its next piece of work.  From one thread at
  /// a time.
  ///
  /// \return false if it may not any more; the report says why.
  bool admit(Context& context, telemetry::Pass pass);

  /// The same for whoever reads on where nothing is found, so that there is no
  /// next piece of work to begin: 861,384 rows without one that concerned the
  /// run were read in 39 s instead of 0.9, beside others who had long gone.
  bool may_read_on(Context& context, telemetry::Pass pass);

  /// Return when so many rows may be destroyed or dropped by --max-rate; from
  /// any thread.
  ///
  /// \return false if the run must stop before.
  bool spend(const Context& context, std::int64_t rows);

  /// Why the pass under way must end; empty where it need not.
  [[nodiscard]] const std::string& given_up() const { return given_up_; }
  /// Before each pass.
  void begin_pass();
  /// Others write to the server; as of the last look.  From any thread.
  [[nodiscard]] bool is_courteous() const { return is_courteous_; }
  /// Of a table, whoever left them, as of the last look; 0 before it.
  [[nodiscard]] std::int64_t dead_rows(const std::string& table) const;
  /// How long the pass under way has been held back; from any thread.
  [[nodiscard]] Clock::duration held_back() const {
    return Clock::duration(held_back_.load());
  }

  /// How many pieces of work may be under way at once.
  [[nodiscard]] std::size_t workers() const;
  [[nodiscard]] std::int64_t batch_size() const { return braked(batch); }
  [[nodiscard]] std::int64_t window_size() const { return braked(window); }
  [[nodiscard]] std::int64_t slice_size() const { return braked(slice); }

  AdaptiveSize batch;   ///< rows destroyed by a statement
  AdaptiveSize window;  ///< rows looked at by one
  AdaptiveSize slice;   ///< jobs dropped by one

 private:
  friend class Turn;

  [[nodiscard]] std::int64_t braked(const AdaptiveSize& size) const;
  /// Sleep for a moment.  \return whether the pass may go on.
  bool rest(const Context& context, telemetry::Pass pass);
  bool sit_out_pause(const Context& context, telemetry::Pass pass);
  bool sit_out_strain(Context& context, telemetry::Pass pass);
  bool await_turn(const Context& context, telemetry::Pass pass);
  void look_around(Context& context, telemetry::Pass pass);
  void look(Context& context, telemetry::Pass pass);
  [[nodiscard]] bool heeds_neighbours() const;
  void glance(db::Pool& pool, db::Session session);
  void be_courteous(db::Pool& pool, bool courteously);
  void note_unseen(const db::Pressure& pressure);
  void note_step(int before);
  bool give_up(const Context& context, telemetry::Pass pass,
               Clock::time_point since);
  [[nodiscard]] bool budget_may_be_spent(const Context& context,
                                         telemetry::Pass pass) const;

  const Options& options_;
  TokenBucket rate_;
  Brake brake_;
  std::vector<Strain> strains_;
  std::map<std::string, VacuumWatch> tables_;
  std::atomic<int> step_{0};
  std::atomic<std::size_t> under_way_{0};
  std::atomic<Clock::rep> held_back_{0};
  Clock::time_point looked_{};
  Neighbours neighbours_;
  Clock::time_point glanced_{};
  std::atomic<bool> is_courteous_{false};
  bool told_unseen_ = false;
  bool told_blind_ = false;
  std::string given_up_;
};

/// How long a statement takes, without what it waits for its turn.
class Stopwatch {
 public:
  [[nodiscard]] Governor::Clock::duration time() const {
    return Governor::Clock::now() - began_ - (db::Gate::waited() - waited_);
  }

 private:
  Governor::Clock::time_point began_ = Governor::Clock::now();
  Governor::Clock::duration waited_ = db::Gate::waited();
};

/// A piece of work is under way, for as long as this lives.
class Turn {
 public:
  explicit Turn(Governor& governor) : governor_(governor) {
    ++governor_.under_way_;
  }
  ~Turn() { --governor_.under_way_; }
  Turn(const Turn&) = delete;
  Turn& operator=(const Turn&) = delete;

 private:
  Governor& governor_;
};

}  // namespace jobs
