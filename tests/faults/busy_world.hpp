#pragma once

#include "tests/support/program.hpp"
#include "tests/support/world.hpp"

#include <nlohmann/json.hpp>

#include <cstdint>
#include <string>
#include <vector>

namespace tests {

/// A World with work of every kind for all three passes: several pages' worth
/// of batches for a run with --batch-size 100 --concurrency 2.
class BusyWorld : public World {
 public:
  static constexpr int projects = 4;
  static constexpr int unlocked = 800;    ///< for the unlocked pass
  static constexpr int legacy = 400;      ///< for the legacy pass
  static constexpr int unresolved = 300;  ///< locked, and don't know it
  static constexpr int live = 120;        ///< not expired
  static constexpr int entries = 250;     ///< queued by others
  static constexpr int doomed = unlocked + legacy;

  BusyWorld();
  /// After a run that has drained it: all the work once more.
  void refill();

  /// The words that run the program on this world, as JSON.
  [[nodiscard]] std::vector<std::string> command(
      const std::string& program = JANITOR_FAULTS_PROGRAM,
      const std::vector<std::string>& more = {}) const;

  /// Rows that a run would destroy, by SQL.
  std::int64_t eligible();
  /// Rows of the doomed that are gone.
  std::int64_t gone();
  /// Make entries due that somebody holds: stands for ten minutes that pass.
  void let_leases_end();

  /// Wait until the server has noticed that a killed run is gone: what it was
  /// sent before is carried out all the same, COMMIT included.
  void wait_for_sessions();

  /// What a clean run must leave behind, whatever came before it: nothing
  /// eligible, no entry, no file but those of the rows that are left, and
  /// every row that is not doomed.  Empty if all is so.
  std::vector<std::string> left_over();

 private:
  void add_work();
};

/// The summary that a program printed.
nlohmann::json summary_of(const Ended& ended);
/// Destroyed by all passes together.
std::int64_t destroyed_in(const nlohmann::json& summary);

}  // namespace tests
