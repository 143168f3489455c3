#include "jobs/seed.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

namespace jobs {
namespace {

using nlohmann::ordered_json;

ordered_json made_json(const SeedReport& report) {
  const Made& made = report.made;
  const MadeJobs& jobs = report.made_jobs;
  return {{"artifacts", made.artifacts},
          {"expired_unlocked", made.expired_unlocked},
          {"expired_locked", made.expired_locked},
          {"expired_unknown", made.expired_unknown},
          {"contradictions", made.contradictions},
          {"live", made.live},
          {"in_bucket", made.in_bucket},
          {"remote", made.remote},
          {"poison", made.poison},
          {"queue_entries", made.queue_entries},
          {"users", jobs.users},
          {"blocked_users", jobs.blocked_users},
          {"pipelines_of_users", jobs.pipelines},
          {"jobs", jobs.jobs},
          {"traces", jobs.traces},
          {"chunks", jobs.chunks},
          {"chunks_in_redis", jobs.chunks_in_redis},
          {"chunks_in_bucket", jobs.chunks_in_bucket},
          {"files", report.files},
          {"file_bytes", report.file_bytes},
          {"bucket_objects", report.bucket_objects},
          {"bucket_bytes", report.bucket_bytes}};
}

std::int64_t all_destroyed(const SeedReport& report) {
  return report.expected.unlocked_destroyed + report.expected.legacy_destroyed;
}

ordered_json builds_json(const ExpectedJobs& expected) {
  return {{"users", expected.users},
          {"pipelines", expected.pipelines},
          {"dropped", expected.dropped},
          {"schedules", expected.schedules}};
}

ordered_json traces_json(const ExpectedJobs& expected) {
  return {{"archived", expected.archived},
          {"empty", expected.empty},
          {"partial", expected.partial},
          {"lost", 0},
          {"chunks", expected.chunks}};
}

ordered_json expected_json(const SeedReport& report) {
  const Expected& expected = report.expected;
  const std::int64_t destroyed = all_destroyed(report);
  return {{"destroyed", destroyed},
          {"destroyed_bytes", report.destroyed_bytes},
          {"unlocked", {{"destroyed", expected.unlocked_destroyed}}},
          {"legacy",
           {{"destroyed", expected.legacy_destroyed},
            {"resolved", expected.resolved},
            {"contradictions", expected.contradictions}}},
          {"objects",
           {{"removed", destroyed - report.missing + expected.queue_removed},
            {"absent", report.missing + expected.queue_absent},
            {"from_queue", expected.queue_removed + expected.queue_absent}}},
          {"dropped", report.expected_jobs.dropped},
          {"builds", builds_json(report.expected_jobs)},
          {"traces", traces_json(report.expected_jobs)},
          {"backlog", 0},
          {"problems", expected.problems}};
}

/// The counts that are not in every seed.
std::string text_of_extras(const Made& made) {
  std::string text;
  if (made.in_bucket > 0)
    text += fmt::format("  of these in bucket  {:>9}\n", made.in_bucket);
  if (made.remote > 0)
    text += fmt::format("  in file_store 2     {:>9}\n", made.remote);
  if (made.poison > 0)
    text += fmt::format("  poison              {:>9}\n", made.poison);
  return text;
}

std::string text_of_objects(const SeedReport& report) {
  std::string text = fmt::format("files                 {:>9}, {} bytes\n",
                                 report.files, report.file_bytes);
  if (report.bucket_objects > 0)
    text += fmt::format("objects in the bucket {:>9}, {} bytes\n",
                        report.bucket_objects, report.bucket_bytes);
  return text;
}

/// Nothing where there are none.
std::string text_of_jobs(const SeedReport& report) {
  const MadeJobs& made = report.made_jobs;
  const ExpectedJobs& expected = report.expected_jobs;
  if (made.jobs == 0)
    return {};
  const std::string in_bucket =
      made.chunks_in_bucket > 0
          ? fmt::format(", {} in the bucket", made.chunks_in_bucket)
          : "";
  return fmt::format(
      "users                 {:>9}, {} of them blocked\n"
      "jobs                  {:>9}, in {} pipelines\n"
      "live traces           {:>9}, in {} chunks, {} of them in Redis{}\n"
      "a run drops           {:>9} jobs\n"
      "a run archives        {:>9} traces, {} of them with gaps\n",
      made.users, made.blocked_users, made.jobs, made.pipelines, made.traces,
      made.chunks, made.chunks_in_redis, in_bucket, expected.dropped,
      expected.archived + expected.partial, expected.partial);
}

}  // namespace

std::string as_text(const SeedOptions& options, const SeedReport& report) {
  const Made& made = report.made;
  return fmt::format(
             "made {} artifacts (profile {}, random seed {}) in {:.1f} s\n"
             "  expired, unlocked   {:>9}\n"
             "  expired, locked     {:>9}\n"
             "  expired, unknown    {:>9}\n"
             "  contradictions      {:>9}\n"
             "  not expired         {:>9}\n",
             made.artifacts, name_of(options.profile), options.random_seed,
             report.seconds, made.expired_unlocked, made.expired_locked,
             made.expired_unknown, made.contradictions, made.live) +
         text_of_extras(made) +
         fmt::format("queue entries         {:>9}\n", made.queue_entries) +
         text_of_objects(report) +
         fmt::format("a run destroys        {:>9}, {} bytes\n",
                     all_destroyed(report), report.destroyed_bytes) +
         text_of_jobs(report);
}

std::string as_json(const SeedOptions& options, const SeedReport& report) {
  const ordered_json document{{"program", "ci-janitor-seed"},
                              {"version", CI_JANITOR_VERSION},
                              {"profile", name_of(options.profile)},
                              {"random_seed", options.random_seed},
                              {"now", telemetry::format_timestamp(report.base)},
                              {"seconds", report.seconds},
                              {"made", made_json(report)},
                              {"expected", expected_json(report)}};
  return document.dump(2) + "\n";
}

}  // namespace jobs
