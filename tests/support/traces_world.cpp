#include "tests/support/traces_world.hpp"

#include "tests/support/schema_era.hpp"
#include "tests/support/some_bytes.hpp"

#include <fmt/format.h>
#include <libpq-fe.h>

#include <algorithm>
#include <iterator>
#include <memory>
#include <sstream>

namespace tests {
namespace {

constexpr const char* keys_of_leases = "gitlab:exclusive_lease:*";

/// \param printed as PostgreSQL prints a bytea: "\x6a6f62".
std::string bytes_of(const std::string& printed) {
  std::size_t length = 0;
  const std::unique_ptr<unsigned char, decltype(&PQfreemem)> bytes(
      PQunescapeBytea(reinterpret_cast<const unsigned char*>(printed.c_str()),
                      &length),
      PQfreemem);
  return {reinterpret_cast<const char*>(bytes.get()), length};
}

void lay_over(std::string& text, std::size_t at, const std::string& bytes) {
  text.resize(std::max(text.size(), at + bytes.size()));
  text.replace(at, bytes.size(), bytes);
}

}  // namespace

TracesWorld::TracesWorld() : pipeline(builds.pipeline(builds.user())) {
  options.passes = {telemetry::Pass::traces};
  options.trace_settle = std::chrono::seconds{0};
  options.redis = redis.url();
  options.redis_shared_state = shared_state.url();
}

std::int64_t TracesWorld::trace(const std::string& text,
                                const std::vector<int>& data_stores) {
  const std::int64_t job = builds.dropped_job(next_pipeline());
  for (std::size_t at = 0, i = 0; at < text.size(); at += full_chunk, ++i)
    chunk(job, static_cast<int>(i), text.substr(at, full_chunk),
          data_stores[i % data_stores.size()]);
  texts[job] = text;
  return job;
}

std::int64_t TracesWorld::next_pipeline() {
  const std::size_t wanted = schema_era().is_partitioned() ? 3 : 1;
  while (pipelines_.size() < wanted)
    pipelines_.push_back(builds.pipeline(builds.user()));
  return pipelines_[texts.size() % wanted];
}

void TracesWorld::traces(int count, const std::vector<int>& data_stores) {
  for (int i = 0; i < count; ++i) {
    const auto seed = static_cast<unsigned>(i + 1);
    trace(some_bytes((seed % 3) * full_chunk + 100 + seed, seed), data_stores);
  }
}

std::int64_t TracesWorld::chunk(std::int64_t job, int index,
                                const std::string& bytes, int data_store) {
  return data_store == in_database
             ? builds.chunk(job, index, bytes)
             : builds.chunk(server(data_store), job, index, bytes, data_store);
}

RedisServer& TracesWorld::server(int data_store) {
  return data_store == in_shared_state ? shared_state : redis;
}

std::string TracesWorld::chunk_key(std::int64_t job, int index) {
  return fmt::format("gitlab:ci:trace:{}:chunks:{}", job, index);
}

std::string TracesWorld::lock_key(std::int64_t job) {
  return fmt::format("gitlab:exclusive_lease:trace:write:lock:{}", job);
}

void TracesWorld::let_leases_end() {
  std::istringstream keys(
      shared_state.command({"KEYS", keys_of_leases}).value_or(""));
  for (std::string key; std::getline(keys, key);)
    shared_state.command({"DEL", key});
}

telemetry::PassReport& TracesWorld::archive() {
  return run().pass(telemetry::Pass::traces);
}

std::vector<std::string> TracesWorld::command(
    const std::string& program) const {
  return {program,
          "run",
          "--passes",
          "traces",
          "--trace-settle",
          "0",
          "--local-store",
          store.path(),
          "--redis",
          redis.url(),
          "--redis-shared-state",
          shared_state.url(),
          "--output",
          "json",
          "--progress",
          "none"};
}

std::string TracesWorld::kept(std::int64_t job) {
  std::string text = builds.archive(job);
  if (text == "(none)" || text == "(no object)")
    text.clear();
  for (const auto& row : database.rows(
           fmt::format("SELECT chunk_index, data_store, coalesce(raw_data, '') "
                       "FROM ci_build_trace_chunks WHERE build_id = {}",
                       job))) {
    const int index = std::stoi(row[0]);
    const int where = std::stoi(row[1]);
    lay_over(text, static_cast<std::size_t>(index) * full_chunk,
             where == in_database
                 ? bytes_of(row[2])
                 : server(where).get(chunk_key(job, index)).value_or(""));
  }
  return text;
}

std::map<std::int64_t, std::string> TracesWorld::compared() const {
  std::map<std::int64_t, std::string> result = texts;
  for (const std::int64_t job : set_aside)
    result.erase(job);
  return result;
}

std::vector<std::string> TracesWorld::lost_traces() {
  std::vector<std::string> found;
  for (const auto& [job, text] : compared())
    if (kept(job) != text)
      found.push_back(fmt::format("6: bytes of job {} are lost", job));
  return found;
}

std::vector<std::string> TracesWorld::losses() {
  std::vector<std::string> found = builds.violations();
  std::ranges::move(lost_traces(), std::back_inserter(found));
  return found;
}

std::vector<std::string> TracesWorld::left_over() {
  std::vector<std::string> found = losses();
  const auto expect = [&](const char* what, std::int64_t count,
                          std::int64_t wanted) {
    if (count != wanted)
      found.push_back(fmt::format("{}: {}, not {}", what, count, wanted));
  };
  for (const auto& [job, text] : compared())
    if (builds.archive(job) != text)
      found.push_back(fmt::format("job {} is not archived", job));
  expect("chunks", chunk_rows(), 0);
  expect("keys", static_cast<std::int64_t>(redis.keys()), 0);
  expect("keys of the shared state",
         static_cast<std::int64_t>(shared_state.keys()), 0);
  expect("artifacts", database.number("SELECT count(*) FROM ci_job_artifacts"),
         std::ssize(texts));
  expect("files", files_left(), std::ssize(texts));
  return found;
}

std::int64_t TracesWorld::chunk_rows() {
  return database.number("SELECT count(*) FROM ci_build_trace_chunks");
}

}  // namespace tests
