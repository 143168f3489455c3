#pragma once

#include "db/pipeline_artifacts.hpp"
#include "db/query.hpp"

/// The SQL of PipelineArtifacts, apart from its handling.  A part that depends
/// on the schema is chosen from fixed texts; no value is ever put into one.
namespace db {

const Query& page_query(Selection selection);
const Query& rows_query(Selection selection);
Query destroy_query(Selection selection, const Catalog& catalog);
const Query& resolve_query();
const Query& count_unlocked_query();
const Query& count_unknown_query();
const Query& live_sample_query();

}  // namespace db
