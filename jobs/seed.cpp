#include "jobs/seed.hpp"

#include "db/seed.hpp"
#include "jobs/in_parallel.hpp"
#include "jobs/seed_bucket.hpp"
#include "jobs/seed_files.hpp"
#include "stores/object_key.hpp"

#include <tbb/global_control.h>
#include <tbb/task_arena.h>

#include <algorithm>
#include <chrono>
#include <memory>
#include <optional>
#include <vector>

namespace jobs {
namespace {

using Objects = std::vector<db::SeedObject>;

constexpr std::int64_t bucket_store = 2;  // file_store

/// Where the objects go, as far as the options name places.
struct Places {
  explicit Places(const SeedOptions& options) {
    if (options.files && options.local_store)
      files.emplace(*options.local_store);
    if (options.object_store)
      bucket.emplace(*options.object_store);
  }

  std::optional<SeedFiles> files;
  std::optional<SeedBucket> bucket;
};

/// Counts what a run will destroy, and leaves out the objects to be missing:
/// none in the bucket, which does not tell that one was absent.
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
    if (object.file_store == bucket_store)
      return true;
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

void write(SeedFiles& files, const stores::ObjectKey& key, std::int64_t size) {
  if (stores::poison_file(key.file))
    files.put_poison(key);
  else if (key.file == symlinked_file)
    files.put_behind_symlink(key, size);
  else
    files.put(key, size);
}

void write(Places& places, const db::SeedObject& object,
           std::int64_t content_limit) {
  const stores::ObjectKey key = stores::artifact_key(
      object.project_id, object.pipeline_id, object.id, object.file);
  const std::int64_t size = std::min(object.size, content_limit);
  if (object.file_store == bucket_store)
    places.bucket->put(key, size);
  else if (places.files)
    write(*places.files, key, size);
}

/// Rows come a hundred at a time from the one session, and a handful of such
/// batches is in memory at once.
void write_artifacts(db::SeedDatabase& database, const ProfilePlan& plan,
                     Places& places, SeedReport& report) {
  Census census(plan.missing_every, report);
  database.open_objects(plan.rows);
  in_parallel<Objects>(
      2 * seed_writers,
      [&]() -> std::shared_ptr<Objects> {
        Objects objects = database.next_objects();
        if (objects.empty())
          return nullptr;
        return std::make_shared<Objects>(census.take(std::move(objects)));
      },
      [&](const Objects& objects) {
        for (const db::SeedObject& object : objects)
          write(places, object, plan.content_limit);
      });
}

void write(Places& places, const QueuedObject& object,
           std::int64_t content_limit) {
  const std::int64_t size = std::min<std::int64_t>(100, content_limit);
  if (!object.has_file)
    return;
  if (object.file_store == bucket_store)
    places.bucket->put(object.key, size);
  else if (places.files)
    places.files->put(object.key, size);
}

void add_queue(db::SeedDatabase& database, const ProfilePlan& plan,
               Places& places) {
  std::vector<db::SeedEntry> entries;
  for (const QueuedObject& object : plan.queue)
    entries.push_back({object.file_store, object.due_in, object.key.directory,
                       object.key.file});
  database.add_entries(entries);
  each_in_parallel(seed_writers, plan.queue, [&](const QueuedObject& object) {
    write(places, object, plan.content_limit);
  });
}

void fill_places(const SeedOptions& options, const ProfilePlan& plan,
                 const db::SeedJobsPlan& jobs, SeedReport& report) {
  db::SeedDatabase database;
  Places places(options);
  database.fill(plan.rows);
  add_jobs(database, jobs, options, places.bucket ? &*places.bucket : nullptr);
  add_queue(database, plan, places);
  write_artifacts(database, plan, places, report);
  database.commit();

  report.base = database.base();
  if (places.files) {
    report.files = places.files->files();
    report.file_bytes = places.files->bytes();
  }
  if (places.bucket) {
    report.bucket_objects = places.bucket->objects();
    report.bucket_bytes = places.bucket->bytes();
  }
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
  const tbb::global_control width(tbb::global_control::max_allowed_parallelism,
                                  seed_writers);
  tbb::task_arena(seed_writers).execute([&] {
    fill_places(options, plan, jobs, report);
  });
  if (!options.files)
    expect_no_files(report);
  report.seconds =
      std::chrono::duration<double>(std::chrono::steady_clock::now() - began)
          .count();
  return report;
}

}  // namespace jobs
