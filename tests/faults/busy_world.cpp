#include "tests/faults/busy_world.hpp"

#include "tests/support/schema_era.hpp"

#include <fmt/format.h>

#include <chrono>
#include <thread>

namespace tests {
namespace {

const char* is_unlocked() {
  return schema_era().has_lock_column() ? "(a.locked = 0 OR p.locked = 0)"
                                        : "p.locked = 0";
}

}  // namespace

BusyWorld::BusyWorld() {
  options.batch_size = 100;
  options.window_size = 100;
  for (int project = 1; project <= projects; ++project) {
    add_many(unresolved / projects,
             {.locked = "2", .pipeline_locked = 1, .project_id = project});
    add_many(live / projects,
             {.expire_at = "now() + interval '1 day'", .project_id = project});
  }
  add_work();
}

void BusyWorld::refill() {
  if (schema_era().has_lock_column())
    database.run(
        "UPDATE ci_pipeline_artifacts SET locked = 2 WHERE expire_at < now()");
  add_work();
}

void BusyWorld::add_work() {
  constexpr int half = legacy / projects / 2;
  for (int project = 1; project <= projects; ++project) {
    add_many(unlocked / projects, {.project_id = project});
    add_many(half, {.locked = "1", .project_id = project, .size = 70});
    add_many(legacy / projects - half,
             {.locked = "NULL", .project_id = project, .size = 50});
  }
  for (int i = 0; i < entries; ++i)
    add_entry(fmt::format("queued/{}", i), "job.log");
}

std::vector<std::string> BusyWorld::command(
    const std::string& program, const std::vector<std::string>& more) const {
  std::vector<std::string> words{
      program,         "run", "--local-store", store.path(),
      "--batch-size",  "100", "--window-size", "100",
      "--concurrency", "2",   "--output",      "json",
      "--progress",    "none"};
  words.insert(words.end(), more.begin(), more.end());
  return words;
}

std::int64_t BusyWorld::eligible() {
  return database.number(
      std::string("SELECT count(*) FROM ci_pipeline_artifacts AS a "
                  "JOIN ci_pipelines AS p ON p.id = a.pipeline_id "
                  "WHERE a.expire_at < now() AND ") +
      is_unlocked());
}

std::int64_t BusyWorld::gone() {
  return doomed - eligible();
}

void BusyWorld::let_leases_end() {
  database.run("UPDATE ci_deleted_objects SET pick_up_at = now()");
}

void BusyWorld::wait_for_sessions() {
  while (database.number("SELECT count(*) FROM pg_stat_activity "
                         "WHERE datname = current_database() "
                         "AND application_name LIKE 'ci-janitor%'") > 0)
    std::this_thread::sleep_for(std::chrono::milliseconds{5});
}

std::vector<std::string> BusyWorld::left_over() {
  std::vector<std::string> found;
  const auto expect = [&](const char* what, std::int64_t count,
                          std::int64_t wanted) {
    if (count != wanted)
      found.push_back(fmt::format("{}: {}, not {}", what, count, wanted));
  };
  expect("eligible rows", eligible(), 0);
  expect("entries", entries_left(), 0);
  expect("rows", rows_left(), live + unresolved);
  expect("files", files_left(), live + unresolved);
  expect("live rows",
         database.number(
             std::string("SELECT count(*) FROM ci_pipeline_artifacts AS a "
                         "JOIN ci_pipelines AS p ON p.id = a.pipeline_id "
                         "WHERE a.expire_at > now() AND ") +
             is_unlocked()),
         live);
  return found;
}

nlohmann::json summary_of(const Ended& ended) {
  return nlohmann::json::parse(ended.out);
}

std::int64_t destroyed_in(const nlohmann::json& summary) {
  return summary.at("passes").at("unlocked").at("destroyed").get<int>() +
         summary.at("passes").at("legacy").at("destroyed").get<int>();
}

}  // namespace tests
