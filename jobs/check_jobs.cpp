#include "jobs/check_jobs.hpp"

#include "db/traces.hpp"
#include "db/users.hpp"
#include "jobs/archive_store.hpp"
#include "jobs/choices.hpp"
#include "jobs/chunk_reader.hpp"
#include "jobs/traces_pass.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace jobs {
namespace {

using telemetry::Pass;

std::string state_of(const std::vector<db::UserState>& states,
                     std::int64_t user) {
  const auto found = std::ranges::find(states, user, &db::UserState::id);
  return found == states.end() ? "not there"
                               : fmt::format("'{}'", found->state);
}

Finding look_at(stores::Redis& redis) {
  redis.ping();
  const std::string policy = redis.eviction_policy();
  if (policy.starts_with("allkeys"))
    return {Level::warning, "redis",
            fmt::format("{} evicts any key when its memory is full "
                        "(maxmemory-policy {}), and with it live traces; set "
                        "noeviction",
                        redis.description(), policy)};
  return {Level::ok, "redis", redis.description() + " answers"};
}

/// Those that would be archived now, or soon, among the first that are met.
std::vector<std::int64_t> builds_with_traces(Installation& installation,
                                             const db::Traces& traces) {
  std::vector<std::int64_t> builds;
  for (const db::LiveTrace& trace :
       traces
           .walk(installation.session(), trace_selection(installation.options),
                 0, 1000)
           .traces)
    builds.push_back(trace.build_id);
  return builds;
}

bool needs_redis(const db::Chunk& chunk, const RedisServers& redis) {
  using enum db::ChunkStore;
  return (is_in(chunk, trace_chunks) && redis.chunks() == nullptr) ||
         (is_in(chunk, shared_state) && redis.shared_state() == nullptr);
}

bool is_in_bucket(const db::Chunk& chunk) {
  return is_in(chunk, db::ChunkStore::object_storage);
}

Finding examine_archive_store(Installation& installation,
                              const db::Traces& traces) {
  const std::int64_t file_store =
      archive_store(installation.options, installation.stores, traces,
                    installation.session());
  if (const stores::Store* const store = installation.stores.find(file_store))
    return {Level::ok, "traces", "archives go to " + store->description()};
  return {Level::fail, "traces",
          no_archive_store(installation.options, file_store)};
}

}  // namespace

bool check_job_tables(Installation& installation, Findings& findings) {
  if (!installation.wants(Pass::builds) && !installation.wants(Pass::traces))
    return false;
  if (!installation.catalog.has_builds()) {
    findings.push_back({Level::ok, "jobs", "there is no table of jobs here"});
    return false;
  }
  auto sentences = installation.catalog.unserved_builds();
  if (installation.main)
    std::ranges::move(installation.main->catalog.unserved_builds(),
                      std::back_inserter(sentences));
  for (const std::string& sentence : sentences)
    findings.push_back({Level::fail, "jobs",
                        sentence +
                            "; leave the passes builds and traces out with "
                            "--passes unlocked,legacy,objects"});
  if (sentences.empty())
    findings.push_back(
        {Level::ok, "jobs",
         statuses_to_drop(installation.options, installation.catalog).reason});
  return sentences.empty();
}

void check_users(Installation& installation, Findings& findings) {
  const std::vector<std::int64_t>& users = installation.options.users;
  if (users.empty() || !installation.wants(Pass::builds))
    return;
  const auto states = db::user_states(installation.main_pool(),
                                      installation.main_session(), users);
  for (const std::int64_t user : users)
    if (const std::string state = state_of(states, user); state != "'blocked'")
      findings.push_back(
          {Level::fail, "users",
           fmt::format("user {} is {}, not 'blocked', so nothing of theirs is "
                       "dropped; block them in GitLab first, or leave --user "
                       "out",
                       user, state)});
}

void check_redis(Installation& installation, Findings& findings) {
  for (stores::Redis* const redis : installation.redis.all()) {
    try {
      findings.push_back(look_at(*redis));
    } catch (const stores::StoreUnreachable& error) {
      if (installation.options.command != Command::check)
        throw;
      findings.push_back({Level::fail, "redis", error.what()});
    } catch (const stores::StoreError& error) {
      findings.push_back({Level::fail, "redis", error.what()});
    }
  }
  if (installation.redis.shared_state() == nullptr)
    findings.push_back(
        {Level::warning, "redis",
         "none was given: traces in Redis are out of reach, and GitLab's locks "
         "on traces and pipelines can't be taken, so that a live GitLab at the "
         "same trace does the work twice; give --redis URL"});
}

void check_traces(Installation& installation, Findings& findings) {
  if (!installation.wants(Pass::traces) || !installation.store_trouble.empty())
    return;
  const db::Traces traces(installation.pool);
  const auto builds = builds_with_traces(installation, traces);
  if (!builds.empty())
    findings.push_back(examine_archive_store(installation, traces));
  const auto chunks = traces.chunks(installation.session(), builds);
  if (installation.stores.chunks() == nullptr &&
      std::ranges::any_of(chunks, is_in_bucket))
    findings.push_back({Level::fail, "traces",
                        "traces that are to be archived are in object storage; "
                        "give --object-store s3://BUCKET, or leave the pass "
                        "out with --passes"});
  if (std::ranges::any_of(chunks, [&](const db::Chunk& chunk) {
        return needs_redis(chunk, installation.redis);
      }))
    findings.push_back({Level::fail, "traces",
                        "traces that are to be archived are in Redis; give "
                        "--redis URL (and --redis-shared-state URL if that is "
                        "another), or leave the pass out with --passes"});
}

}  // namespace jobs
