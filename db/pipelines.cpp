#include "db/pipelines.hpp"

namespace db {
namespace {

// Arrays rather than rows: of 2,000 pipelines a window looks at, hardly any is
// unlocked, and an array costs libpq one value.
const Query look_up{"pipelines.look_up_locks", R"sql(
SELECT array_agg(id::bigint ORDER BY id) FILTER (WHERE locked = 0),
       array_agg(id::bigint ORDER BY id) FILTER (WHERE locked <> 0)
FROM {ci_pipelines}
WHERE id = ANY ($1::bigint[])
  {if ci_pipelines.partition_id ci_pipeline_artifacts.partition_id}
  AND partition_id = ANY ($2::bigint[])
  {end}
)sql"};

}  // namespace

PipelineLocks look_up_locks(Pool& pool, const Session& session,
                            const Located& pipelines) {
  PipelineLocks locks;
  execute(pool, session, look_up,
          Parameters().add(pipelines.ids).add(pipelines.partitions),
          [&](const Row& row) {
            locks = {row.integers(0), row.integers(1)};
          });
  return locks;
}

std::vector<Statement> pipeline_statements() {
  const std::vector<std::int64_t> one{1};
  return {{"legacy", look_up, Parameters().add(one).add(one), true,
           "ci_pipelines", nullptr}};
}

}  // namespace db
