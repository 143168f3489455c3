#pragma once

#include "jobs/chunk_reader.hpp"
#include "jobs/trace.hpp"
#include "stores/store.hpp"

namespace jobs {

/// Write the trace out of its chunks, with a line at each gap; what was read
/// of Redis is noted in trace.values, so that it can be forgotten later.
///
/// \throws ChunkMoved, db::Error, stores::StoreError, what \a sink throws
void write_trace(const ChunkReader& reader, Trace& trace,
                 const stores::ByteSink& sink);

/// Whether the archive that a trace's row names holds the bytes of all chunks
/// that are still there, each in its place; fills trace.values.
///
/// \throws ChunkMoved, db::Error, stores::StoreError, stores::ObjectError
bool holds_all_chunks(const ChunkReader& reader, stores::Store& store,
                      Trace& trace);

}  // namespace jobs
