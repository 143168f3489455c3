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

/// What is well stands in one line, what is not in one each.
void add_strains(const std::vector<Strain>& all, Findings& findings,
                 std::string well) {
  for (const Strain& strain : all)
    if (strain.share > 1)
      findings.push_back(
          {Level::warning, "strain", strain.what + "; a run would hold back"});
    else
      well += (well.empty() ? "" : "; ") + strain.what;
  if (!well.empty())
    findings.push_back({Level::ok, "strain", well});
}

}  // namespace

void check_pressure(Installation& installation, Findings& findings) {
  if (installation.options.command != Command::check)
    return;  // a run looks again and again by itself
  const db::Pressure pressure =
      db::read_pressure(installation.pool, installation.session());
  const bool misses_standbys = !pressure.sees_all && pressure.standbys > 0;
  if (misses_standbys)
    findings.push_back({Level::warning, "strain", std::string(unseen_signals)});
  add_strains(
      all_strains(installation.options, pressure), findings,
      std::string(pressure.sees_all || misses_standbys ? std::string_view{}
                                                       : unseen_signals));
}

}  // namespace jobs
