#pragma once

#include "jobs/chunk_reader.hpp"
#include "jobs/trace.hpp"

namespace jobs {

/// Fill in what is known of these traces now: chunks, their extents where all
/// of them are in reach, and the row of an archive.  A chunk that is not where
/// its row says is looked up in the rows once more, since GitLab's flush worker
/// may just have moved it.
///
/// \return those whose chunks did move; they are taken out of \a traces, and
///         have to be loaded again.
/// \throws db::Error, stores::StoreError
Traces load_traces(const Context& context, const ChunkReader& reader,
                   Traces& traces);

}  // namespace jobs
