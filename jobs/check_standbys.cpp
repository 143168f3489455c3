#include "jobs/check_standbys.hpp"

#include "db/replication.hpp"

#include <fmt/format.h>

namespace jobs {
namespace {

/// \return what is wrong, and what to do about it; "" where nothing is.
std::string trouble_with_standbys(const db::ReplicationView& view,
                                  std::int64_t wanted, bool knows_timeline) {
  if (!knows_timeline)
    return "this server does not tell its place in the WAL, so that nothing "
           "can be waited for; leave --wait-for-standby out";
  if (!view.may_see)
    return "this role may not see how far standbys are; GRANT "
           "pg_read_all_stats TO it, or leave --wait-for-standby out";
  if (!view.commits_are_flushed)
    return "synchronous_commit is off for this role, so that a commit may be "
           "lost with the primary; ALTER ROLE ... SET synchronous_commit = on";
  if (view.streaming < wanted)
    return fmt::format(
        "{} of the {} that --wait-for-standby asks for are streaming; look at "
        "pg_stat_replication, or ask for fewer",
        view.streaming, wanted);
  return "";
}

}  // namespace

void check_standbys(Installation& installation, Findings& findings) {
  const std::int64_t wanted = installation.options.wait_for_standby;
  if (wanted == 0 || installation.catalog.in_recovery())
    return;
  const db::ReplicationView view =
      db::read_replication_view(installation.pool, installation.session());
  const std::string trouble = trouble_with_standbys(
      view, wanted, !installation.pool.timeline().empty());
  if (trouble.empty())
    findings.push_back(
        {Level::ok, "standbys",
         fmt::format("{} streaming, {} asked for", view.streaming, wanted)});
  else
    findings.push_back({Level::fail, "standbys", trouble});
}

}  // namespace jobs
