#include "jobs/seed_profile.hpp"

#include <algorithm>
#include <array>
#include <cmath>

namespace jobs {
namespace {

using db::Expiry;
using db::SeedKind;

constexpr std::optional<int> unwritten{};  // NULL, where 2 says unknown

/// Every lock state under every pipeline, with every expiry: 32 kinds.
std::vector<SeedKind> smoke_kinds() {
  std::vector<SeedKind> kinds;
  for (const std::optional<int> locked :
       std::array<std::optional<int>, 4>{0, 1, 2, unwritten})
    for (const int pipeline : {0, 1})
      for (const auto& [expiry, count] :
           {std::pair{Expiry::past, 19}, std::pair{Expiry::soon, 8},
            std::pair{Expiry::never, 5}, std::pair{Expiry::far, 5}})
        kinds.push_back({count, locked, pipeline, expiry});
  kinds.front().count += 4;  // 300 in all
  return kinds;
}

std::vector<SeedKind> demo_kinds() {
  return {{10000, 0, 0, Expiry::past}, {3000, 1, 1, Expiry::past},
          {400, 2, 0, Expiry::past},   {100, unwritten, 0, Expiry::past},
          {1400, 2, 1, Expiry::past},  {200, unwritten, 1, Expiry::past},
          {200, 1, 0, Expiry::past},   {3000, 1, 1, Expiry::soon},
          {1000, 0, 0, Expiry::soon},  {500, 2, 1, Expiry::soon},
          {100, 0, 0, Expiry::never},  {100, 1, 1, Expiry::never}};
}

std::int64_t scaled(std::int64_t count, double scale) {
  return std::max<std::int64_t>(
      1, std::llround(static_cast<double>(count) * scale));
}

/// 861,384 expired under a locked pipeline but for one, 179,750 expired and
/// unlocked, two million not expired.
std::vector<SeedKind> headline_kinds(double scale) {
  const std::int64_t expired_locked = scaled(861384, scale) - 1;
  const std::int64_t unknown = expired_locked / 10;
  const std::int64_t live = scaled(2000000, scale);
  const std::int64_t live_unlocked = live / 5;
  const std::int64_t live_unknown = live / 8;
  return {{scaled(179750, scale), 0, 0, Expiry::past},
          {expired_locked - unknown, 1, 1, Expiry::past},
          {unknown, 2, 1, Expiry::past},
          {1, 2, 0, Expiry::past},
          {live - live_unlocked - live_unknown, 1, 1, Expiry::soon},
          {live_unlocked, 0, 0, Expiry::soon},
          {live_unknown, 2, 1, Expiry::soon}};
}

const std::vector<SeedKind> remote_kinds{{3, 0, 0, Expiry::past, 2},
                                         {2, 2, 0, Expiry::past, 2},
                                         {3, 1, 1, Expiry::soon, 2}};

const std::vector<SeedKind> poison_kinds{
    {1, 0, 0, Expiry::past, 1, ".."},
    {1, 0, 0, Expiry::past, 1, "a/b"},
    {1, 0, 0, Expiry::past, 1, ""},
    {1, 0, 0, Expiry::past, 1, "."},
    {1, 0, 0, Expiry::past, 1, symlinked_file}};

/// Half of every kind in the bucket, or all of it where nothing else is.
std::vector<SeedKind> shared_out(const std::vector<SeedKind>& kinds,
                                 bool is_local_too) {
  std::vector<SeedKind> shared;
  for (SeedKind kind : kinds) {
    SeedKind remote = kind;
    remote.file_store = 2;
    remote.count = is_local_too ? kind.count / 2 : kind.count;
    kind.count -= remote.count;
    for (const SeedKind& half : {kind, remote})
      if (half.count > 0)
        shared.push_back(half);
  }
  return shared;
}

std::vector<SeedKind> kinds_of(const SeedOptions& options) {
  std::vector<SeedKind> kinds =
      options.profile == Profile::smoke  ? smoke_kinds()
      : options.profile == Profile::demo ? demo_kinds()
                                         : headline_kinds(options.scale);
  if (options.object_store)
    kinds = shared_out(kinds, options.local_store.has_value());
  if (options.with_remote)
    kinds.insert(kinds.end(), remote_kinds.begin(), remote_kinds.end());
  if (options.with_poison)
    kinds.insert(kinds.end(), poison_kinds.begin(), poison_kinds.end());
  return kinds;
}

bool is_poison(const SeedKind& kind) {
  return kind.file.has_value();
}

/// \pre the kind is neither poison nor without objects
void count(const SeedKind& kind, Made& made) {
  if (kind.file_store == 2)
    made.in_bucket += kind.count;
  if (kind.expiry != Expiry::past)
    made.live += kind.count;
  else if (kind.locked == 0)
    made.expired_unlocked += kind.count;
  else if (kind.locked != 1)
    made.expired_unknown += kind.count;
  else if (kind.pipeline_locked == 0)
    made.contradictions += kind.count;
  else
    made.expired_locked += kind.count;
}

/// \pre the kind has expired, and is neither poison nor without objects
void expect(const SeedKind& kind, Expected& expected) {
  if (kind.locked == 0) {
    expected.unlocked_destroyed += kind.count;
  } else if (kind.pipeline_locked == 0) {
    expected.legacy_destroyed += kind.count;
    if (kind.locked == 1)
      expected.contradictions += kind.count;
  } else if (kind.locked != 1) {
    expected.resolved += kind.count;
  }
}

/// A bucket does not tell whether an object was there.
void expect(const QueuedObject& object, Expected& expected) {
  if (object.due_in >= 0)
    return;
  if (stores::poison(object.key))
    expected.problems += 1;
  else if (object.has_file || object.file_store == 2)
    expected.queue_removed += 1;
  else
    expected.queue_absent += 1;
}

/// Whether a run is told of that store.
bool is_served(std::int64_t file_store, const ProfilePlan& plan) {
  return file_store == 1 || plan.rows.has_bucket;
}

}  // namespace

ProfilePlan plan_profile(const SeedOptions& options) {
  ProfilePlan plan;
  plan.rows.random_seed = options.random_seed;
  plan.rows.base = options.now;
  plan.rows.kinds = kinds_of(options);
  plan.rows.has_bucket = options.object_store.has_value();
  std::int64_t entries = 0;
  switch (options.profile) {
    case Profile::smoke:
      plan.rows.pipelines = 500;
      plan.rows.projects = 20;
      plan.rows.pair_every = 3;
      plan.missing_every = 20;
      entries = 60;
      break;
    case Profile::demo:
      plan.rows.pipelines = 40000;
      plan.rows.projects = 200;
      entries = 600;
      break;
    case Profile::headline:
      plan.rows.pipelines = scaled(10000000, options.scale);
      plan.rows.projects = scaled(50000, options.scale);
      plan.rows.max_size = 1 << 20;
      plan.rows.odd_projects = false;
      plan.rows.all_objects = false;
      plan.content_limit = 1;
      break;
  }
  plan.queue = plan_queue(entries, plan.rows.projects, options);
  return plan;
}

Made count_made(const ProfilePlan& plan) {
  Made made;
  for (const SeedKind& kind : plan.rows.kinds) {
    made.artifacts += kind.count;
    if (is_poison(kind))
      made.poison += kind.count;
    else if (is_served(kind.file_store, plan))
      count(kind, made);
    else
      made.remote += kind.count;
  }
  made.queue_entries = static_cast<std::int64_t>(plan.queue.size());
  return made;
}

Expected expect(const ProfilePlan& plan) {
  const std::int64_t default_max_resolve = Options{}.max_resolve;
  Expected expected;
  for (const SeedKind& kind : plan.rows.kinds) {
    if (is_poison(kind))
      expected.problems += kind.count;
    else if (kind.expiry == Expiry::past && is_served(kind.file_store, plan))
      expect(kind, expected);
  }
  expected.resolved = std::min(expected.resolved, default_max_resolve);
  for (const QueuedObject& object : plan.queue)
    if (is_served(object.file_store, plan))
      expect(object, expected);
  return expected;
}

}  // namespace jobs
