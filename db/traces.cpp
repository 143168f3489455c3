#include "db/traces.hpp"

#include "db/trace_queries.hpp"

namespace db {
namespace {

using Numbers = std::vector<std::int64_t>;

TraceArtifact read_artifact(const Row& row) {
  return {.id = row.integer(0),
          .job_id = row.integer(1),
          .created_at = row.moment(2),
          .has_file = row.boolean(3),
          .file_store = row.integer(4),
          .sha256 = std::string(row.text(5))};
}

/// The four columns by which a chunk is told from itself after a change.
Parameters& add_chunks(Parameters& parameters,
                       const std::vector<Chunk>& chunks) {
  Numbers ids;
  Numbers builds;
  Numbers versions;
  Numbers stores;
  for (const Chunk& chunk : chunks) {
    ids.push_back(chunk.id);
    builds.push_back(chunk.build_id);
    versions.push_back(chunk.lock_version);
    stores.push_back(chunk.data_store);
  }
  return parameters.add(ids).add(builds).add(versions).add(stores);
}

Parameters add_stored(const std::vector<StoredTrace>& stored) {
  Numbers ids;
  Numbers jobs;
  Numbers stores;
  Numbers sizes;
  std::vector<std::string> sha256;
  std::vector<std::string> md5;
  for (const StoredTrace& trace : stored) {
    ids.push_back(trace.artifact_id);
    jobs.push_back(trace.job_id);
    stores.push_back(trace.file_store);
    sizes.push_back(trace.size);
    sha256.push_back(trace.sha256);
    md5.push_back(trace.md5);
  }
  return Parameters().add(ids).add(jobs).add(stores).add(sizes).add(sha256).add(
      md5);
}

Numbers partitions_of(const std::vector<StoredTrace>& stored) {
  Located rows;
  for (const StoredTrace& trace : stored)
    rows.add(trace.artifact_id, trace.partition_id);
  return rows.partitions;
}

Parameters walk_parameters(const TraceSelection& selection, std::int64_t after,
                           std::int64_t limit) {
  return Parameters()
      .add(after)
      .add(limit)
      .add(std::int64_t{selection.settle.count()})
      .add(std::int64_t{selection.stale})
      .add(selection.projects.projects)
      .add(selection.projects.except_projects)
      .add(selection.projects.shard.count)
      .add(selection.projects.shard.index);
}

}  // namespace

TraceWalk Traces::walk(const Session& session, const TraceSelection& selection,
                       std::int64_t after, std::int64_t limit) const {
  TraceWalk walk;
  std::int64_t met = 0;
  execute(
      pool_, session, walk_traces_query(),
      walk_parameters(selection, after, limit), [&](const Row& row) {
        ++met;
        walk.last = row.integer(0);
        if (const auto due_in = row.maybe_integer(3))
          walk.traces.push_back({row.integer(0), row.integer(1), row.integer(2),
                                 std::chrono::milliseconds{*due_in}});
      });
  if (met < limit)
    walk.last.reset();
  return walk;
}

std::vector<Chunk> Traces::chunks(
    const Session& session, const std::vector<std::int64_t>& builds) const {
  std::vector<Chunk> chunks;
  execute(pool_, session, chunks_query(), Parameters().add(builds),
          [&](const Row& row) {
            chunks.push_back({.id = row.integer(0),
                              .build_id = row.integer(1),
                              .index = row.integer(2),
                              .data_store = row.integer(3),
                              .lock_version = row.integer(4),
                              .raw_length = row.maybe_integer(5),
                              .was_written = row.boolean(6)});
          });
  return chunks;
}

void Traces::read(
    const Session& session, const std::vector<std::int64_t>& ids,
    const std::function<void(std::int64_t, std::string_view)>& sink) const {
  execute(pool_, session, chunk_bytes_query(), Parameters().add(ids),
          [&](const Row& row) { sink(row.integer(0), row.text(1)); });
}

std::vector<TraceArtifact> Traces::artifacts(const Session& session,
                                             const Located& builds) const {
  std::vector<TraceArtifact> rows;
  execute(pool_, session, trace_artifacts_query(),
          Parameters().add(builds.ids).add(builds.partitions),
          [&](const Row& row) { rows.push_back(read_artifact(row)); });
  return rows;
}

std::optional<std::int64_t> Traces::recent_archive_store(
    const Session& session) const {
  std::optional<std::int64_t> store;
  execute(pool_, session, recent_archive_store_query(), Parameters(),
          [&](const Row& row) { store = row.integer(0); });
  return store;
}

std::vector<TraceArtifact> Traces::insert(const Session& session,
                                          const Located& builds) const {
  std::vector<TraceArtifact> rows;
  // To say it again does no harm: what is there already is left out, and found
  // by the next look.
  execute_repeatable(
      pool_, session, insert_trace_query(),
      Parameters().add(builds.ids).add(builds.partitions),
      [&](const Row& row) { rows.push_back(read_artifact(row)); });
  return rows;
}

std::vector<std::int64_t> Traces::complete(
    const Session& session, const std::vector<StoredTrace>& stored,
    const std::vector<Chunk>& chunks) const {
  std::vector<std::int64_t> jobs;
  Parameters parameters = add_stored(stored);
  add_chunks(parameters, chunks).add(partitions_of(stored));
  execute_repeatable(pool_, session, complete_trace_query(), parameters,
                     [&](const Row& row) { jobs.push_back(row.integer(0)); });
  return jobs;
}

std::int64_t Traces::forget(const Session& session,
                            const std::vector<Chunk>& chunks) const {
  std::int64_t forgotten = 0;
  Parameters parameters;
  execute_repeatable(pool_, session, forget_chunks_query(),
                     add_chunks(parameters, chunks),
                     [&](const Row& row) { forgotten = row.integer(0); });
  return forgotten;
}

std::vector<Statement> Traces::statements() const {
  const Chunk chunk;
  const StoredTrace trace;
  const Numbers ids{0};
  Parameters complete = add_stored({trace});
  add_chunks(complete, {chunk}).add(ids);
  Parameters forget;
  add_chunks(forget, {chunk});
  constexpr const char* table = "ci_build_trace_chunks";
  constexpr const char* index = "ci_build_trace_chunks (build_id, chunk_index)";
  return {
      {"traces", walk_traces_query(), walk_parameters({}, 0, 100), true, table,
       index},
      {"traces", chunks_query(), Parameters().add(ids), true, table, index},
      {"traces", chunk_bytes_query(), Parameters().add(ids), true, table,
       nullptr},
      {"traces", trace_artifacts_query(), Parameters().add(ids).add(ids), true,
       "ci_job_artifacts", "ci_job_artifacts (job_id, file_type)"},
      {"traces", recent_archive_store_query(), Parameters(), true,
       "ci_job_artifacts", nullptr},
      {"traces", insert_trace_query(), Parameters().add(ids).add(ids), false,
       "ci_builds", nullptr},
      {"traces", complete_trace_query(), complete, false, "ci_job_artifacts",
       nullptr},
      {"traces", forget_chunks_query(), forget, false, table, nullptr},
  };
}

}  // namespace db
