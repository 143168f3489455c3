#include "jobs/trace_archiver.hpp"

#include "db/retry.hpp"
#include "jobs/trace_check.hpp"
#include "jobs/trace_forgetter.hpp"
#include "jobs/trace_loader.hpp"
#include "stores/digest.hpp"
#include "telemetry/fault_point.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <thread>

namespace jobs {
namespace {

using telemetry::fault_point;
using telemetry::Pass;
using Ids = std::vector<std::int64_t>;

// A live GitLab moves a chunk in milliseconds.
constexpr int most_looks = 3;
constexpr std::chrono::milliseconds between_looks{50};

}  // namespace

TraceArchiver::TraceArchiver(Context& context, stores::Store& store,
                             std::int64_t file_store)
    : context_(context),
      store_(store),
      file_store_(file_store),
      reader_(context) {}

void TraceArchiver::archive(std::span<const db::LiveTrace> batch) {
  const auto began = std::chrono::steady_clock::now();
  telemetry::PassReport& report = context_.report.pass(Pass::traces);
  TraceLease lease(context_, batch);
  Traces traces;
  for (std::size_t i = 0; i < batch.size(); ++i)
    if (lease.held(i))
      traces.push_back({.build_id = batch[i].build_id,
                        .project_id = batch[i].project_id,
                        .partition_id = batch[i].partition_id,
                        .chunks = {},
                        .extents = {},
                        .artifact = {},
                        .values = {},
                        .objects = {},
                        .lease = &lease});
    else
      ++report.skipped;
  for (int tries = 0; !traces.empty() && tries < most_looks; ++tries) {
    if (tries > 0)
      std::this_thread::sleep_for(between_looks);
    traces = attempt(std::move(traces));
  }
  report.skipped += std::ssize(traces);
  context_.batch_done(Pass::traces, counted_, counted_bytes_, began);
}

/// \return those that have to be looked at again.
Traces TraceArchiver::attempt(Traces traces) {
  Traces to_store;
  Traces to_forget;
  Traces again = load_traces(context_, reader_, traces);
  TraceWatch watch(reader_, context_.only_plans() ? Traces{} : traces);
  for (Trace& trace : traces)
    if (!trace.chunks.empty() && may_be_archived(trace, to_forget))
      to_store.push_back(std::move(trace));

  if (!context_.only_plans()) {
    give_rows(to_store);
    fault_point("traces.after_row");
    Stored stored;
    for (Trace& trace : to_store)
      if (!trace.artifact || !store_one(trace, stored))
        again.push_back(std::move(trace));
    fault_point("traces.before_complete");
    std::ranges::move(complete(std::move(stored), to_forget),
                      std::back_inserter(again));
    fault_point("traces.before_forget");
    forget_chunks(context_, to_forget, watch);
  }
  std::erase_if(again, [](const Trace& trace) { return trace.chunks.empty(); });
  return again;
}

/// Sort out what needs no archive, or can't have one.
bool TraceArchiver::may_be_archived(Trace& trace, Traces& to_forget) {
  for (const db::Chunk& chunk : trace.chunks)
    if (const auto why = reader_.out_of_reach(chunk)) {
      trace_problem(context_, trace, *why);
      return false;
    }
  const TraceWorth worth = worth_of(trace.extents);
  if (trace.artifact && trace.artifact->has_file) {
    if (is_archived_already(trace))
      to_forget.push_back(std::move(trace));
    return false;
  }
  if (worth == TraceWorth::lost) {
    if (trace_problem(context_, trace,
                      fmt::format("the trace of job {} is lost: {} chunks, "
                                  "and none of their bytes is where it should "
                                  "be; the rows are kept",
                                  trace.build_id, trace.chunks.size())))
      ++context_.report.pass(Pass::traces).lost;
    return false;
  }
  if (worth == TraceWorth::empty || context_.only_plans())
    count(trace, worth);
  if (worth == TraceWorth::empty) {
    note_empty(trace);
    to_forget.push_back(std::move(trace));
  }
  return worth != TraceWorth::empty && !context_.only_plans();
}

/// Its keys go as any others do: only if nobody wrote to them meanwhile.
void TraceArchiver::note_empty(Trace& trace) const {
  for (const db::Chunk& chunk : trace.chunks) {
    if (stores::Redis* const redis = reader_.redis_of(chunk))
      trace.values[redis].push_back(stores::Redis::same(chunk_key(chunk), ""));
    if (reader_.bucket_of(chunk) != nullptr)
      trace.objects.push_back({chunk_object(chunk), 0});
  }
}

void TraceArchiver::give_rows(Traces& traces) const {
  db::Located builds;
  for (const Trace& trace : traces)
    if (!trace.artifact)
      builds.add(trace.build_id, trace.partition_id);
  if (builds.ids.empty())
    return;
  const auto rows = db::with_retry([&] {
    return context_.traces.insert(
        context_.writing(Pass::traces).without_deadline(), builds);
  });
  for (Trace& trace : traces)
    for (const db::TraceArtifact& row : rows)
      if (row.job_id == trace.build_id)
        trace.artifact = row;
}

/// \return false if the chunks moved meanwhile.
bool TraceArchiver::store_one(Trace& trace, Stored& stored) {
  try {
    const db::StoredTrace row = put(trace);
    fault_point("traces.after_put");
    read_back(key_of(trace), row);
    trace.size = row.size;
    stored.rows.push_back(row);
    stored.traces.push_back(std::move(trace));
  } catch (const ChunkMoved&) {
    return false;
  } catch (const stores::ObjectError& error) {
    trace_problem(context_, trace, error.what());
  }
  return true;
}

db::StoredTrace TraceArchiver::put(Trace& trace) {
  stores::Digest sha256("SHA256");
  stores::Digest md5("MD5");
  std::int64_t size = 0;
  store_.put(key_of(trace), [&](const stores::ByteSink& sink) {
    const stores::ByteSink counted = [&](std::string_view bytes) {
      sha256.update(bytes);
      md5.update(bytes);
      size += std::ssize(bytes);
      sink(bytes);
    };
    write_trace(reader_, trace, counted);
  });
  return {.artifact_id = trace.artifact->id,
          .job_id = trace.build_id,
          .partition_id = trace.partition_id,
          .file_store = file_store_,
          .size = size,
          .sha256 = sha256.hex(),
          .md5 = md5.hex()};
}

void TraceArchiver::read_back(const stores::ObjectKey& key,
                              const db::StoredTrace& expected) const {
  stores::Digest sha256("SHA256");
  if (!store_.get(key, [&](std::string_view bytes) { sha256.update(bytes); }) ||
      sha256.hex() != expected.sha256)
    throw stores::ObjectError(
        "its archive reads back as something else than "
        "was written to " +
        store_.description() + "; the chunks are kept: look at the disk");
}

/// \return those of which something changed before the second commit.
Traces TraceArchiver::complete(Stored stored, Traces& to_forget) {
  Traces again;
  if (stored.rows.empty())
    return again;
  const Ids done = db::with_retry([&] {
    return context_.traces.complete(
        context_.writing(Pass::traces).without_deadline(), stored.rows,
        chunks_of(stored.traces));
  });
  for (Trace& trace : stored.traces) {
    if (std::ranges::find(done, trace.build_id) == done.end()) {
      again.push_back(std::move(trace));
      continue;
    }
    count(trace, worth_of(trace.extents));
    to_forget.push_back(std::move(trace));
  }
  remove_unnamed(again);
  return again;
}

/// Objects whose rows are gone: no row will ever name them again.  A row that
/// is there may have been completed by others, with the very same object.
void TraceArchiver::remove_unnamed(const Traces& traces) const {
  if (traces.empty())
    return;
  const auto rows = db::with_retry([&] {
    return context_.traces.artifacts(
        context_.reading(Pass::traces).without_deadline(),
        located_builds(traces));
  });
  for (const Trace& trace : traces) {
    const stores::ObjectKey key = key_of(trace);
    if (std::ranges::find(rows, trace.artifact->id, &db::TraceArtifact::id) ==
        rows.end())
      store_.remove({&key, 1});
  }
}

/// A crash, or GitLab, got as far as the archive, and no further.
bool TraceArchiver::is_archived_already(Trace& trace) {
  stores::Store* const store = context_.stores.find(trace.artifact->file_store);
  if (store == nullptr) {
    trace_problem(context_, trace,
                  fmt::format("its archive is in file_store {}, which is not "
                              "configured, so its chunks can't be compared "
                              "with it",
                              trace.artifact->file_store));
    return false;
  }
  try {
    if (holds_all_chunks(reader_, *store, trace))
      return true;
    trace_problem(context_, trace,
                  fmt::format("job {} has an archive, and chunks with other "
                              "bytes than it; both are kept",
                              trace.build_id));
  } catch (const ChunkMoved&) {
    ++context_.report.pass(Pass::traces).skipped;
  } catch (const stores::ObjectError& error) {
    trace_problem(context_, trace, error.what());
  }
  return false;
}

void TraceArchiver::count(const Trace& trace, TraceWorth worth) {
  telemetry::PassReport& report = context_.report.pass(Pass::traces);
  if (worth == TraceWorth::whole)
    ++report.archived;
  else if (worth == TraceWorth::gaps)
    ++report.partial;
  else if (worth == TraceWorth::empty)
    ++report.empty;
  report.bytes += trace.size;
  counted_ += 1;
  counted_bytes_ += trace.size;
  context_.report.projects.add({{trace.project_id, {.traces = 1}}});
  context_.progress.advance(1, trace.size);
}

}  // namespace jobs
