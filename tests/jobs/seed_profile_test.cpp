#include "jobs/seed_profile.hpp"

#include <catch2/catch.hpp>

#include <algorithm>
#include <set>
#include <string>

namespace {

using jobs::Expected;
using jobs::Made;
using jobs::Profile;
using jobs::ProfilePlan;
using jobs::SeedOptions;

ProfilePlan plan(Profile profile, double scale = 1) {
  SeedOptions options;
  options.profile = profile;
  options.scale = scale;
  return jobs::plan_profile(options);
}

/// Into a bucket alone, or into a directory too.
ProfilePlan plan_with_bucket(Profile profile, bool is_local_too,
                             bool with_poison = false) {
  SeedOptions options;
  options.profile = profile;
  options.object_store = {
      .url = "s3://artifacts", .endpoint = {}, .region = {}, .config_file = {}};
  if (is_local_too)
    options.local_store = "artifacts";
  options.with_poison = with_poison;
  return jobs::plan_profile(options);
}

std::int64_t entries_in_bucket(const ProfilePlan& plan) {
  return std::ranges::count(plan.queue, 2, &jobs::QueuedObject::file_store);
}

std::int64_t pipelines_needed(const ProfilePlan& plan) {
  std::int64_t needed = 0;
  for (const db::SeedKind& kind : plan.rows.kinds)
    needed += db::pipelines_needed(kind.count, plan.rows.pair_every);
  return needed;
}

}  // namespace

TEST_CASE("smoke makes 300 artifacts, and demo 20,000", "[unit][seed]") {
  CHECK(count_made(plan(Profile::smoke)).artifacts == 300);
  CHECK(count_made(plan(Profile::demo)).artifacts == 20000);
}

TEST_CASE("headline makes the published figures", "[unit][seed]") {
  const ProfilePlan headline = plan(Profile::headline);
  const Made made = count_made(headline);
  CHECK(made.expired_unlocked == 179750);
  CHECK(made.expired_locked + made.expired_unknown == 861384);
  CHECK(made.live == 2000000);
  CHECK(headline.rows.pipelines == 10000000);
  CHECK(expect(headline).legacy_destroyed == 1);
}

TEST_CASE("a tenth of headline is a tenth of its counts", "[unit][seed]") {
  const ProfilePlan tenth = plan(Profile::headline, 0.1);
  CHECK(count_made(tenth).expired_unlocked == 17975);
  CHECK(tenth.rows.pipelines == 1000000);
  CHECK(expect(tenth).legacy_destroyed == 1);
}

TEST_CASE("every profile has pipelines for its artifacts, and some besides",
          "[unit][seed]") {
  for (const ProfilePlan& profile :
       {plan(Profile::smoke), plan(Profile::demo), plan(Profile::headline),
        plan(Profile::headline, 0.00001),
        plan_with_bucket(Profile::smoke, /*is_local_too=*/true)})
    CHECK(pipelines_needed(profile) < profile.rows.pipelines);
}

TEST_CASE("a run writes down no more states than its default allows",
          "[unit][seed]") {
  CHECK(expect(plan(Profile::headline)).resolved ==
        jobs::Options{}.max_resolve);
}

TEST_CASE("the queue holds every shape of path, due and not, there and absent",
          "[unit][seed]") {
  std::set<std::string> cases;
  for (const jobs::QueuedObject& object : plan(Profile::smoke).queue) {
    const std::string& directory = object.key.directory;
    const std::string shape = directory.starts_with("@final/")    ? "final "
                              : directory.starts_with("2022_10/") ? "legacy "
                              : directory.find("/pipelines/") != directory.npos
                                  ? "pipeline "
                                  : "job ";
    cases.insert(shape + (object.due_in < 0 ? "due " : "later ") +
                 (object.has_file ? "there" : "absent"));
    CHECK_FALSE(stores::poison(object.key));
  }
  CHECK(cases.size() == 4 * 2 * 2);
}

TEST_CASE("poison rows and entries are problems and nothing else",
          "[unit][seed]") {
  SeedOptions options;
  options.profile = Profile::smoke;
  const Expected clean = expect(jobs::plan_profile(options));
  options.with_poison = true;
  const Expected poisoned = expect(jobs::plan_profile(options));
  CHECK(clean.problems == 0);
  CHECK(poisoned.problems == 6);
  CHECK(poisoned.unlocked_destroyed == clean.unlocked_destroyed);
  CHECK(poisoned.queue_removed == clean.queue_removed);
}

TEST_CASE("rows of the other store are not expected to go", "[unit][seed]") {
  SeedOptions options;
  options.profile = Profile::smoke;
  const Expected local = expect(jobs::plan_profile(options));
  options.with_remote = true;
  const Expected both = expect(jobs::plan_profile(options));
  CHECK(both.unlocked_destroyed == local.unlocked_destroyed);
  CHECK(both.legacy_destroyed == local.legacy_destroyed);
  CHECK(both.queue_absent == local.queue_absent);
}

TEST_CASE(
    "a bucket beside a directory gets half of every kind, and of the queue",
    "[unit][seed]") {
  for (const Profile profile :
       {Profile::smoke, Profile::demo, Profile::headline}) {
    const Made all = count_made(plan(profile));
    const ProfilePlan shared = plan_with_bucket(profile, /*is_local_too=*/true);
    const Made made = count_made(shared);
    CAPTURE(name_of(profile), made.in_bucket);
    CHECK(made.in_bucket <= made.artifacts / 2);
    CHECK(made.in_bucket >= made.artifacts / 2 - 16);  // of 32 kinds in smoke
    CHECK(entries_in_bucket(shared) * 2 == made.queue_entries);
    CHECK(made.artifacts == all.artifacts);
    CHECK(made.expired_unlocked == all.expired_unlocked);
    CHECK(made.expired_unknown == all.expired_unknown);
    CHECK(made.contradictions == all.contradictions);
    CHECK(made.live == all.live);
    CHECK(made.remote == 0);
  }
}

TEST_CASE("a bucket without a directory gets all", "[unit][seed]") {
  const ProfilePlan remote =
      plan_with_bucket(Profile::smoke, /*is_local_too=*/false);
  CHECK(count_made(remote).in_bucket == 300);
  CHECK(entries_in_bucket(remote) == 60);
}

TEST_CASE("of a bucket's objects none is expected to be absent",
          "[unit][seed]") {
  const Expected local = expect(plan(Profile::smoke));
  const Expected shared =
      expect(plan_with_bucket(Profile::smoke, /*is_local_too=*/true));
  const Expected remote =
      expect(plan_with_bucket(Profile::smoke, /*is_local_too=*/false));
  for (const Expected& expected : {shared, remote}) {
    CHECK(expected.unlocked_destroyed == local.unlocked_destroyed);
    CHECK(expected.legacy_destroyed == local.legacy_destroyed);
    CHECK(expected.contradictions == local.contradictions);
    CHECK(expected.resolved == local.resolved);
    CHECK(expected.queue_removed + expected.queue_absent ==
          local.queue_removed + local.queue_absent);
  }
  CHECK(shared.queue_absent > 0);
  CHECK(shared.queue_absent < local.queue_absent);
  CHECK(remote.queue_absent == 0);
}

TEST_CASE("poison is in the directory, also beside a bucket", "[unit][seed]") {
  const ProfilePlan poisoned = plan_with_bucket(
      Profile::smoke, /*is_local_too=*/true, /*with_poison=*/true);
  CHECK(expect(poisoned).problems == 6);
  for (const db::SeedKind& kind : poisoned.rows.kinds)
    CHECK((kind.file_store == 1 || !kind.file));
  CHECK(poisoned.queue.back().file_store == 1);
}
