#pragma once

#include "db/builds.hpp"

namespace db {

/// The texts behind Builds; each names its parameters in the order of $1, $2.

/// users bigint[], after user, after id, projects bigint[], except bigint[],
/// cancelable text[], limit
const Query& user_pipelines_query(PipelineKind kind);
/// pipelines bigint[], cancelable text[], after pipeline, after id, limit,
/// partitions bigint[]
const Query& cancelable_query();
/// Jobs (ids, pipelines, lock_versions), cancelable text[]; stages (ids,
/// pipelines, lock_versions, statuses), pipelines (ids, lock_versions, statuses
/// text[], durations), counted jobs (ids, pipelines, lock_versions), told
/// pipelines, partitions of all: bigint[] where not said, -1 for NULL.
const Query& drop_query();
/// jobs bigint[], pipelines bigint[], cancelable text[], partitions bigint[]
const Query& leftovers_query();
/// groups bigint[]
const Query& waiting_query();
/// users bigint[], projects bigint[], except bigint[], cancelable text[], limit
const Query& count_cancelable_query();

}  // namespace db
