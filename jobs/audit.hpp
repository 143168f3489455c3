#pragma once

#include <span>
#include <unordered_set>

#include "db/builds.hpp"
#include "db/pipeline_artifacts.hpp"
#include "telemetry/report.hpp"

/// A line of the audit for each row: what a transaction is about to do, written
/// before it is sent, and then what came of it, so that whoever has only the
/// log knows of every row that may be gone.  Nothing where nobody audits.
namespace jobs {

using RowIds = std::unordered_set<std::int64_t>;

void audit_intent(telemetry::Pass pass, std::span<const db::Artifact> rows);

/// \param done rows destroyed; the others were left, or, if \a in_doubt names
///        them, nobody knows yet.
void audit_result(telemetry::Pass pass, std::span<const db::Artifact> rows,
                  const RowIds& done, const RowIds& in_doubt);

void audit_intent(std::span<const db::Job> jobs);

/// \param done jobs dropped; null: nobody knows.
void audit_result(std::span<const db::Job> jobs, const RowIds* done);

}  // namespace jobs
