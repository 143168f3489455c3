#pragma once

#include "db/pipeline_artifacts.hpp"
#include "db/query.hpp"

/// The SQL of PipelineArtifacts, apart from its handling.  What depends on the
/// schema is written by Tables; no value is ever put into a text.
namespace db {

const Query& page_query(Selection selection);
const Query& walk_query(Selection selection);
const Query& id_range_query();
const Query& tie_range_query(Selection selection);
const Query& rows_query(Selection selection);
/// Of legacy rows, which want their pipelines held as well, there is no other
/// than Held::skipped.
const Query& destroy_query(Selection selection, Held held);
/// For a database of their own: projects bigint[], bytes bigint[]
const Query& subtract_bytes_query();
const Query& resolve_query();
const Query& count_unlocked_query();
const Query& count_unknown_query();
const Query& live_sample_query();
const Query& count_rows_query();
const Query& pages_query();
const Query& share_query();

}  // namespace db
