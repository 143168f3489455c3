#include "tests/support/trace_gitlab.hpp"

#include "stores/digest.hpp"
#include "tests/support/schema_era.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <memory>

namespace tests {
namespace {

std::string digest_of(const char* algorithm, const std::string& bytes) {
  stores::Digest digest(algorithm);
  digest.update(bytes);
  return digest.hex();
}

}  // namespace

TraceGitlab::Steps TraceGitlab::flush(std::int64_t job, int index) {
  const std::string key = TracesWorld::chunk_key(job, index);
  return {[=, this] { move_into_row(job, index); },
          [=, this] {
            world_.redis.command({"DEL", key});
          }};
}

void TraceGitlab::move_into_row(std::int64_t job, int index) {
  const auto bytes = world_.redis.get(TracesWorld::chunk_key(job, index));
  if (bytes)
    world_.database.run(fmt::format(
        "UPDATE ci_build_trace_chunks SET raw_data = '\\x{}', data_store = 2, "
        "checksum = '0', lock_version = lock_version + 1 "
        "WHERE build_id = {} AND chunk_index = {} AND data_store = 4",
        stores::hex_of(*bytes), job, index));
}

TraceGitlab::Steps TraceGitlab::archive(std::int64_t job) {
  struct State {
    bool leaves_off = false;
    std::string text;
  };
  const auto state = std::make_shared<State>();
  const auto unless_left = [state](auto step) {
    return [=] {
      if (!state->leaves_off)
        step();
    };
  };
  return {[=, this] {
            state->leaves_off = world_.builds.archive(job) != "(none)";
            if (state->leaves_off)
              forget_chunks(job);
            else
              world_.database.run(fmt::format(
                  "DELETE FROM ci_job_artifacts WHERE job_id = {}", job));
          },
          unless_left([=, this] {
            state->leaves_off = world_.builds.chunks_left(job) == 0;
            state->text = world_.kept(job);
          }),
          unless_left([=, this] {
            try {
              insert_archive(job, state->text);
            } catch (const std::runtime_error&) {
              state->leaves_off = true;  // somebody has made a row meanwhile
            }
          }),
          unless_left([=, this] { store_archive(job, state->text); }),
          unless_left([=, this] { forget_chunks(job); })};
}

bool TraceGitlab::archive_under_lock(std::int64_t job) {
  const std::string lock = TracesWorld::lock_key(job);
  if (!world_.shared_state.command({"SET", lock, "gitlab", "NX"}))
    return false;
  for (const auto& step : archive(job))
    step();
  world_.shared_state.command({"DEL", lock});
  return true;
}

bool TraceGitlab::append(std::int64_t job, const std::string& bytes) {
  std::string& text = world_.texts[job];
  const std::size_t used = text.size() % full_chunk;
  const std::size_t room = (full_chunk - used) % full_chunk;
  int index = static_cast<int>(text.size() / full_chunk);
  if (room > 0) {
    const std::string key = TracesWorld::chunk_key(job, index++);
    if (world_.redis.command({"STRLEN", key}) != std::to_string(used))
      return false;
    world_.redis.command({"APPEND", key, bytes.substr(0, room)});
  }
  for (std::size_t at = room; at < bytes.size(); at += full_chunk, ++index)
    world_.chunk(job, index, bytes.substr(at, full_chunk), in_redis);
  text += bytes;
  return true;
}

std::int64_t TraceGitlab::insert_archive(std::int64_t job,
                                         const std::string& text) {
  // Not ON CONFLICT: a view that fills in what is left out can't do it.
  const char* const metadata =
      schema_era().has_trace_metadata()
          ? ", known AS (UPDATE ci_build_trace_metadata SET "
            "trace_artifact_id = a.id, checksum = '{3}', archived_at = now() "
            "FROM a WHERE build_id = {0} RETURNING build_id), "
            "new AS (INSERT INTO ci_build_trace_metadata (build_id, "
            "trace_artifact_id, checksum, archived_at) "
            "SELECT {0}, id, '{3}', now() FROM a "
            "WHERE NOT EXISTS (SELECT FROM known)) "
          : " ";
  return world_.database.number(fmt::format(
      fmt::runtime(
          std::string("WITH a AS (INSERT INTO ci_job_artifacts (project_id, "
                      "job_id, file_type, file, file_store, file_sha256, "
                      "size, created_at, updated_at) VALUES (1, {0}, 3, "
                      "'job.log', 1, '{1}', {2}, now(), now()) "
                      "RETURNING id)") +
          metadata + "SELECT id FROM a"),
      job, digest_of("SHA256", text), text.size(), digest_of("MD5", text)));
}

void TraceGitlab::store_archive(std::int64_t job, const std::string& text) {
  world_.store.write(path(job), text);
}

std::int64_t TraceGitlab::insert_row_without_file(
    std::int64_t job, const std::string& created_at) {
  return world_.database.number(fmt::format(
      "INSERT INTO ci_job_artifacts (project_id, job_id, file_type, "
      "created_at, updated_at) VALUES (1, {}, 3, {}, now()) RETURNING id",
      job, created_at));
}

std::string TraceGitlab::path(std::int64_t job) {
  return world_.database.value(fmt::format(
      "SELECT substr(h, 1, 2) || '/' || substr(h, 3, 2) || '/' || h || '/' || "
      "to_char(created_at AT TIME ZONE 'UTC', 'YYYY_MM_DD') || '/' || job_id "
      "|| '/' || id || '/job.log' FROM (SELECT *, "
      "encode(sha256(project_id::text::bytea), 'hex') AS h "
      "FROM ci_job_artifacts) AS a WHERE job_id = {}",
      job));
}

/// fast_destroy_all: the rows, then what is behind them.
void TraceGitlab::forget_chunks(std::int64_t job) {
  for (const auto& row : world_.database.rows(
           fmt::format("DELETE FROM ci_build_trace_chunks WHERE build_id = {} "
                       "RETURNING chunk_index, data_store",
                       job)))
    world_.server(std::stoi(row[1]))
        .command({"DEL", TracesWorld::chunk_key(job, std::stoi(row[0]))});
}

}  // namespace tests
