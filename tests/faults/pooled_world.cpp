#include "tests/faults/pooled_world.hpp"

#include <fmt/format.h>
#include <tbb/global_control.h>
#include <tbb/task_arena.h>

#include <chrono>
#include <thread>

namespace tests {

PooledWorld::PooledWorld(const std::vector<std::string>& settings)
    : pooler(settings) {
  options.concurrency = 8;
  options.batch_size = 10;
  options.window_size = 20;
  options.trace_settle = std::chrono::seconds{0};
  for (int project = 1; project <= projects; ++project)
    add_project(project);
  for (int entry = 0; entry < 20; ++entry)
    add_entry(fmt::format("queued/{}", entry), "job.log");
  const std::int64_t users[] = {jobs.user(), jobs.user(), jobs.user()};
  for (int pipeline = 0; pipeline < pipelines; ++pipeline)
    add_pipeline(users[pipeline % 3]);
}

void PooledWorld::add_project(int project) {
  add_live(project);
  add_many(10, {.project_id = project});
  add_many(5, {.locked = "2", .project_id = project, .size = 70});
}

void PooledWorld::add_pipeline(std::int64_t user) {
  const auto pipeline = jobs.pipeline(user);
  add_trace(jobs.job(pipeline));
  add_trace(jobs.dropped_job(pipeline));
  jobs.job(pipeline, {.status = "pending", .stage = 1});
  jobs.job(pipeline, {.status = "created", .stage = 1});
}

void PooledWorld::add_trace(std::int64_t job) {
  const std::string text = fmt::format("the log of job {}\n", job);
  jobs.chunk(job, 0, text);
  traces_.emplace_back(job, text);
}

telemetry::Report& PooledWorld::run_wide() {
  const tbb::global_control threads(
      tbb::global_control::max_allowed_parallelism, options.concurrency);
  tbb::task_arena workers(static_cast<int>(options.concurrency));
  return *workers.execute([&] { return &run(); });
}

std::vector<std::string> PooledWorld::left_over() {
  std::vector<std::string> found = violations();
  for (const std::string& violation : jobs.violations())
    found.push_back(violation);
  const auto expect = [&](const std::string& what, std::int64_t count,
                          std::int64_t wanted) {
    if (count != wanted)
      found.push_back(fmt::format("{}: {}, not {}", what, count, wanted));
  };
  expect("rows", rows_left(), projects);
  expect("entries", entries_left(), 0);
  expect("dropped jobs",
         database.number(
             "SELECT count(*) FROM ci_builds WHERE failure_reason = 14"),
         to_drop + pipelines);
  expect("chunks",
         database.number("SELECT count(*) FROM ci_build_trace_chunks"), 0);
  expect("files", files_left(), projects + 2 * pipelines);
  for (const auto& [job, text] : traces_)
    if (jobs.archive(job) != text)
      found.push_back(fmt::format("the trace of job {}", job));
  return found;
}

void PooledWorld::let_leases_end() {
  database.run("UPDATE ci_deleted_objects SET pick_up_at = now()");
}

void PooledWorld::wait_for_server() {
  while (database.number("SELECT count(*) FROM pg_stat_activity "
                         "WHERE datname = current_database() "
                         "AND pid <> pg_backend_pid() AND state <> 'idle'") > 0)
    std::this_thread::sleep_for(std::chrono::milliseconds{5});
}

}  // namespace tests
