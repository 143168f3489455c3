#include "jobs/audit.hpp"

#include "jobs/path_look.hpp"
#include "telemetry/audit.hpp"

#include <nlohmann/json.hpp>

namespace jobs {
namespace {

using nlohmann::ordered_json;

const char* why_destroyed(telemetry::Pass pass) {
  return pass == telemetry::Pass::unlocked
             ? "expired, and the row says unlocked"
             : "expired, and its pipeline is unlocked";
}

void audit_row(const char* message, telemetry::Pass pass,
               const db::Artifact& row) {
  telemetry::audit(message, ordered_json{{"kind", "artifact"},
                                         {"id", row.id},
                                         {"project_id", row.project_id},
                                         {"pipeline_id", row.pipeline_id},
                                         {"bytes", row.size},
                                         {"store", row.file_store},
                                         {"key", key_of(row).path()},
                                         {"reason", why_destroyed(pass)}});
}

void audit_row(const char* message, const db::Job& job) {
  telemetry::audit(message, ordered_json{{"kind", "build"},
                                         {"id", job.id},
                                         {"project_id", job.project_id},
                                         {"pipeline_id", job.pipeline_id},
                                         {"user_id", job.user_id},
                                         {"status", job.status},
                                         {"reason", "its user is blocked"}});
}

}  // namespace

void audit_intent(telemetry::Pass pass, std::span<const db::Artifact> rows) {
  if (telemetry::is_audited())
    for (const db::Artifact& row : rows)
      audit_row("to be destroyed", pass, row);
}

void audit_result(telemetry::Pass pass, std::span<const db::Artifact> rows,
                  const RowIds& done, const RowIds& in_doubt) {
  if (telemetry::is_audited())
    for (const db::Artifact& row : rows)
      audit_row(done.contains(row.id)       ? "destroyed"
                : in_doubt.contains(row.id) ? "perhaps destroyed"
                                            : "not destroyed",
                pass, row);
}

void audit_intent(std::span<const db::Job> jobs) {
  if (telemetry::is_audited())
    for (const db::Job& job : jobs)
      audit_row("to be dropped", job);
}

void audit_result(std::span<const db::Job> jobs, const RowIds* done) {
  if (telemetry::is_audited())
    for (const db::Job& job : jobs)
      audit_row(done == nullptr          ? "perhaps dropped"
                : done->contains(job.id) ? "dropped"
                                         : "not dropped",
                job);
}

}  // namespace jobs
