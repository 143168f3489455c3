#include "jobs/check_pressure.hpp"

#include "jobs/brake.hpp"

#include <algorithm>

namespace jobs {
namespace {

using telemetry::Pass;

/// Of all passes, each once.
std::vector<Strain> all_strains(const Options& options,
                                const db::Pressure& pressure) {
  std::vector<Strain> all;
  for (const Pass pass : {Pass::unlocked, Pass::traces})
    for (Strain& strain : strains(options, pass, pressure, {}))
      if (std::ranges::find(all, strain.what, &Strain::what) == all.end())
        all.push_back(std::move(strain));
  return all;
}

Finding finding_of(const Strain& strain) {
  const bool over = strain.share > 1;
  return {over ? Level::warning : Level::ok, "strain",
          strain.what + (over ? "; a run would hold back" : "")};
}

}  // namespace

void check_pressure(Installation& installation, Findings& findings) {
  if (installation.options.command != Command::check)
    return;  // a run looks again and again by itself
  const db::Pressure pressure =
      db::read_pressure(installation.pool, installation.session());
  for (const Strain& strain : all_strains(installation.options, pressure))
    findings.push_back(finding_of(strain));
  if (!pressure.sees_all)
    findings.push_back(
        {pressure.standbys > 0 ? Level::warning : Level::ok, "strain",
         "this role can't see how far standbys are, transactions of others, "
         "nor VACUUM at work: GRANT pg_read_all_stats TO it, and they are "
         "heeded"});
}

}  // namespace jobs
