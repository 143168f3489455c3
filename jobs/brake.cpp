#include "jobs/brake.hpp"

#include "telemetry/readable.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace jobs {
namespace {

using telemetry::grouped;
using telemetry::Pass;

constexpr double near_the_limit = 0.8;

double share_of(std::int64_t value, std::int64_t limit) {
  return static_cast<double>(value) / static_cast<double>(limit);
}

double in_seconds(std::int64_t milliseconds) {
  return static_cast<double>(milliseconds) / 1000;
}

void add_replicas(const Options& options, const db::Pressure& pressure,
                  std::vector<Strain>& all) {
  const std::int64_t limit = options.max_replica_lag.count();
  if (limit > 0 && pressure.replay_lag_ms)
    all.push_back({fmt::format("a standby is {:.1f} s behind "
                               "(--max-replica-lag {})",
                               in_seconds(*pressure.replay_lag_ms), limit),
                   share_of(*pressure.replay_lag_ms, 1000 * limit)});
}

void add_sessions(const Options& options, const db::Pressure& pressure,
                  std::vector<Strain>& all) {
  if (options.max_lock_waits > 0)
    all.push_back({fmt::format("{} sessions wait for locks "
                               "(--max-lock-waits {})",
                               pressure.lock_waits, options.max_lock_waits),
                   share_of(pressure.lock_waits, options.max_lock_waits)});
  const std::int64_t oldest = options.max_transaction_age.count();
  if (oldest > 0 && pressure.oldest_transaction_ms)
    all.push_back(
        {fmt::format("a transaction of {:.0f} s keeps VACUUM from "
                     "cleaning up (--max-transaction-age {})",
                     in_seconds(*pressure.oldest_transaction_ms), oldest),
         share_of(*pressure.oldest_transaction_ms, 1000 * oldest)});
}

void add_archiver(const Options& options, const db::Pressure& pressure,
                  std::vector<Strain>& all) {
  constexpr std::int64_t mebibyte = 1 << 20;
  if (options.max_unarchived == 0 || !pressure.unarchived_bytes)
    return;
  const std::int64_t waits = *pressure.unarchived_bytes / mebibyte;
  all.push_back({fmt::format("{} MiB of WAL wait to be archived "
                             "(--max-unarchived {})",
                             grouped(waits), options.max_unarchived),
                 share_of(waits, options.max_unarchived)});
}

void add_dead_share(const Options& options, const db::TablePressure& table,
                    std::vector<Strain>& all) {
  if (options.max_dead_share == 0)
    return;
  const std::int64_t share =
      100 * table.dead_rows / std::max<std::int64_t>(1, table.live_rows);
  all.push_back(
      {fmt::format("{} has {} dead rows for 100 live ones "
                   "(--max-dead-share {})",
                   table.table, grouped(share), options.max_dead_share),
       share_of(share, options.max_dead_share), Strain::Kind::budget,
       !table.autovacuum});
}

void add_table(const Options& options, const db::TablePressure& table,
               std::int64_t added, std::vector<Strain>& all) {
  if (options.max_dead_rows > 0)
    all.push_back(
        {fmt::format("{} has {} dead rows of this run since its last "
                     "VACUUM (--max-dead-rows {}){}",
                     table.table, grouped(added), options.max_dead_rows,
                     table.autovacuum ? "" : ", and autovacuum does not come"),
         share_of(added, options.max_dead_rows), Strain::Kind::budget,
         !table.autovacuum});
  add_dead_share(options, table, all);
  if (table.vacuum_runs)
    all.push_back({"VACUUM runs on " + table.table, near_the_limit,
                   Strain::Kind::presence});
}

bool is_over(const Strain& strain) {
  return strain.share > 1;
}

}  // namespace

bool concerns(Pass pass, const std::string& table) {
  if (table == "ci_pipeline_artifacts")
    return pass == Pass::unlocked || pass == Pass::legacy;
  if (table == "ci_deleted_objects")
    return pass != Pass::builds && pass != Pass::traces;
  return pass == Pass::traces;
}

std::vector<Strain> strains(const Options& options, Pass pass,
                            const db::Pressure& pressure,
                            const std::vector<AddedRows>& added) {
  std::vector<Strain> all;
  add_replicas(options, pressure, all);
  add_sessions(options, pressure, all);
  add_archiver(options, pressure, all);
  for (const db::TablePressure& table : pressure.tables) {
    const auto ours = std::ranges::find(added, table.table, &AddedRows::table);
    if (concerns(pass, table.table))
      add_table(options, table, ours == added.end() ? 0 : ours->rows, all);
  }
  return all;
}

int Brake::step(const std::vector<Strain>& strains) {
  const auto over = [](const Strain& strain) { return is_over(strain); };
  const auto spent = [](const Strain& strain) {
    return is_over(strain) && strain.kind == Strain::Kind::budget;
  };
  const auto near = [](const Strain& strain) {
    return strain.share > near_the_limit ||
           strain.kind == Strain::Kind::presence;
  };
  const bool is_first = !std::exchange(has_looked_, true);
  if (std::ranges::any_of(strains, spent))
    step_ = holding;
  else if (std::ranges::any_of(strains, over))
    step_ = is_first ? holding : std::min(step_ + 1, holding);
  else
    step_ = std::max(step_ - 1, std::ranges::any_of(strains, near) ? 1 : 0);
  return step_;
}

const Strain* worst_of(const std::vector<Strain>& strains) {
  const auto worst =
      std::ranges::max_element(strains, {}, [](const Strain& strain) {
        return std::pair(is_over(strain) && strain.is_hopeless, strain.share);
      });
  return worst == strains.end() ? nullptr : &*worst;
}

}  // namespace jobs
