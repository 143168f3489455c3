#include "jobs/governor.hpp"

#include "jobs/context.hpp"
#include "jobs/signals.hpp"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <filesystem>
#include <thread>
#include <utility>

namespace jobs {
namespace {

using std::chrono::milliseconds;
using telemetry::Outcome;
using telemetry::Pass;

constexpr milliseconds moment_of_rest{20};
/// Workers under way end by themselves: so long one waits for it at most.
constexpr std::chrono::seconds longest_turn{1};
/// The look at the database itself may not become a strain.
constexpr std::chrono::seconds look_timeout{1};

constexpr std::int64_t most_jobs = 500;

/// Dead rows that the run has left in a table so far.
std::int64_t rows_left_dead(const telemetry::Report& report,
                            const std::string& table) {
  if (table == "ci_pipeline_artifacts")
    return report.destroyed() + report.pass(Pass::legacy).resolved;
  if (table == "ci_deleted_objects")
    return report.removed() + report.absent();
  return report.pass(Pass::traces).chunks;
}

bool is_paused(const Options& options) {
  std::error_code none;
  return pause_requested() ||
         (options.pause_file &&
          std::filesystem::exists(*options.pause_file, none));
}

}  // namespace

std::int64_t VacuumWatch::look(const db::TablePressure& table,
                               std::int64_t added) {
  if (vacuums >= 0 && table.vacuums > vacuums)
    cleaned_up = at_begin;
  vacuums = table.vacuums;
  dead_rows = table.dead_rows;
  if (!table.vacuum_runs)
    at_begin = added;
  return added - cleaned_up;
}

// Slices of 100 to 1,000 jobs drop at the same rate.
Governor::Governor(const Options& options)
    : batch(options.batch_size),
      window(options.window_size),
      slice(most_jobs),
      options_(options),
      rate_(options.command == Command::run ? options.max_rate : 0) {}

void Governor::begin_pass() {
  given_up_.clear();
  looked_ = {};
  glanced_ = {};
  held_back_ = 0;
}

std::int64_t Governor::dead_rows(const std::string& table) const {
  const auto found = tables_.find(table);
  return found == tables_.end() ? 0 : found->second.dead_rows;
}

std::size_t Governor::workers() const {
  return std::max<std::size_t>(1, options_.concurrency >> step_);
}

std::int64_t Governor::braked(const AdaptiveSize& size) const {
  return rate_.at_most(std::max<std::int64_t>(1, size.size() >> step_));
}

bool Governor::admit(Context& context, Pass pass) {
  return may_read_on(context, pass) &&
         (context.only_plans() || await_turn(context, pass));
}

bool Governor::may_read_on(Context& context, Pass pass) {
  if (!sit_out_pause(context, pass))
    return false;
  if (context.only_plans())
    return true;
  look_around(context, pass);
  return sit_out_strain(context, pass);
}

void Governor::look_around(Context& context, Pass pass) {
  if (Clock::now() - glanced_ >= between_glances)
    glance(context.pool, context.reading(pass).without_deadline());
}

bool Governor::rest(const Context& context, Pass pass) {
  std::this_thread::sleep_for(moment_of_rest);
  held_back_ +=
      std::chrono::duration_cast<Clock::duration>(moment_of_rest).count();
  return context.may_go_on(pass);
}

bool Governor::sit_out_pause(const Context& context, Pass pass) {
  if (!context.may_go_on(pass))
    return false;
  if (!is_paused(options_))
    return true;
  spdlog::info(
      "paused: no new work until {}",
      pause_requested()
          ? "SIGUSR2 comes again"
          : options_.pause_file.value_or("the pause file") + " is gone");
  while (is_paused(options_))
    if (!rest(context, pass))
      return false;
  spdlog::info("the pause is over");
  return true;
}

bool Governor::sit_out_strain(Context& context, Pass pass) {
  const auto since = Clock::now();
  do {
    if (Clock::now() - looked_ >= between_looks ||
        (step_ < Brake::holding && budget_may_be_spent(context, pass)))
      look(context, pass);
    if (step_ < Brake::holding)
      return true;
    if (give_up(context, pass, since))
      return false;
  } while (rest(context, pass));
  // What it waited for is why, rather than that the time is over.
  if (!context.stop)
    context.report.pass(pass).end(Outcome::throttled, worst_of(strains_)->what);
  return false;
}

/// \return whether waiting makes no sense, or has lasted long enough.
bool Governor::give_up(const Context& context, Pass pass,
                       Clock::time_point since) {
  const Strain* const worst = worst_of(strains_);
  const bool has_no_end = !context.deadline.left().has_value();
  if (!worst->is_hopeless && !(has_no_end && Clock::now() - since >= patience))
    return false;
  given_up_ = worst->what;
  return !context.may_go_on(pass);
}

bool Governor::await_turn(const Context& context, Pass pass) {
  const auto since = Clock::now();
  while (step_ > 0 && under_way_ >= workers() &&
         Clock::now() - since < longest_turn) {
    // Others are at work meanwhile, so that this is no time held back.
    std::this_thread::sleep_for(moment_of_rest);
    if (!context.may_go_on(pass))
      return false;
  }
  return true;
}

bool Governor::spend(const Context& context, std::int64_t rows) {
  const auto turn = rate_.take(rows, Clock::now());
  while (!context.must_stop()) {
    const auto left = turn - Clock::now();
    if (left <= Clock::duration::zero())
      return true;
    std::this_thread::sleep_for(
        std::min<Clock::duration>(left, moment_of_rest));
  }
  return options_.max_rate == 0;
}

bool Governor::budget_may_be_spent(const Context& context, Pass pass) const {
  return options_.max_dead_rows > 0 &&
         std::ranges::any_of(tables_, [&](const auto& entry) {
           return concerns(pass, entry.first) &&
                  rows_left_dead(context.report, entry.first) -
                          entry.second.cleaned_up >
                      options_.max_dead_rows;
         });
}

void Governor::look(Context& context, Pass pass) {
  looked_ = Clock::now();
  try {
    db::Session session = context.reading(pass).without_deadline();
    session.statement_timeout =
        std::min<milliseconds>(look_timeout, options_.statement_timeout);
    session.times = nullptr;
    const db::Pressure pressure = db::read_pressure(context.pool, session);
    note_unseen(pressure);
    std::vector<AddedRows> added;
    for (const db::TablePressure& table : pressure.tables)
      added.push_back({table.table, tables_[table.table].look(
                                        table, rows_left_dead(context.report,
                                                              table.table))});
    strains_ = strains(options_, pass, pressure, added);
    const int before = step_;
    step_ = brake_.step(strains_);
    note_step(before);
  } catch (const db::Error& error) {
    // A worker will find out as well if the server is gone.
    if (!std::exchange(told_blind_, true))
      spdlog::warn("{}; whether the database is under strain can't be seen",
                   error.what());
  }
}

bool Governor::heeds_neighbours() const {
  return options_.max_load > 0 && options_.command == Command::run;
}

void Governor::look_back(db::Pool& pool, db::Session session) {
  if (!heeds_neighbours())
    return;
  session.times = nullptr;
  try {
    neighbours_.wrote_before(db::read_recent_writes(pool, session),
                             Clock::now());
  } catch (const db::Error& error) {
    spdlog::debug("{}; whether others wrote can't be seen", error.what());
  }
  glance(pool, session);
}

void Governor::glance(db::Pool& pool, db::Session session) {
  if (!heeds_neighbours())
    return;
  session.times = nullptr;
  try {
    neighbours_.saw(db::read_writes(pool, session), Clock::now());
    be_courteous(pool, neighbours_.are_at_work(Clock::now()));
  } catch (const db::Error& error) {
    // Whoever was there is taken to be there still.
    spdlog::debug("{}; whether others write can't be seen", error.what());
  }
  glanced_ = Clock::now();
}

void Governor::be_courteous(db::Pool& pool, bool courteously) {
  if (courteously == is_courteous_)
    return;
  is_courteous_ = courteously;
  pool.gate().limit(courteously ? options_.max_load : 0);
  for (AdaptiveSize* const size : {&batch, &window, &slice})
    size->aim(courteously ? courteous : AdaptiveSize::target);
  if (courteously)
    spdlog::info(
        "others write to this server: at work for {} % of a session's "
        "time (--max-load), by small statements",
        options_.max_load);
  else
    spdlog::info("nobody else writes to this server: at full speed");
}

void Governor::note_unseen(const db::Pressure& pressure) {
  if (pressure.sees_all || std::exchange(told_unseen_, true))
    return;
  spdlog::info("{}", unseen_signals);
}

void Governor::note_step(int before) {
  const int now = step_;
  if (now == before)
    return;
  const Strain* const worst = worst_of(strains_);
  const std::string why = worst != nullptr ? worst->what : "";
  if (now == Brake::holding)
    spdlog::info("waiting: {}", why);
  else if (now > before)
    spdlog::info("slowing down to {} of {} workers: {}", workers(),
                 options_.concurrency, why);
  else if (now == 0)
    spdlog::info("back at full speed");
}

}  // namespace jobs
