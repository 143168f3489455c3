#include "jobs/context.hpp"

namespace jobs {

using telemetry::Outcome;
using telemetry::Pass;

db::Session Context::reading(Pass pass) const {
  db::Session session = base_session;
  session.application_name = "ci-janitor " +
                             std::string(telemetry::name_of(pass)) + " " +
                             report.run_id;
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

bool Context::takes(const db::Artifact& row) const {
  const stores::Store* const store = stores.find(row.file_store);
  return filter.takes(row) && (store == nullptr || !store->is_down());
}

bool Context::must_stop() const {
  return stop || absence_watch.tripped() || deadline.passed();
}

bool Context::may_go_on(Pass pass) const {
  telemetry::PassReport& pass_report = report.pass(pass);
  if (stop)
    pass_report.end(Outcome::interrupted, "a signal asked to stop");
  else if (absence_watch.tripped())
    pass_report.end(Outcome::partial, absence_watch.reason());
  else if (deadline.passed())
    pass_report.end(Outcome::budget_exhausted, "--time-limit was reached");
  else
    return true;
  return false;
}

void Context::problem(Pass pass, const db::Artifact& artifact,
                      const std::string& reason) {
  const bool is_new =
      report.problem({pass, "ci_pipeline_artifacts", artifact.id, reason});
  if (is_new && artifact.locked == db::LockState::unknown)
    ++unknown_problems;
}

}  // namespace jobs
