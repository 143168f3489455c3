#include "jobs/seed_jobs.hpp"

#include "jobs/open_redis.hpp"
#include "jobs/seed_chunks.hpp"
#include "jobs/seed_shapes.hpp"
#include "jobs/trace_text.hpp"

#include <algorithm>
#include <atomic>
#include <set>

namespace jobs {
namespace {

using db::ChunkStore;
using db::JobStatus;
using db::SeedJob;
using db::SeedJobsPlan;
using db::SeedTrace;

/// GitLab 15.5's; see gitlab-rails' has_status.
bool is_cancelable(const SeedJob& job) {
  return !db::is_completed(job.status) && job.status != JobStatus::manual;
}

bool may_have_trace(const SeedJob& job) {
  return job.dropped_before ||
         (job.status == JobStatus::running && job.type == "Ci::Build");
}

/// Calls \a met for every job, as they are numbered, with its user and pipeline
/// from 0 on.
template <typename Met>
void for_each_job(const SeedJobsPlan& plan, const Met& met) {
  for (std::int64_t pipeline = 0; pipeline < plan.pipelines(); ++pipeline) {
    const auto turn = static_cast<std::size_t>(pipeline) % plan.shapes.size();
    for (const SeedJob& job : plan.shapes[turn].jobs)
      met(job, pipeline / plan.pipelines_per_user, pipeline);
  }
}

/// Calls \a met for every live trace, with its job, user, and number.
template <typename Met>
void for_each_trace(const SeedJobsPlan& plan, const Met& met) {
  std::int64_t place = 0;
  for_each_job(plan, [&](const SeedJob& job, std::int64_t user, std::int64_t) {
    if (may_have_trace(job) && place++ % plan.trace_every == 0)
      met(job, user, (place - 1) / plan.trace_every);
  });
}

const SeedTrace& trace_of(const SeedJobsPlan& plan, std::int64_t number) {
  return plan.traces[static_cast<std::size_t>(number) % plan.traces.size()];
}

ChunkStore store_of(const SeedJobsPlan& plan, std::int64_t number) {
  return plan.chunk_stores[static_cast<std::size_t>(number) %
                           plan.chunk_stores.size()];
}

std::int64_t count_chunks(const SeedTrace& trace) {
  return std::ranges::count_if(
      trace, [](const auto& chunk) { return chunk.has_value(); });
}

void expect(const SeedTrace& trace, ExpectedJobs& expected) {
  expected.chunks += count_chunks(trace);
  if (count_chunks(trace) < std::ssize(trace))
    ++expected.partial;
  else if (trace == SeedTrace{0})
    ++expected.empty;
  else
    ++expected.archived;
}

SeedJobsPlan headline_jobs(std::int64_t jobs) {
  constexpr std::int64_t jobs_of_user = 20;
  return {.blocked_users = jobs / jobs_of_user,
          .other_users = {},
          .pipelines_per_user = 4,
          .shapes = running_shape(),
          .traces = {{chunk_size, chunk_size, chunk_size}},
          .trace_every = 10};
}

SeedJobsPlan jobs_of(const SeedOptions& options) {
  if (options.profile == Profile::headline)
    return options.jobs ? headline_jobs(*options.jobs) : SeedJobsPlan{};
  const bool is_smoke = options.profile == Profile::smoke;
  return {.blocked_users = is_smoke ? 6 : 40,
          .other_users = {"active", "ldap_blocked", "banned", "deactivated"},
          .pipelines_per_user = is_smoke ? 4 : 5,
          .shapes = every_shape(),
          .traces = every_trace()};
}

/// A third of the traces in the bucket, and as many in Redis as in the
/// database.
std::vector<ChunkStore> chunk_stores_of(const SeedOptions& options) {
  const ChunkStore other =
      options.redis ? ChunkStore::trace_chunks : ChunkStore::database;
  std::vector<ChunkStore> turns{ChunkStore::database, other};
  if (options.object_store)
    turns.push_back(ChunkStore::object_storage);
  return turns;
}

}  // namespace

SeedJobsPlan plan_jobs(const SeedOptions& options, std::int64_t projects) {
  SeedJobsPlan plan = jobs_of(options);
  plan.random_seed = options.random_seed;
  plan.projects = projects;
  plan.chunk_stores = chunk_stores_of(options);
  return plan;
}

MadeJobs count_made(const SeedJobsPlan& plan) {
  MadeJobs made{.users = plan.users(),
                .blocked_users = plan.blocked_users,
                .pipelines = plan.pipelines()};
  for_each_job(
      plan, [&](const SeedJob&, std::int64_t, std::int64_t) { ++made.jobs; });
  for_each_trace(plan, [&](const SeedJob&, std::int64_t, std::int64_t number) {
    const std::int64_t chunks = count_chunks(trace_of(plan, number));
    const ChunkStore store = store_of(plan, number);
    ++made.traces;
    made.chunks += chunks;
    if (store == ChunkStore::trace_chunks)
      made.chunks_in_redis += chunks;
    if (store == ChunkStore::object_storage)
      made.chunks_in_bucket += chunks;
  });
  return made;
}

ExpectedJobs expect(const SeedJobsPlan& plan) {
  ExpectedJobs expected{.schedules = plan.blocked_users};
  std::set<std::int64_t> users;
  std::set<std::int64_t> pipelines;
  for_each_job(
      plan, [&](const SeedJob& job, std::int64_t user, std::int64_t pipeline) {
        if (user >= plan.blocked_users || !is_cancelable(job))
          return;
        ++expected.dropped;
        users.insert(user);
        pipelines.insert(pipeline);
      });
  expected.users = std::ssize(users);
  expected.pipelines = std::ssize(pipelines);
  for_each_trace(
      plan, [&](const SeedJob& job, std::int64_t user, std::int64_t number) {
        if (user < plan.blocked_users || job.dropped_before)
          expect(trace_of(plan, number), expected);
      });
  return expected;
}

void add_jobs(db::SeedDatabase& database, const SeedJobsPlan& plan,
              const SeedOptions& options, SeedBucket* bucket) {
  if (plan.users() == 0)
    return;
  Options servers;
  servers.redis = options.redis;
  const std::atomic<bool> never_stop{false};
  const RedisServers redis(servers, never_stop);
  db::SeedJobs jobs(database.session(), database.base());
  jobs.fill(plan);
  put_chunks(jobs, redis.chunks(), bucket);
}

}  // namespace jobs
