#include "db/pipeline_artifacts.hpp"

#include "db/artifact_queries.hpp"
#include "db/explain.hpp"

#include <algorithm>
#include <limits>

namespace db {
namespace {

Artifact read_artifact(const Row& row, FileNames& names) {
  const std::optional<std::int64_t> locked = row.maybe_integer(5);
  return {.id = row.integer(0),
          .project_id = row.integer(1),
          .pipeline_id = row.integer(2),
          .size = row.integer(3),
          .file_store = row.integer(4),
          .locked = !locked || *locked == 2 ? LockState::unknown
                    : *locked == 0          ? LockState::unlocked
                                            : LockState::locked,
          .expire_at = row.is_null(6) ? Timestamp::max() : row.moment(6),
          .file = names.get(row.text(7)),
          .partition_id = row.integer(8)};
}

std::vector<Artifact> artifacts_of(Pool& pool, const Session& session,
                                   const Query& query,
                                   const Parameters& parameters,
                                   std::int64_t limit) {
  std::vector<Artifact> rows;
  // What is not used of it is no memory; growing by copies would be.
  rows.reserve(static_cast<std::size_t>(limit));
  FileNames names;
  execute(pool, session, query, parameters,
          [&](const Row& row) { rows.push_back(read_artifact(row, names)); });
  return rows;
}

std::optional<IdRange> range_of(Pool& pool, const Session& session,
                                const Query& query,
                                const Parameters& parameters) {
  std::optional<IdRange> ids;
  execute(pool, session, query, parameters, [&](const Row& row) {
    if (!row.is_null(0))
      ids = {row.integer(0), row.integer(1)};
  });
  return ids;
}

/// The answer of destroy_query(): a row for each queued object, one with the
/// ids and the bytes of all, and one for each project whose statistics wait.
void read_destroyed(const Row& row, Destroyed& destroyed) {
  if (row.is_null(0) && !row.is_null(1)) {
    destroyed.freed.push_back({row.integer(1), row.integer(5)});
    return;
  }
  if (row.is_null(0)) {
    destroyed.ids = row.integers(4);
    destroyed.bytes = row.maybe_integer(5).value_or(0);
    return;
  }
  destroyed.objects.push_back({.id = row.integer(0),
                               .file_store = row.integer(1),
                               .store_dir = std::string(row.text(2)),
                               .file = std::string(row.text(3))});
}

bool holds(const std::vector<std::int64_t>& values, std::int64_t value) {
  return std::ranges::find(values, value) != values.end();
}

Parameters count_parameters(Timestamp horizon, const Filter& filter,
                            std::int64_t limit, std::int64_t skip) {
  return Parameters()
      .add(horizon)
      .add(filter.projects)
      .add(filter.except_projects)
      .add(filter.stores)
      .add(limit)
      .add(filter.shard.count)
      .add(filter.shard.index)
      .add(skip);
}

Count count(Pool& pool, const Session& session, const Query& query,
            const Parameters& parameters) {
  Count count;
  execute(pool, session, query, parameters, [&](const Row& row) {
    count.rows = row.integer(0);
    if (!row.is_null(1))
      count.oldest = row.moment(1);
  });
  return count;
}

}  // namespace

bool Filter::leaves_in(std::int64_t project_id, std::int64_t file_store) const {
  return (projects.empty() || holds(projects, project_id)) &&
         !holds(except_projects, project_id) && holds(stores, file_store);
}

bool Filter::takes(const Artifact& artifact) const {
  return leaves_in(artifact.project_id, artifact.file_store) &&
         shard.takes(artifact.project_id);
}

std::vector<Artifact> PipelineArtifacts::page(const Session& session,
                                              Selection selection,
                                              Timestamp from, Timestamp before,
                                              std::int64_t limit) const {
  return artifacts_of(pool_, session, page_query(selection),
                      Parameters().add(from).add(before).add(limit), limit);
}

std::vector<Artifact> PipelineArtifacts::walk(const Session& session,
                                              Selection selection,
                                              Timestamp moment, IdRange ids,
                                              std::int64_t limit) const {
  return artifacts_of(
      pool_, session, walk_query(selection),
      Parameters().add(moment).add(ids.first).add(ids.last).add(limit), limit);
}

std::optional<IdRange> PipelineArtifacts::id_range(
    const Session& session) const {
  return range_of(pool_, session, id_range_query(), {});
}

std::optional<IdRange> PipelineArtifacts::id_range(const Session& session,
                                                   Selection selection,
                                                   Timestamp moment) const {
  return range_of(pool_, session, tie_range_query(selection),
                  Parameters().add(moment));
}

std::vector<Artifact> PipelineArtifacts::rows(
    const Session& session, Selection selection, Timestamp horizon,
    const std::vector<std::int64_t>& ids) const {
  return artifacts_of(pool_, session, rows_query(selection),
                      Parameters().add(horizon).add(ids),
                      static_cast<std::int64_t>(ids.size()));
}

Destroyed PipelineArtifacts::destroy(
    const Session& session, Selection selection, Held held, Timestamp horizon,
    const std::vector<std::int64_t>& ids, const std::vector<std::string>& files,
    const std::vector<std::int64_t>& stores, std::chrono::seconds hold) const {
  Destroyed destroyed;
  const auto take = [&](const Row& row) { read_destroyed(row, destroyed); };
  try {
    execute(pool_, session, destroy_query(selection, held),
            Parameters().add(horizon).add(ids).add(files).add(stores).add(
                std::int64_t{hold.count()}),
            take);
  } catch (const CommitUnknown& error) {
    // Ask the server what became of it: what was committed is ours to finish,
    // and must be counted once.
    if (!was_committed(pool_, session, error))
      throw;
  }
  return destroyed;
}

std::int64_t PipelineArtifacts::resolve(
    const Session& session, const std::vector<std::int64_t>& ids) const {
  std::int64_t resolved = 0;
  // To say it again does no harm: what is written down is unknown no more.
  execute_repeatable(pool_, session, resolve_query(), Parameters().add(ids),
                     [&](const Row& row) { resolved = row.integer(0); });
  return resolved;
}

Count PipelineArtifacts::count_unlocked(const Session& session,
                                        Timestamp horizon, const Filter& filter,
                                        std::int64_t limit,
                                        std::int64_t skip) const {
  return count(pool_, session, count_unlocked_query(),
               count_parameters(horizon, filter, limit, skip));
}

Count PipelineArtifacts::count_unknown(const Session& session,
                                       Timestamp horizon, const Filter& filter,
                                       std::int64_t limit) const {
  return count(pool_, session, count_unknown_query(),
               count_parameters(horizon, filter, limit, 0));
}

std::int64_t PipelineArtifacts::expected(const Session& session,
                                         Selection selection,
                                         Timestamp horizon) const {
  const Statement all{"run", page_query(selection),
                      Parameters()
                          .add(Timestamp::min())
                          .add(horizon)
                          .add(std::numeric_limits<std::int64_t>::max())};
  return explain(pool_, session, all, false).nodes.front().expected_rows;
}

ShareSample PipelineArtifacts::share(const Session& session,
                                     const ShareQuestion& question,
                                     std::int64_t pages,
                                     std::int64_t of) const {
  ShareSample sample;
  const Filter& filter = question.filter;
  execute(pool_, session, share_query(),
          Parameters()
              .add(question.horizon)
              .add(filter.projects)
              .add(filter.except_projects)
              .add(filter.stores)
              .add(std::int64_t{question.unlocked})
              .add(std::int64_t{question.legacy})
              .add(std::int64_t{question.only_unknown})
              .add(pages)
              .add(of),
          [&](const Row& row) {
            sample.rows = row.integer(0);
            sample.share = static_cast<double>(row.integer(1)) / 1e6;
          });
  return sample;
}

std::int64_t PipelineArtifacts::pages(const Session& session) const {
  std::int64_t pages = 0;
  execute(pool_, session, pages_query(), {},
          [&](const Row& row) { pages = row.integer(0); });
  return pages;
}

std::vector<Artifact> PipelineArtifacts::live_sample(
    const Session& session) const {
  constexpr std::int64_t most = 100;
  return artifacts_of(pool_, session, live_sample_query(), {}, most);
}

std::int64_t PipelineArtifacts::count_rows(
    const Session& session, const std::vector<std::int64_t>& ids) const {
  std::int64_t rows = 0;
  execute(pool_, session, count_rows_query(), Parameters().add(ids),
          [&](const Row& row) { rows = row.integer(0); });
  return rows;
}

std::vector<Statement> PipelineArtifacts::statements(const Catalog& catalog,
                                                     Timestamp horizon) {
  const std::vector<std::int64_t> ids{0};
  const std::vector<std::string> files{"code_coverage.json"};
  const auto page =
      Parameters().add(Timestamp::min()).add(horizon).add(std::int64_t{100});
  const auto moment = Parameters().add(horizon);
  const auto walk = Parameters()
                        .add(horizon)
                        .add(std::int64_t{0})
                        .add(std::int64_t{100})
                        .add(std::int64_t{100});
  const auto rows = Parameters().add(horizon).add(ids);
  const auto batch = Parameters().add(horizon).add(ids).add(files).add(ids).add(
      std::int64_t{queue_lease.count()});
  constexpr const char* table = "ci_pipeline_artifacts";
  constexpr const char* partial =
      "ci_pipeline_artifacts (expire_at) "
      "WHERE locked = 0 AND expire_at IS NOT NULL";
  constexpr const char* full = "ci_pipeline_artifacts (expire_at)";
  using enum Selection;
  std::vector<Statement> all{
      {"run", live_sample_query(), {}, true, nullptr, nullptr},
      {"run", count_rows_query(), Parameters().add(ids), true, table, nullptr},
      {"run", id_range_query(), {}, true, table, nullptr},
      {"legacy", page_query(legacy), page, true, table, full},
      {"legacy", tie_range_query(legacy), moment, true, table, full},
      {"legacy", walk_query(legacy), walk, true, table, nullptr},
      {"legacy", rows_query(legacy), rows, true, table, nullptr},
      {"legacy", destroy_query(legacy, Held::skipped), batch, false, table,
       nullptr}};
  if (!catalog.has_lock_column())
    return all;
  all.insert(
      all.end(),
      {{"unlocked", page_query(unlocked), page, true, table, partial},
       {"unlocked", tie_range_query(unlocked), moment, true, table, partial},
       {"unlocked", walk_query(unlocked), walk, true, table, nullptr},
       {"unlocked", rows_query(unlocked), rows, true, table, nullptr},
       {"unlocked", destroy_query(unlocked, Held::skipped), batch, false, table,
        nullptr},
       {"unlocked", destroy_query(unlocked, Held::awaited), batch, false, table,
        nullptr},
       {"legacy", resolve_query(), Parameters().add(ids), false, table,
        nullptr}});
  return all;
}

}  // namespace db
