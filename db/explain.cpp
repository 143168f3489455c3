#include "db/explain.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>

namespace db {
namespace {

void read_node(const nlohmann::json& json, int depth,
               std::vector<PlanNode>& nodes) {
  nodes.push_back(
      {.depth = depth,
       .type = json.at("Node Type"),
       .relation = json.value("Relation Name", json.value("CTE Name", "")),
       .index = json.value("Index Name", ""),
       .expected_rows = json.at("Plan Rows"),
       .total_cost = json.at("Total Cost"),
       .milliseconds = json.value("Actual Total Time", -1.0)});
  for (const nlohmann::json& child :
       json.value("Plans", nlohmann::json::array()))
    read_node(child, depth + 1, nodes);
}

Query explained(const Query& query, bool analyze) {
  const std::string prefix = analyze
                                 ? "EXPLAIN (FORMAT JSON, ANALYZE, BUFFERS) "
                                 : "EXPLAIN (FORMAT JSON) ";
  return {query.name, prefix + query.sql, query.in_index_order};
}

}  // namespace

bool Plan::scans_whole(const std::string& relation) const {
  return std::ranges::any_of(nodes, [&](const PlanNode& node) {
    return node.type.find("Seq Scan") != std::string::npos &&
           node.relation == relation;
  });
}

bool Plan::uses_index(const std::string& index) const {
  return std::ranges::any_of(
      nodes, [&](const PlanNode& node) { return node.index == index; });
}

Plan explain(Pool& pool, const Session& session, const Statement& statement,
             bool analyze) {
  Session reading = session;
  reading.read_only = statement.reads_only;
  std::string text;
  pool.acquire()->execute_and_roll_back(
      reading, explained(statement.query, analyze && statement.reads_only),
      statement.parameters, [&](const Row& row) { text += row.text(0); });
  Plan plan;
  read_node(nlohmann::json::parse(text).at(0).at("Plan"), 0, plan.nodes);
  return plan;
}

}  // namespace db
