#include "jobs/seed.hpp"

#include "db/seed.hpp"
#include "jobs/seed_files.hpp"
#include "stores/object_key.hpp"

#include <tbb/global_control.h>
#include <tbb/parallel_pipeline.h>

#include <algorithm>
#include <chrono>
#include <optional>
#include <vector>

namespace jobs {
namespace {

// Creating a file is waiting, for the directory's lock and for the journal, so
// there are more writers than a small machine has cores.
constexpr std::size_t writers = 4;

using Objects = std::vector<db::SeedObject>;

/// Counts what a run will destroy, and leaves out the objects to be missing.
class Census {
 public:
  Census(std::int64_t missing_every, SeedReport& report)
      : missing_every_(missing_every), report_(report) {}

  /// \return those of \a objects whose files are to be written.
  Objects take(Objects objects) {
    std::erase_if(objects, [&](const auto& object) { return !keep(object); });
    return objects;
  }

 private:
  bool keep(const db::SeedObject& object) {
    if (!object.destroyable || object.file == symlinked_file ||
        stores::poison_file(object.file))
      return true;
    report_.destroyed_bytes += object.size;
    destroyable_ += 1;
    if (missing_every_ == 0 || destroyable_ % missing_every_ != 0)
      return true;
    report_.missing += 1;
    return false;
  }

  std::int64_t missing_every_;
  std::int64_t destroyable_ = 0;
  SeedReport& report_;
};

void write(SeedFiles& files, const db::SeedObject& object,
           std::int64_t content_limit) {
  const stores::ObjectKey key = stores::artifact_key(
      object.project_id, object.pipeline_id, object.id, object.file);
  const std::int64_t size = std::min(object.size, content_limit);
  if (stores::poison_file(object.file))
    files.put_poison(key);
  else if (object.file == symlinked_file)
    files.put_behind_symlink(key, size);
  else
    files.put(key, size);
}

/// Rows come a thousand at a time from the one session, and a handful of such
/// batches is in memory at once.
void write_artifacts(db::SeedDatabase& database, const ProfilePlan& plan,
                     SeedFiles* files, SeedReport& report) {
  const tbb::global_control width(tbb::global_control::max_allowed_parallelism,
                                  writers);
  Census census(plan.missing_every, report);
  database.open_objects(plan.rows);
  tbb::parallel_pipeline(
      2 * writers,
      tbb::make_filter<void, Objects>(tbb::filter_mode::serial_in_order,
                                      [&](tbb::flow_control& flow) {
                                        Objects objects =
                                            database.next_objects();
                                        if (objects.empty())
                                          flow.stop();
                                        return census.take(std::move(objects));
                                      }) &
          tbb::make_filter<Objects, void>(
              tbb::filter_mode::parallel, [&](const Objects& objects) {
                for (const db::SeedObject& object : objects)
                  if (files)
                    write(*files, object, plan.content_limit);
              }));
}

void add_queue(db::SeedDatabase& database, const ProfilePlan& plan,
               SeedFiles* files) {
  constexpr std::int64_t size = 100;
  std::vector<db::SeedEntry> entries;
  for (const QueuedObject& object : plan.queue) {
    entries.push_back({object.file_store, object.due_in, object.key.directory,
                       object.key.file});
    if (files && object.has_file)
      files->put(object.key, std::min(size, plan.content_limit));
  }
  database.add_entries(entries);
}

/// Without files everything that a run looks for is absent.
void expect_no_files(SeedReport& report) {
  Expected& expected = report.expected;
  report.missing = expected.unlocked_destroyed + expected.legacy_destroyed;
  expected.queue_absent += expected.queue_removed;
  expected.queue_removed = 0;
}

}  // namespace

SeedReport seed(const SeedOptions& options) {
  const auto began = std::chrono::steady_clock::now();
  const ProfilePlan plan = plan_profile(options);
  const db::SeedJobsPlan jobs = plan_jobs(options, plan.rows.projects);
  SeedReport report{.made = count_made(plan),
                    .expected = expect(plan),
                    .made_jobs = count_made(jobs),
                    .expected_jobs = expect(jobs)};

  db::SeedDatabase database;
  std::optional<SeedFiles> store;
  if (options.files)
    store.emplace(*options.local_store);
  SeedFiles* const files = store ? &*store : nullptr;

  database.fill(plan.rows);
  add_jobs(database, jobs, options);
  add_queue(database, plan, files);
  write_artifacts(database, plan, files, report);
  database.commit();

  if (files) {
    report.files = files->files();
    report.file_bytes = files->bytes();
  } else {
    expect_no_files(report);
  }
  report.base = database.base();
  report.seconds =
      std::chrono::duration<double>(std::chrono::steady_clock::now() - began)
          .count();
  return report;
}

}  // namespace jobs
