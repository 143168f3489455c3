#pragma once

#include "db/query.hpp"

namespace db {

/// The text behind PipelineStatuses.

/// pipelines bigint[], partitions bigint[]: a row for each pipeline, then
/// stage, then job.
const Query& read_status_query();

}  // namespace db
