#include "jobs/explain.hpp"

#include "db/builds.hpp"
#include "db/deleted_objects.hpp"
#include "db/explain.hpp"
#include "db/health.hpp"
#include "db/pipeline_artifacts.hpp"
#include "db/pipeline_status.hpp"
#include "db/pipelines.hpp"
#include "db/traces.hpp"
#include "db/users.hpp"
#include "jobs/check_database.hpp"
#include "jobs/choices.hpp"
#include "telemetry/readable.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <cstdio>

namespace jobs {
namespace {

struct Verdict {
  Level level = Level::ok;
  std::string text;
};

/// What the planner gives for reading a table of about 10,000 rows; a smaller
/// one is read whole with good reason.  Its rows expected would not tell: they
/// are those that pass the filter.
constexpr double cost_of_small_table = 500;

/// The index that \a statement must use, where it must be a certain one.
const db::ExpiryIndex* index_for(const db::Statement& statement,
                                 const db::Catalog& catalog) {
  if (statement.query.name == "artifacts.page_unlocked")
    return catalog.unlocked_index();
  if (statement.query.name == "artifacts.page_expired")
    return catalog.expiry_index();
  return nullptr;
}

/// The pages live on an index of expire_at, and the catalog knows those.
bool reads_a_page(const db::Statement& statement) {
  return statement.query.name == "artifacts.page_unlocked" ||
         statement.query.name == "artifacts.page_expired";
}

Verdict judge(const db::Statement& statement, const db::Plan& plan,
              const db::Catalog& catalog) {
  const db::ExpiryIndex* const index = index_for(statement, catalog);
  if (index && plan.uses_index(index->name))
    return {Level::ok, "index " + index->name};
  if (reads_a_page(statement))
    return {Level::fail,
            fmt::format("{}; CREATE INDEX CONCURRENTLY ON {}",
                        index ? "the planner does not use the index; ANALYZE, "
                                "or else"
                              : "the index is missing",
                        statement.wanted_index)};
  const auto whole = std::ranges::find_if(plan.nodes, [&](const auto& node) {
    return statement.large_table &&
           catalog.table_of(node.relation) == statement.large_table &&
           node.type.find("Seq Scan") != std::string::npos;
  });
  if (whole == plan.nodes.end())
    return {Level::ok, "no table is read whole"};
  if (whole->total_cost < cost_of_small_table)
    return {Level::ok, fmt::format("{} is small enough to be read whole",
                                   statement.large_table)};
  return {Level::warning,
          fmt::format("{} is read whole{}{}", statement.large_table,
                      statement.wanted_index ? "; CREATE INDEX CONCURRENTLY ON "
                                             : "; ANALYZE it",
                      statement.wanted_index ? statement.wanted_index : "")};
}

std::string line_of(const db::PlanNode& node) {
  std::string line = fmt::format("{:{}}{}", "", 2 * node.depth, node.type);
  if (!node.index.empty())
    line += " using " + node.index;
  if (!node.relation.empty())
    line += " on " + node.relation;
  line += fmt::format("  (rows {}, cost {:.0f}", node.expected_rows,
                      node.total_cost);
  if (node.milliseconds >= 0)
    line += fmt::format(", {:.3f} ms", node.milliseconds);
  return line + ")";
}

void print_text(const db::Statement& statement, const db::Plan& plan,
                const Verdict& verdict) {
  fmt::print("{}  [{}]\n", statement.query.name, statement.pass);
  for (const db::PlanNode& node : plan.nodes)
    fmt::print("    {}\n", telemetry::escaped(line_of(node)));
  fmt::print("  {}: {}\n\n", name_of(verdict.level),
             telemetry::escaped(verdict.text));
}

nlohmann::ordered_json to_json(const db::Statement& statement,
                               const db::Plan& plan, const Verdict& verdict) {
  nlohmann::ordered_json nodes = nlohmann::ordered_json::array();
  for (const db::PlanNode& node : plan.nodes)
    nodes.push_back({{"depth", node.depth},
                     {"type", node.type},
                     {"relation", node.relation},
                     {"index", node.index},
                     {"rows", node.expected_rows},
                     {"cost", node.total_cost}});
  return {{"statement", statement.query.name},
          {"pass", statement.pass},
          {"verdict", name_of(verdict.level)},
          {"text", verdict.text},
          {"plan", nodes}};
}

bool is_wanted(const db::Statement& statement, const Options& options) {
  return std::string(statement.pass) == "run" ||
         std::ranges::any_of(options.passes, [&](telemetry::Pass pass) {
           return telemetry::name_of(pass) == statement.pass;
         });
}

std::vector<db::Statement> job_statements(Installation& installation) {
  db::Pool& pool = installation.pool;
  const db::Catalog& catalog = installation.catalog;
  const db::Builds builds(
      pool, statuses_to_drop(installation.options, catalog).value);
  std::vector<db::Statement> all = db::user_statements(catalog);
  for (auto&& some : {builds.statements(), db::status_statements(),
                      db::Traces(pool).statements()})
    std::ranges::copy(some, std::back_inserter(all));
  return all;
}

std::vector<db::Statement> statements_of(Installation& installation) {
  const telemetry::Timestamp horizon =
      db::now(installation.pool, installation.session());
  std::vector<db::Statement> all =
      db::PipelineArtifacts::statements(installation.catalog, horizon);
  std::ranges::move(db::pipeline_statements(), std::back_inserter(all));
  std::ranges::move(db::DeletedObjects::statements(horizon),
                    std::back_inserter(all));
  if (installation.catalog.has_builds())
    std::ranges::move(job_statements(installation), std::back_inserter(all));
  std::erase_if(all, [&](const db::Statement& statement) {
    return !is_wanted(statement, installation.options);
  });
  return all;
}

}  // namespace

bool explain(Installation& installation) {
  Findings findings;
  if (!check_tables(installation, findings))
    throw Unfit(findings.front().text);

  bool fit = true;
  nlohmann::ordered_json document{{"program", "ci-janitor"},
                                  {"command", "explain"},
                                  {"statements", nlohmann::json::array()}};
  const bool as_json = installation.options.output == Output::json;
  for (const db::Statement& statement : statements_of(installation)) {
    const db::Plan plan = db::explain(installation.pool, installation.session(),
                                      statement, installation.options.analyze);
    const Verdict verdict = judge(statement, plan, installation.catalog);
    fit = fit && verdict.level != Level::fail;
    if (as_json)
      document["statements"].push_back(to_json(statement, plan, verdict));
    else
      print_text(statement, plan, verdict);
  }
  if (as_json)
    fmt::print("{}\n", document.dump(2, ' ', true,
                                     nlohmann::json::error_handler_t::replace));
  return fit;
}

}  // namespace jobs
