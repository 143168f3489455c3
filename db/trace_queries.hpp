#pragma once

#include "db/query.hpp"

namespace db {

/// The texts behind Traces; each names its parameters in the order of $1, $2.

/// after, limit, settle in seconds, stale (0 or 1), projects bigint[],
/// except bigint[]
const Query& walk_traces_query();
/// builds bigint[]
const Query& chunks_query();
/// ids bigint[]
const Query& chunk_bytes_query();
/// builds bigint[], partitions bigint[]
const Query& trace_artifacts_query();
/// No parameters.
const Query& recent_archive_store_query();
/// builds bigint[], partitions bigint[]
const Query& insert_trace_query();
/// artifacts bigint[], jobs bigint[], stores bigint[], sizes bigint[], sha256
/// text[], md5 text[]; chunk ids, builds, lock_versions, data_stores bigint[];
/// partitions bigint[] of the artifacts
const Query& complete_trace_query();
/// ids bigint[], builds bigint[], lock_versions bigint[], data_stores bigint[]
const Query& forget_chunks_query();

}  // namespace db
