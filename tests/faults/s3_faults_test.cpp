#include "tests/support/bucket_world.hpp"
#include "tests/support/fault_point.hpp"
#include "tests/support/program.hpp"
#include "tests/support/tcp_proxy.hpp"

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include <functional>
#include <memory>

// What a real server does to a run.  Each ends by the invariants.

using telemetry::Outcome;
using telemetry::Pass;
using tests::BucketWorld;
using tests::Gateway;

namespace {

using Strings = std::vector<std::string>;

const std::string wrong_secret = "not-the-right-one";

bool contains(const std::string& text, const std::string& part) {
  UNSCOPED_INFO(text);
  return text.find(part) != std::string::npos;
}

/// check fails and run ends with 78, both with this sentence, and nothing is
/// destroyed.
void check_unfit(BucketWorld& world, const std::string& sentence) {
  const std::string before = world.database.dump();
  const std::size_t objects = world.bucket.count();
  for (const char* const verb : {"check", "run"}) {
    const tests::Ended ended = tests::run_program(world.command(verb));
    CHECK(ended.status == 78);
    CHECK(contains(ended.out + ended.err, sentence));
    for (const std::string& secret :
         {tests::rgw_server().secret_key, wrong_secret})
      CHECK_FALSE(contains(ended.out + ended.err, secret));
  }
  CHECK(world.database.dump() == before);
  CHECK(world.bucket.count() == objects);
  CHECK(world.violations() == Strings{});
}

tests::FaultHook first_time(const char* point,
                            const std::function<void()>& act) {
  return {point, [act, done = std::make_shared<bool>(false)] {
            if (!std::exchange(*done, true))
              act();
          }};
}

void add_some(BucketWorld& world) {
  world.add_remote(3);
  world.add_live_remote();
}

}  // namespace

TEST_CASE("objects in a bucket are removed with their rows", "[s3][postgres]") {
  BucketWorld world;
  world.add_remote(5);
  world.add_many(2);
  world.add_live();
  const auto live = world.add_live_remote();
  world.add_entry("2018_03/12/345", "artifacts.zip", true,
                  "now() - interval '1 minute'", 2);
  const telemetry::Report& report = world.run();
  CHECK(report.outcome() == Outcome::drained);
  CHECK(report.pass(Pass::unlocked).destroyed == 7);
  CHECK(report.removed() == 8);
  CHECK(world.file_exists(live));
  CHECK(world.bucket.count() == 1);
  CHECK(world.entries_left() == 0);
  CHECK(world.violations() == Strings{});
}

TEST_CASE("held statistics keep no other project, whatever stores a batch has",
          "[s3][postgres]") {
  BucketWorld world;
  world.options.concurrency = 1;
  world.options.lock_timeout = std::chrono::milliseconds{20};
  world.add_live();
  world.add_live_remote();
  world.add();
  world.add_remote();
  world.add_many(3, {.project_id = 2});
  tests::TestSession other;
  other.begin();
  other.run("SELECT FROM project_statistics WHERE project_id = 2 FOR UPDATE");
  const telemetry::PassReport& report = world.run().pass(Pass::unlocked);
  CHECK(report.destroyed == 2);
  CHECK(report.skipped == 3);
  CHECK(world.violations() == Strings{});
}

TEST_CASE("a plan changes nothing in a bucket", "[s3][postgres]") {
  BucketWorld world;
  add_some(world);
  const std::string before = world.database.dump();
  const telemetry::Report& report = world.plan();
  CHECK(report.pass(Pass::unlocked).destroyed == 3);
  CHECK(world.database.dump() == before);
  CHECK(world.bucket.count() == 4);
}

TEST_CASE("the wrong prefix or bucket is found out first",
          "[s3][postgres][program]") {
  BucketWorld world;
  add_some(world);
  const tests::TestBucket other(tests::rgw_server());
  world.options.object_store = GENERATE(true, false)
                                   ? "s3://" + world.bucket.name() + "/other"
                                   : "s3://" + other.name() + "/gitlab";
  check_unfit(world, "0 of 1 objects of live artifacts are in");
}

TEST_CASE("a key that may not be removed stays in the queue, named",
          "[s3][postgres]") {
  BucketWorld world;
  world.add_remote(4);
  world.add_live_remote();
  const auto held = world.made()[1];
  world.bucket.deny("s3:DeleteObject", "gitlab/" + held.key.path());
  {
    const telemetry::Report& report = world.run();
    CHECK(report.outcome() == Outcome::partial);
    CHECK(report.pass(Pass::unlocked).destroyed == 4);
    CHECK(report.removed() == 3);
    CHECK(report.problems_total() > 0);
  }
  CHECK(world.file_exists(held));
  CHECK(world.entries_left() == 1);
  CHECK(world.violations() == Strings{});
  world.bucket.deny("s3:DeleteObject", "gitlab/nothing");
  CHECK(world.run().outcome() == Outcome::drained);
  CHECK(world.entries_left() == 0);
  CHECK(world.violations() == Strings{});
}

TEST_CASE("a bucket that forbids removal is unfit", "[s3][postgres][program]") {
  BucketWorld world;
  add_some(world);
  world.bucket.deny("s3:DeleteObject", "*");
  check_unfit(world, "grant s3:DeleteObject");
}

TEST_CASE("a wrong secret is unfit", "[s3][postgres][program]") {
  BucketWorld world;
  add_some(world);
  world.log_in(tests::rgw_server().access_key, wrong_secret);
  check_unfit(world, "does not belong to the access key");
}

TEST_CASE("an unknown access key is unfit", "[s3][postgres][program]") {
  BucketWorld world;
  add_some(world);
  world.log_in("NOBODY", wrong_secret);
  check_unfit(world, "does not know the access key");
}

TEST_CASE("a suspended user is unfit", "[s3][postgres][program]") {
  tests::run_rgw({"user", "suspended", "SUSPENDED", wrong_secret});
  tests::run_rgw({"suspend", "suspended"});
  BucketWorld world;
  add_some(world);
  const Gateway gateway;
  world.go_through(gateway.server());
  world.log_in("SUSPENDED", wrong_secret);
  check_unfit(world, "the user is suspended");
}

TEST_CASE("a missing bucket is unfit", "[s3][postgres][program]") {
  BucketWorld world;
  add_some(world);
  world.options.object_store = "s3://" + world.bucket.name() + "-not/gitlab";
  check_unfit(world, "there is no such bucket");
}

TEST_CASE("a wrong region is unfit", "[s3][postgres][program][slow]") {
  BucketWorld world(tests::swift_server());
  add_some(world);
  world.options.object_store_region = "eu-nowhere-1";
  check_unfit(world, "us-east-1");
}

TEST_CASE("a clock that is an hour off is unfit", "[s3][postgres][program]") {
  BucketWorld world;
  add_some(world);
  auto command = world.command("check");
  command.insert(command.begin(), {"/usr/bin/faketime", "-f", "-1h"});
  const tests::Ended ended = tests::run_program(command);
  CHECK(ended.status == 78);
  CHECK(contains(ended.out, "the clocks differ"));
  CHECK(contains(ended.out, " there; set the clock"));
}

TEST_CASE("a store that is down at the start is 69",
          "[s3][postgres][program]") {
  BucketWorld world;
  add_some(world);
  const std::string before = world.database.dump();
  const Gateway gateway;
  gateway.kill();
  world.go_through(gateway.server());
  const tests::Ended ended = tests::run_program(world.command("run"));
  CHECK(ended.status == 69);
  CHECK(contains(ended.err, "does not answer"));
  CHECK(world.database.dump() == before);
  CHECK(world.violations() == Strings{});
}

TEST_CASE("there are as many workers as were asked for, whatever the cores",
          "[s3][postgres][program]") {
  BucketWorld world;
  world.add_remote(40);
  world.add_live_remote();
  const auto server = tests::rgw_server();
  tests::TcpProxy proxy("127.0.0.1", server.port());
  proxy.delay(std::chrono::milliseconds{100});
  world.go_through(server.at(proxy.port()));
  const tests::Ended ended = tests::run_program(
      world.command("run", {"--concurrency", "12", "--batch-size", "1"}));
  CHECK(ended.status == 0);
  // Each has a connection of its own while all wait for their answers.
  CHECK(proxy.connections() >= 8);
  CHECK(world.violations() == Strings{});
}

TEST_CASE("a store that is down is no matter of --only-store 1",
          "[s3][postgres]") {
  BucketWorld world;
  add_some(world);
  world.add_many(2);
  world.add_live();
  const Gateway gateway;
  gateway.kill();
  world.go_through(gateway.server());
  world.options.only_store = 1;
  world.options.passes = {Pass::unlocked, Pass::legacy, Pass::objects};
  CHECK(world.run().pass(Pass::unlocked).destroyed == 2);
  CHECK(world.violations() == Strings{});
}

TEST_CASE("an answer that breaks off is asked for again", "[s3][postgres]") {
  const std::size_t after = GENERATE(0, 40, 150);
  BucketWorld world;
  world.add_remote(20);
  world.add_live_remote();
  const auto server = tests::rgw_server();
  tests::TcpProxy proxy("127.0.0.1", server.port());
  world.go_through(server.at(proxy.port()));
  const tests::FaultHook hook =
      first_time("objects.before_remove", [&] { proxy.cut(after); });
  const telemetry::Report& report = world.run();
  CHECK(proxy.has_cut());
  CHECK(report.outcome() == Outcome::drained);
  CHECK(report.pass(Pass::unlocked).destroyed == 20);
  CHECK(world.bucket.count() == 1);
  CHECK(world.entries_left() == 0);
  CHECK(world.violations() == Strings{});
}

TEST_CASE("a store that dies in the middle leaves the rest to later runs",
          "[s3][postgres][slow]") {
  BucketWorld world;
  world.add_remote(30);
  world.add_many(10, {.locked = "2"});  // the legacy pass's, in the directory
  world.add_live();
  world.add_live_remote();
  world.options.batch_size = 10;
  const Gateway gateway;
  world.go_through(gateway.server());
  {
    const tests::FaultHook hook =
        first_time("objects.removed", [&] { gateway.kill(); });
    const telemetry::Report& report = world.run();
    CHECK(report.outcome() == Outcome::partial);
    CHECK(report.pass(Pass::legacy).destroyed == 10);
    CHECK(report.pass(Pass::unlocked).outcome == Outcome::partial);
  }
  CHECK(world.violations() == Strings{});
  world.go_through(tests::rgw_server());
  CHECK(world.run().outcome() == Outcome::drained);
  CHECK(world.entries_left() == 0);
  CHECK(world.bucket.count() == 1);
  CHECK(world.violations() == Strings{});
}

TEST_CASE("a gateway that asks us to slow down is drained all the same",
          "[s3][postgres]") {
  BucketWorld world;
  world.add_remote(60);
  world.add_live_remote();
  world.options.batch_size = 5;
  world.options.concurrency = 8;
  const Gateway gateway({"rgw_max_concurrent_requests=1"});
  world.go_through(gateway.server());
  const telemetry::Report& report = world.run();
  CHECK(report.outcome() == Outcome::drained);
  CHECK(report.pass(Pass::unlocked).destroyed == 60);
  CHECK(world.entries_left() == 0);
  CHECK(world.bucket.count() == 1);
  CHECK(world.violations() == Strings{});
}
