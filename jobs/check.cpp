#include "jobs/check.hpp"

#include "jobs/check_database.hpp"
#include "jobs/check_jobs.hpp"
#include "jobs/check_pressure.hpp"
#include "jobs/check_share.hpp"
#include "jobs/check_standbys.hpp"
#include "jobs/check_stores.hpp"
#include "jobs/check_values.hpp"
#include "telemetry/readable.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <cstdio>

namespace jobs {
namespace {

/// The builds pass alone touches no store.
bool uses_stores(const Options& options) {
  return options.passes != std::set{telemetry::Pass::builds};
}

bool has_failed(const Findings& findings) {
  return std::ranges::any_of(findings, [](const Finding& finding) {
    return finding.level == Level::fail;
  });
}

void print_text(const Findings& findings) {
  for (const Finding& finding : findings)
    fmt::print("{:<8} {:<18} {}\n", name_of(finding.level), finding.subject,
               telemetry::escaped(finding.text));
}

void print_json(const Findings& findings) {
  nlohmann::ordered_json document{{"program", "ci-janitor"},
                                  {"command", "check"},
                                  {"fit", !has_failed(findings)}};
  for (const Finding& finding : findings)
    document["findings"].push_back({{"level", name_of(finding.level)},
                                    {"subject", finding.subject},
                                    {"text", finding.text}});
  using nlohmann::json;
  fmt::print("{}\n",
             document.dump(2, ' ', true, json::error_handler_t::replace));
}

}  // namespace

const char* name_of(Level level) {
  switch (level) {
    case Level::ok:
      return "ok";
    case Level::warning:
      return "warning";
    case Level::fail:
      return "fail";
  }
  return "";
}

Findings examine(Installation& installation, const PlannedRows* named) {
  Findings findings;
  check_server(installation, findings);
  if (!check_tables(installation, findings))
    return findings;  // the rest would only say the same again
  const bool serves_jobs = check_job_tables(installation, findings);
  const bool privileged = check_privileges(installation, serves_jobs, findings);
  check_vacuum(installation, findings);
  check_clock(installation, findings);
  check_pressure(installation, findings);
  check_standbys(installation, findings);
  check_store_roots(installation, findings);
  if (!privileged)
    return findings;  // the rest reads rows, and might be refused
  check_indexes(installation, findings);
  check_choices(installation, findings);
  check_values(installation, findings);
  if (!has_failed(findings))  // a sample is not taken for a run that is none
    check_share(installation, named, findings);
  check_geo(installation, findings);
  if (serves_jobs) {
    check_users(installation, findings);
    check_redis(installation, findings);
    check_traces(installation, findings);
  }
  if (uses_stores(installation.options))
    check_live_objects(installation, findings);
  return findings;
}

void require_fitness(Installation& installation, const PlannedRows* named) {
  std::string sentences;
  for (const Finding& finding : examine(installation, named))
    if (finding.level == Level::fail)
      sentences += (sentences.empty() ? "" : "\n") + finding.subject + ": " +
                   finding.text;
  if (!sentences.empty())
    throw Unfit(sentences);
}

bool check(Installation& installation) {
  const Findings findings = examine(installation);
  if (installation.options.output == Output::json)
    print_json(findings);
  else
    print_text(findings);
  return !has_failed(findings);
}

}  // namespace jobs
