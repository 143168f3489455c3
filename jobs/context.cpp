#include "jobs/context.hpp"

#include "telemetry/log.hpp"
#include "telemetry/readable.hpp"

#include <fmt/format.h>
#include <spdlog/spdlog.h>
#include <nlohmann/json.hpp>

#include <algorithm>

namespace jobs {

using telemetry::Outcome;
using telemetry::Pass;

db::Session Context::reading(Pass pass) const {
  db::Session session = base_session;
  session.application_name =
      fmt::format("ci-janitor {} {}", telemetry::name_of(pass), report.run_id);
  session.deadline = deadline;
  session.read_only = true;
  session.times = &report.pass(pass).statements;
  return session;
}

db::Session Context::writing(Pass pass) const {
  db::Session session = reading(pass);
  session.read_only = false;
  return session;
}

db::Session Context::counting(std::string_view what) const {
  db::Session session = base_session;
  session.application_name =
      fmt::format("ci-janitor {} {}", what, report.run_id);
  session.statement_timeout = std::chrono::seconds{1};
  return session;
}

bool Context::takes(const db::Artifact& row) const {
  const stores::Store* const store = stores.find(row.file_store);
  return filter.takes(row) && (store == nullptr || !store->is_down());
}

bool Context::must_stop() const {
  return stop || absence_watch.tripped() || lease_lost || deadline.passed();
}

bool Context::may_go_on(Pass pass) const {
  telemetry::PassReport& pass_report = report.pass(pass);
  if (stop)
    pass_report.end(Outcome::interrupted, "a signal asked to stop");
  else if (absence_watch.tripped())
    pass_report.end(Outcome::partial, absence_watch.reason());
  else if (lease_lost)
    pass_report.end(
        Outcome::throttled,
        "the lease of --exclusive was lost: somebody else has it, or Redis did "
        "not answer for as long as it lasts");
  else if (!governor.given_up().empty())
    pass_report.end(Outcome::throttled, governor.given_up());
  else if (deadline.passed())
    pass_report.end(Outcome::budget_exhausted, "--time-limit was reached");
  else
    return true;
  return false;
}

void Context::batch_done(Pass pass, std::int64_t rows, std::int64_t bytes,
                         std::chrono::steady_clock::time_point began) {
  report.batch_done(pass, rows);
  if (!spdlog::should_log(spdlog::level::debug))
    return;
  const double seconds =
      std::chrono::duration<double>(std::chrono::steady_clock::now() - began)
          .count();
  telemetry::log_with(
      "debug",
      fmt::format("{}: a batch of {}, {} MiB, in {:.3f} s",
                  telemetry::name_of(pass), telemetry::grouped(rows),
                  telemetry::mebibytes(bytes), seconds),
      {{"rows", rows}, {"bytes", bytes}, {"seconds", seconds}});
}

void Context::problem(Pass pass, const db::Artifact& artifact,
                      const std::string& reason) {
  const bool is_new =
      report.problem({pass, "ci_pipeline_artifacts", artifact.id, reason});
  if (!is_new)
    return;
  if (artifact.locked == db::LockState::unknown)
    ++unknown_problems;
  const auto why = stores.find(artifact.file_store) == nullptr
                       ? telemetry::Ineligible::other_store
                       : telemetry::Ineligible::poison;
  const std::lock_guard lock(ineligible_mutex);
  ++ineligible[artifact.project_id][static_cast<std::size_t>(why)];
}

void Context::refuse(Pass pass, std::int64_t id, std::string_view reason) {
  constexpr int most_told = 100;
  if (settled.add(id))
    return;
  ++report.pass(pass).refused;
  if (refusals_told++ < most_told)
    spdlog::warn("{}: {} {} of the plan is refused: {}",
                 telemetry::name_of(pass),
                 pass == Pass::builds ? "job" : "artifact", id, reason);
}

void Context::refuse_missing(Pass pass, std::span<const std::int64_t> ids,
                             std::vector<db::Artifact>& rows) {
  for (const std::int64_t id : ids)
    if (!std::ranges::binary_search(rows, id, {}, &db::Artifact::id))
      refuse(pass, id, "it is gone, or not expired and unlocked any more");
  std::erase_if(rows, [&](const db::Artifact& row) {
    const bool changed = !named->names(row);
    if (changed)
      refuse(pass, row.id, "its key, bytes or store are not what they were");
    return changed;
  });
}

}  // namespace jobs
