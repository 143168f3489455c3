#include "jobs/check_values.hpp"

#include "db/job_status.hpp"
#include "db/seen_values.hpp"

#include <fmt/format.h>

#include <set>

namespace jobs {
namespace {

using Values = std::set<std::string, std::less<>>;

/// What GitLab has written there so far (E13 to E26).
Values known_values(const db::SeenValue& seen) {
  if (seen.column == "locked")
    return seen.table == "ci_pipelines" ? Values{"0", "1"}
                                        : Values{"0", "1", "2"};
  if (seen.column == "file_store")
    return {"1", "2"};
  if (seen.column == "data_store")
    return {"1", "2", "3", "4"};
  if (seen.table == "ci_stages") {
    Values numbers;
    for (std::size_t i = 0; i < db::job_status_names.size(); ++i)
      numbers.insert(std::to_string(i));
    return numbers;
  }
  return {db::job_status_names.begin(), db::job_status_names.end()};
}

}  // namespace

void check_values(Installation& installation, Findings& findings) {
  std::string unknown;
  for (const db::SeenValue& seen : db::read_seen_values(
           installation.pool, installation.session(), installation.catalog))
    if (!known_values(seen).contains(seen.value))
      unknown += fmt::format("{}{}.{} {}", unknown.empty() ? "" : ", ",
                             seen.table, seen.column, seen.value);
  if (unknown.empty())
    findings.push_back(
        {Level::ok, "values", "all that ANALYZE has seen are known"});
  else
    findings.push_back({Level::warning, "values",
                        "not known here, and so left as they are: " + unknown +
                            "; look for a newer ci-janitor"});
}

}  // namespace jobs
