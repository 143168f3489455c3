#pragma once

#include "db/catalog.hpp"
#include "db/query.hpp"

namespace db {

/// The texts behind PipelineStatuses.

/// pipelines bigint[]: a row for each pipeline, then stage, then job.
const Query& read_status_query();
/// Stages (ids, pipelines, lock_versions, statuses), pipelines (ids,
/// lock_versions, statuses text[], durations), jobs (ids, pipelines,
/// lock_versions): bigint[] where not said, -1 for NULL.
Query write_status_query(const Catalog& catalog);

}  // namespace db
