#include "tests/support/schema_era.hpp"

#include "db/schema_sql.hpp"

#include <algorithm>
#include <array>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <set>
#include <stdexcept>
#include <utility>

namespace tests {
namespace {

/// In the order of their age; a generation is a place in it.
enum Generation { spring_2021, autumn_2022, end_of_2023, mid_2025 };
constexpr std::array names{"13.12", "15.5", "16.6", "18.1"};

int generation_of(const std::string& name) {
  if (name.empty())
    return autumn_2022;
  const auto* const found = std::ranges::find(names, name);
  if (found == names.end())
    throw std::runtime_error("JANITOR_TEST_SCHEMA: there is no schema " + name);
  return static_cast<int>(found - names.begin());
}

std::string read(const std::string& path) {
  std::ifstream file(std::string(JANITOR_SCHEMA_DIRECTORY) + "/" + path);
  if (!file)
    throw std::runtime_error("can't read " + path);
  return {std::istreambuf_iterator<char>(file), {}};
}

}  // namespace

SchemaEra::SchemaEra(std::string name)
    : name_(std::move(name)), generation_(generation_of(name_)) {}

std::string SchemaEra::sql() const {
  if (name_.empty())
    return db::schema_sql;
  std::string text;
  for (const char* const topic : {"projects", "pipelines", "jobs", "artifacts"})
    text += read(name_ + "/" + topic + ".sql");
  return text + read("test_names.sql");
}

bool SchemaEra::has_lock_column() const {
  return generation_ >= autumn_2022;
}

bool SchemaEra::has_queues() const {
  return generation_ >= autumn_2022;
}

bool SchemaEra::has_trace_metadata() const {
  return generation_ >= autumn_2022;
}

bool SchemaEra::has_partition_column() const {
  return generation_ >= autumn_2022;
}

bool SchemaEra::is_partitioned() const {
  return generation_ >= end_of_2023;
}

bool SchemaEra::has_partitioned_pipelines() const {
  return generation_ >= mid_2025;
}

bool SchemaEra::storage_counts_artifacts() const {
  return generation_ < mid_2025;
}

bool SchemaEra::has_project_keys() const {
  return generation_ == spring_2021;
}

std::string SchemaEra::root_of(const std::string& plain_name) const {
  static const std::set<std::string> later{"ci_pipelines", "ci_stages",
                                           "ci_job_artifacts",
                                           "ci_build_trace_metadata"};
  const bool has_root =
      (plain_name == "ci_builds" && is_partitioned()) ||
      (later.contains(plain_name) && has_partitioned_pipelines());
  return (has_root ? "public.p_" : "public.") + plain_name;
}

SchemaEra schema_era() {
  const char* const name = std::getenv("JANITOR_TEST_SCHEMA");
  return SchemaEra(name == nullptr ? "" : name);
}

std::vector<SchemaEra> all_schema_eras() {
  std::vector<SchemaEra> eras;
  for (const char* const name : names)
    eras.emplace_back(name);
  return eras;
}

}  // namespace tests
