#include "jobs/check_share.hpp"

#include "db/health.hpp"
#include "db/pipeline_artifacts.hpp"
#include "jobs/choices.hpp"
#include "jobs/planned_rows.hpp"
#include "telemetry/readable.hpp"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <limits>
#include <optional>

namespace jobs {
namespace {

using telemetry::grouped;
using telemetry::Pass;

constexpr std::int64_t small_table = 10'000;
// A row has over 100 bytes, so that a table of fewer pages is small.
constexpr std::int64_t most_rows_a_page = 80;
// Some 30,000 rows: where half of all would go, one sample in twenty is off by
// more than five in a hundred if the rows of each page are all alike.
constexpr std::int64_t pages_sampled = 500;
constexpr std::int64_t fewest_pages = 60;
// Fewer tell little: where most pages are empty, more are looked at.
constexpr std::int64_t fewest_rows = 5'000;

db::ShareQuestion question_of(Installation& installation) {
  const Options& options = installation.options;
  const telemetry::Timestamp now =
      db::now(installation.pool, installation.session());
  db::Filter filter = filter_of(options);
  filter.shard = {};  // the others destroy theirs
  return {.horizon = options.horizon.value_or(now) - options.grace,
          .filter = filter,
          .unlocked = installation.wants(Pass::unlocked),
          .legacy = installation.wants(Pass::legacy),
          .only_unknown = options.trust_lock_state};
}

/// \return nothing if not even a small sample comes in time.
std::optional<db::ShareSample> sample(Installation& installation,
                                      const db::PipelineArtifacts& artifacts,
                                      std::int64_t of) {
  const db::ShareQuestion question = question_of(installation);
  std::optional<db::ShareSample> found;
  std::int64_t pages = pages_sampled;
  while (pages >= fewest_pages) {
    try {
      found = artifacts.share(installation.session(), question, pages, of);
      if (pages >= of || found->rows * pages / of >= fewest_rows)
        break;
      pages *= 4;
    } catch (const db::Error& error) {
      if (!error.timed_out())
        throw;
      if (found)
        break;
      spdlog::debug("{}; a smaller sample is taken", error.what());
      pages /= 2;
    }
  }
  return found;
}

/// What this run, and the others of its shards, will destroy at most.
double share_of(const Options& options, const PlannedRows* named,
                const db::ShareSample& sample) {
  const auto rows = static_cast<double>(sample.rows);
  double gone = sample.share * rows;
  const auto shards = static_cast<double>(options.shards);
  if (named != nullptr)
    gone = static_cast<double>(named->of_all_shards());
  if (options.max_destroy)
    gone = std::min(gone, static_cast<double>(*options.max_destroy) * shards);
  return gone / std::max(rows, 1.0);
}

std::string sentence(const Options& options, double share, std::int64_t rows) {
  return fmt::format(
      "{:.0f} % of about {} artifacts would be destroyed, and --max-fraction "
      "{} allows {:.0f} %",
      100 * share, grouped(rows), options.max_fraction,
      100 * options.max_fraction);
}

void tell(const Options& options, std::string text, Findings& findings) {
  if (options.command == Command::plan)
    spdlog::warn("a run would be refused: {}", text);
  else
    findings.push_back({Level::fail, "share", std::move(text)});
}

}  // namespace

void check_share(Installation& installation, const PlannedRows* named,
                 Findings& findings) {
  const Options& options = installation.options;
  if (options.max_fraction >= 1 || (!installation.wants(Pass::unlocked) &&
                                    !installation.wants(Pass::legacy)))
    return;
  const db::PipelineArtifacts artifacts(installation.pool);
  const std::int64_t pages = artifacts.pages(installation.session());
  if (pages * most_rows_a_page <= small_table)
    return;
  const auto found = sample(installation, artifacts, pages);
  if (!found)
    return tell(options,
                "how much of ci_pipeline_artifacts would be destroyed could "
                "not be told within --statement-timeout; --max-fraction 1 goes "
                "on without",
                findings);
  if (found->rows <= small_table)
    return;
  const double share = share_of(options, named, *found);
  const std::string text = sentence(options, share, found->rows);
  if (share > options.max_fraction)
    tell(options,
         text +
             "; look at --horizon and at what has expired, then give "
             "--max-fraction a larger share, 1 for any",
         findings);
  else if (options.command == Command::check)
    findings.push_back({Level::ok, "share", text});
}

}  // namespace jobs
