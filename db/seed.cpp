#include "db/seed.hpp"

#include "db/schema_sql.hpp"
#include "db/seed_queries.hpp"

#include <fmt/ranges.h>
#include <nlohmann/json.hpp>

#include <array>
#include <string_view>

namespace db {
namespace {

namespace queries = seed_queries;
using nlohmann::json;

std::string_view name_of(Expiry expiry) {
  constexpr std::array<std::string_view, 4> names{"past", "soon", "never",
                                                  "far"};
  return names.at(static_cast<std::size_t>(expiry));
}

json describe(const SeedKind& kind, std::int64_t first_slot,
              std::int64_t slots) {
  json described{{"first_slot", first_slot},
                 {"slots", slots},
                 {"count", kind.count},
                 {"pipeline_locked", kind.pipeline_locked},
                 {"expiry", name_of(kind.expiry)},
                 {"file_store", kind.file_store}};
  if (kind.locked)
    described["locked"] = *kind.locked;
  if (kind.file)
    described["file"] = *kind.file;
  return described;
}

json describe(const SeedEntry& entry) {
  return {{"file_store", entry.file_store},
          {"due_in", entry.due_in},
          {"directory", entry.directory},
          {"file", entry.file}};
}

Query count_rows() {
  std::vector<std::string> counts;
  for (const std::string& table : queries::tables)
    counts.push_back(fmt::format(queries::has_rows, table));
  return {"seed.count_rows",
          fmt::format("{}", fmt::join(counts, " UNION ALL "))};
}

}  // namespace

std::int64_t pipelines_needed(std::int64_t count, std::int64_t pair_every) {
  return count - count / pair_every;
}

SeedDatabase::SeedDatabase() {
  session_.run(queries::begin);
  std::vector<std::string> there;
  std::vector<std::string> missing;
  session_.run(queries::list_tables, Parameters().add(queries::tables),
               [&](const Row& row) {
                 (row.boolean(1) ? there : missing).emplace_back(row.text(0));
               });
  if (there.empty())
    session_.run_script({"seed.create_tables", schema_sql});
  else if (missing.empty())
    require_empty();
  else
    throw NotEmpty("the database has a table '" + there.front() +
                   "' but no table '" + missing.front() +
                   "'\nhint: name a database without tables, or with all of "
                   "them and no rows");
}

void SeedDatabase::require_empty() {
  session_.run(count_rows(), {}, [](const Row& row) {
    if (row.boolean(1))
      throw NotEmpty("table '" + std::string(row.text(0)) +
                     "' holds rows\nhint: name an empty database by "
                     "PGDATABASE; this program never removes anything");
  });
}

void SeedDatabase::fill(const SeedPlan& plan) {
  if (plan.base)
    base_ = *plan.base;
  else
    session_.run(queries::read_clock, {},
                 [&](const Row& row) { base_ = row.moment(0); });

  session_.run_script(queries::prepare);
  insert_rows(plan, insert_kinds(plan));
  session_.run_script(queries::restore_indexes);
  session_.run(queries::advance_sequences);
}

std::int64_t SeedDatabase::insert_kinds(const SeedPlan& plan) {
  json kinds = json::array();
  std::int64_t slots = 0;
  for (const SeedKind& kind : plan.kinds) {
    const std::int64_t needed = pipelines_needed(kind.count, plan.pair_every);
    kinds.push_back(describe(kind, slots, needed));
    slots += needed;
  }
  session_.run(queries::insert_kinds, Parameters().add(kinds.dump()));
  return slots;
}

void SeedDatabase::insert_rows(const SeedPlan& plan, std::int64_t slots) {
  // Chance has ten streams for each seed.
  const std::int64_t stream = plan.random_seed * 10;
  const std::int64_t odd = plan.odd_projects ? 1 : 0;

  session_.run(queries::insert_projects,
               Parameters().add(plan.projects).add(odd));
  session_.run(queries::insert_slots, Parameters()
                                          .add(stream)
                                          .add(plan.pipelines)
                                          .add(plan.projects)
                                          .add(slots));
  session_.run(queries::analyze_slots);
  session_.run(queries::insert_pipelines, Parameters()
                                              .add(stream)
                                              .add(plan.pipelines)
                                              .add(plan.projects)
                                              .add(base_));
  session_.run(queries::insert_artifacts, Parameters()
                                              .add(stream)
                                              .add(plan.max_size)
                                              .add(plan.pair_every)
                                              .add(base_));
  session_.run(queries::insert_statistics, Parameters().add(base_).add(odd));
}

void SeedDatabase::add_entries(const std::vector<SeedEntry>& entries) {
  json described = json::array();
  for (const SeedEntry& entry : entries)
    described.push_back(describe(entry));
  session_.run(queries::insert_entries,
               Parameters().add(described.dump()).add(base_));
}

void SeedDatabase::open_objects(const SeedPlan& plan) {
  const std::int64_t all = plan.all_objects ? 1 : 0;
  const std::int64_t remote_too = plan.has_bucket ? 1 : 0;
  session_.run(queries::open_objects,
               Parameters().add(base_).add(all).add(remote_too));
}

std::vector<SeedObject> SeedDatabase::next_objects() {
  std::vector<SeedObject> objects;
  session_.run(queries::next_objects, {}, [&](const Row& row) {
    objects.push_back({row.integer(0), row.integer(1), row.integer(2),
                       std::string(row.text(3)), row.integer(4), row.boolean(5),
                       row.integer(6)});
  });
  return objects;
}

void SeedDatabase::commit() {
  session_.run(queries::commit);
  session_.run(
      {"seed.vacuum",
       queries::vacuum + fmt::format("{}", fmt::join(queries::tables, ", "))});
}

}  // namespace db
