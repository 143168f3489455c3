#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>

namespace db {

/// What a job, a stage or a pipeline may be in (gitlab-rails' has_status, E21
/// to E26).  Jobs and pipelines keep it as a word, stages as a number.
enum class JobStatus : std::uint8_t {
  created,
  pending,
  running,
  success,
  failed,
  canceled,
  skipped,
  manual,
  scheduled,
  preparing,
  waiting_for_resource,
  waiting_for_callback,
  canceling
};

/// The words, in the order of ci_stages.status.
inline constexpr std::array<std::string_view, 13> job_status_names{
    "created",
    "pending",
    "running",
    "success",
    "failed",
    "canceled",
    "skipped",
    "manual",
    "scheduled",
    "preparing",
    "waiting_for_resource",
    "waiting_for_callback",
    "canceling"};

constexpr std::string_view name_of(JobStatus status) {
  return job_status_names.at(static_cast<std::size_t>(status));
}

/// \return nothing for a word that no GitLab known here writes.
constexpr std::optional<JobStatus> job_status(std::string_view name) {
  for (std::size_t i = 0; i < job_status_names.size(); ++i)
    if (job_status_names.at(i) == name)
      return static_cast<JobStatus>(i);
  return std::nullopt;
}

/// The same for the number that ci_stages has.
constexpr std::optional<JobStatus> job_status(std::int64_t number) {
  if (number < 0 || number >= std::ssize(job_status_names))
    return std::nullopt;
  return static_cast<JobStatus>(number);
}

/// It ends there, unless somebody retries it.
constexpr bool is_completed(JobStatus status) {
  return status == JobStatus::success || status == JobStatus::failed ||
         status == JobStatus::canceled || status == JobStatus::skipped;
}

}  // namespace db
