#include "jobs/check_database.hpp"

#include "db/explain.hpp"
#include "db/health.hpp"
#include "db/pipeline_artifacts.hpp"
#include "db/privileges.hpp"
#include "jobs/choices.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>

namespace jobs {
namespace {

using std::chrono::seconds;
using telemetry::Pass;

void add(Findings& findings, Level level, std::string subject,
         std::string text) {
  findings.push_back({level, std::move(subject), std::move(text)});
}

std::string server_text(const db::Server& server) {
  return fmt::format("PostgreSQL {}, database '{}', role '{}'{}",
                     server.version, server.database, server.role,
                     server.pooled ? ", through a pooler" : "");
}

telemetry::Timestamp our_now() {
  return std::chrono::floor<std::chrono::microseconds>(
      std::chrono::system_clock::now());
}

/// What to type when the index of a pass is missing.
std::string remedy(Pass pass, const char* index) {
  return fmt::format(
      "create it with CREATE INDEX CONCURRENTLY ON {}, or leave the {} pass "
      "out with --passes",
      index, telemetry::name_of(pass));
}

void check_index(const db::ExpiryIndex* index, Pass pass,
                 const char* definition, Findings& findings) {
  const std::string subject = fmt::format("{} index", telemetry::name_of(pass));
  if (index)
    add(findings, Level::ok, subject, index->name);
  else
    add(findings, Level::fail, subject,
        "missing or not valid; " + remedy(pass, definition));
}

/// A table this small is read whole by any planner worth its name, so only a
/// plan without the index is worth a word.
void check_index_is_used(Installation& installation,
                         const db::ExpiryIndex& index, Findings& findings) {
  for (const db::Statement& statement :
       db::PipelineArtifacts::statements(installation.catalog, our_now())) {
    if (statement.query.name != "artifacts.page_unlocked")
      continue;
    const db::Plan plan = db::explain(installation.pool, installation.session(),
                                      statement, false);
    if (!plan.uses_index(index.name))
      add(findings, Level::warning, "unlocked index",
          "the planner does not use it; run ANALYZE ci_pipeline_artifacts and "
          "look at ci-janitor explain");
  }
}

}  // namespace

void check_server(Installation& installation, Findings& findings) {
  add(findings, Level::ok, "connection",
      server_text(db::read_server(installation.pool, installation.session())));
  if (installation.catalog.in_recovery())
    add(findings, Level::fail, "primary",
        "this server is a standby, where nothing can be destroyed; connect to "
        "the primary");
  if (!installation.main)
    return;
  add(findings, Level::ok, "main database",
      server_text(db::read_server(installation.main_pool(),
                                  installation.main_session())));
  if (installation.main->catalog.in_recovery())
    add(findings, Level::fail, "main database",
        "this server is a standby; connect to the primary");
}

bool check_tables(Installation& installation, Findings& findings) {
  std::vector<std::string> unserved = installation.catalog.unserved();
  if (installation.main)
    std::ranges::move(installation.main->catalog.unserved(),
                      std::back_inserter(unserved));
  for (const std::string& sentence : unserved)
    add(findings, Level::fail, "tables", sentence);
  if (!unserved.empty())
    return false;
  const std::string& path = installation.catalog.search_path();
  add(findings, Level::ok, "tables",
      "all there, in schema " + path.substr(0, path.find(',')));
  for (const db::Reference& reference : installation.catalog.references())
    add(findings, Level::ok, "tables",
        fmt::format("{} refers to {}: its rows follow, as when GitLab deletes",
                    reference.other_table, reference.table));
  return true;
}

void check_choices(Installation& installation, Findings& findings) {
  add(findings, Level::ok, "statistics",
      statistics_way(installation.options, installation.catalog).reason);
}

void check_geo(Installation& installation, Findings& findings) {
  if (!installation.main_catalog().has("geo_nodes", "primary") ||
      !db::has_geo_secondaries(installation.main_pool(),
                               installation.main_session()))
    return;
  const std::string secondaries =
      "this is a Geo primary: only GitLab itself tells secondaries that an "
      "object is gone, so theirs would stay for ever";
  if (installation.options.accept_geo_leak)
    add(findings, Level::warning, "geo", secondaries);
  else
    add(findings, Level::fail, "geo",
        secondaries + "; --accept-geo-leak if that is no matter");
}

void check_indexes(Installation& installation, Findings& findings) {
  const db::Catalog& catalog = installation.catalog;
  if (installation.wants(Pass::unlocked) && !catalog.has_lock_column())
    add(findings, Level::ok, "unlocked",
        "there is no column ci_pipeline_artifacts.locked (GitLab before 15.4), "
        "so the legacy pass does it all");
  else if (installation.wants(Pass::unlocked)) {
    check_index(catalog.unlocked_index(), Pass::unlocked,
                "ci_pipeline_artifacts (expire_at) WHERE locked = 0 AND "
                "expire_at IS NOT NULL",
                findings);
    if (catalog.unlocked_index() != nullptr)
      check_index_is_used(installation, *catalog.unlocked_index(), findings);
  }
  if (installation.wants(Pass::legacy))
    check_index(catalog.expiry_index(), Pass::legacy,
                "ci_pipeline_artifacts (expire_at)", findings);
}

bool check_privileges(Installation& installation, bool jobs,
                      Findings& findings) {
  const bool plans = installation.options.command == Command::plan;
  const db::PrivilegeScope scope{.writes = !plans, .jobs = jobs};
  std::vector<db::Privilege> privileges = db::read_privileges(
      installation.pool, installation.session(), installation.catalog, scope);
  if (installation.main)
    std::ranges::move(db::read_privileges(installation.main->pool,
                                          installation.main_session(),
                                          installation.main->catalog, scope),
                      std::back_inserter(privileges));
  std::string missing;
  for (const db::Privilege& privilege : privileges)
    if (!privilege.held)
      missing += (missing.empty() ? "" : ", ") + privilege.what;
  if (missing.empty())
    add(findings, Level::ok, "privileges",
        plans ? "all that plan needs" : "all that run needs");
  else
    add(findings, Level::fail, "privileges",
        "missing: " + missing + "; GRANT them to this role: db/grants.sql" +
            (jobs ? ", or leave builds and traces out with --passes" : ""));
  return missing.empty();
}

void check_vacuum(Installation& installation, Findings& findings) {
  for (const db::VacuumState& state :
       db::read_vacuum_states(installation.pool, installation.session())) {
    const std::string rows =
        fmt::format("{}: {} live rows, {} dead", state.table, state.live_rows,
                    state.dead_rows);
    if (!state.autovacuum)
      add(findings, Level::warning, "vacuum",
          rows + "; autovacuum is off, so dead rows will pile up: turn it on");
    else if (state.dead_rows > 10000 && state.dead_rows > state.live_rows / 5)
      add(findings, Level::warning, "vacuum",
          rows + "; run VACUUM " + state.table + " first");
    else
      add(findings, Level::ok, "vacuum", rows);
  }
}

void check_clock(Installation& installation, Findings& findings) {
  const auto skew = std::chrono::duration_cast<seconds>(
      our_now() - db::now(installation.pool, installation.session()));
  if (std::abs(skew.count()) > 5)
    add(findings, Level::warning, "clock",
        fmt::format("ours is {} s {} the database's, which is the one that "
                    "counts; look at NTP on both",
                    std::abs(skew.count()),
                    skew.count() > 0 ? "ahead of" : "behind"));
  else
    add(findings, Level::ok, "clock", "within 5 s of the database's");
}

}  // namespace jobs
