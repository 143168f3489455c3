#include "jobs/composite_status.hpp"

#include <initializer_list>

namespace jobs {
namespace {

using db::JobStatus;
using enum db::JobStatus;

/// A set of statuses, by bits; two more stand for jobs that may fail.
using Statuses = unsigned;
constexpr Statuses bit(JobStatus status) {
  return 1U << static_cast<unsigned>(status);
}
constexpr Statuses warning = 1U << 30U;
constexpr Statuses ignored = 1U << 31U;

Statuses counts_for(const CountedStatus& job) {
  if (job.allow_failure && (job.status == failed || job.status == canceled))
    return warning;
  if (job.allow_failure && job.status == manual)
    return ignored;
  return bit(job.status);
}

constexpr Statuses set_of(std::initializer_list<JobStatus> statuses) {
  Statuses set = 0;
  for (const JobStatus status : statuses)
    set |= bit(status);
  return set;
}

Statuses set_of(std::span<const CountedStatus> jobs) {
  Statuses set = 0;
  for (const CountedStatus& job : jobs)
    set |= counts_for(job);
  return set;
}

enum class Asks { only, any };

struct Rule {
  Asks asks;
  Statuses set;
  JobStatus result;
};

constexpr Statuses harmless = warning | ignored;

// Rules 2 to 15; rule 1 is for a DAG alone, and 16 is "else failed".
constexpr Rule rules[] = {
    {Asks::only, bit(skipped) | ignored, skipped},
    {Asks::only, set_of({success, skipped}) | harmless, success},
    {Asks::only, bit(created) | harmless, created},
    {Asks::only, bit(preparing) | harmless, preparing},
    {Asks::only, set_of({canceled, success, skipped}) | harmless, canceled},
    {Asks::only, set_of({pending, created, skipped}) | harmless, pending},
    {Asks::any, set_of({running, pending}), running},
    {Asks::any, bit(waiting_for_resource), waiting_for_resource},
    {Asks::any, bit(waiting_for_callback), waiting_for_callback},
    {Asks::any, bit(manual), manual},
    {Asks::any, bit(scheduled), scheduled},
    {Asks::any, bit(preparing), preparing},
    {Asks::any, bit(created), running},
    {Asks::any, bit(canceling), canceling},
};

JobStatus apply_rules(Statuses found) {
  for (const Rule& rule : rules)
    if (rule.asks == Asks::only ? (found & ~rule.set) == 0
                                : (found & rule.set) != 0)
      return rule.result;
  return failed;
}

}  // namespace

JobStatus composite_status(std::span<const CountedStatus> jobs) {
  return jobs.empty() ? success : apply_rules(set_of(jobs));
}

JobStatus composite_status_of_needs(std::span<const CountedStatus> jobs) {
  if ((set_of(jobs) & (bit(skipped) | ignored)) != 0)
    return skipped;
  return composite_status(jobs);
}

}  // namespace jobs
