#include "stores/redis_lease.hpp"

#include "tests/support/redis_server.hpp"

#include <catch2/catch.hpp>

#include <thread>

using std::chrono::milliseconds;
using std::chrono::minutes;
using stores::Redis;
using stores::RedisLease;

namespace {

struct Fixture {
  tests::RedisServer server;
  std::atomic<bool> stop{false};
  Redis redis{stores::parse_redis_url(server.url()), stop};
};

}  // namespace

TEST_CASE("leases are held for as long as the object lives", "[redis]") {
  Fixture fixture;
  {
    const RedisLease lease(fixture.redis, {"a", "b"}, minutes{1});
    CHECK(lease.held(0));
    CHECK(lease.held(1));
    CHECK(fixture.server.keys() == 2);
    const RedisLease late(fixture.redis, {"b", "c"}, minutes{1});
    CHECK_FALSE(late.held(0));
    CHECK(late.held(1));
  }
  CHECK(fixture.server.keys() == 0);
}

TEST_CASE("only our own leases are given back", "[redis]") {
  Fixture fixture;
  fixture.server.set("theirs", "their token");
  fixture.server.set("free", "nobody", milliseconds{1});
  while (fixture.server.exists("free"))
    std::this_thread::sleep_for(milliseconds{1});
  {
    const RedisLease lease(fixture.redis, {"theirs", "free"}, minutes{1});
    CHECK_FALSE(lease.held(0));
    CHECK(lease.held(1));
    fixture.server.set("free", "taken from us");
  }
  CHECK(fixture.server.get("theirs") == "their token");
  CHECK(fixture.server.get("free") == "taken from us");
}

TEST_CASE("each lease has a token of 32 hex digits of its own", "[redis]") {
  Fixture fixture;
  const RedisLease first(fixture.redis, {"a"}, minutes{1});
  const RedisLease second(fixture.redis, {"b"}, minutes{1});
  const std::string a = fixture.server.get("a").value();
  const std::string b = fixture.server.get("b").value();
  CHECK(a != b);
  CHECK(a.size() == 32);
  CHECK(a.find_first_not_of("0123456789abcdef") == std::string::npos);
}

TEST_CASE("a lease whose time is over is not held", "[redis]") {
  Fixture fixture;
  RedisLease lease(fixture.redis, {"a"}, milliseconds{100});
  std::this_thread::sleep_for(milliseconds{100});
  CHECK_FALSE(lease.held(0));
}

TEST_CASE("leases are extended, but for what was lost", "[redis]") {
  Fixture fixture;
  RedisLease lease(fixture.redis, {"a", "b", "c"}, minutes{1});
  CHECK(lease.extend(minutes{60}));
  fixture.server.command({"DEL", "a"});
  fixture.server.set("b", "their token");
  CHECK_FALSE(lease.extend(minutes{60}));
  CHECK_FALSE(lease.held(0));
  CHECK_FALSE(lease.held(1));
  CHECK(lease.held(2));
  const std::string left = fixture.server.command({"PTTL", "c"}).value();
  CHECK(std::stoll(left) > milliseconds{minutes{2}}.count());
  CHECK(lease.extend(minutes{60}));
}

TEST_CASE("a lease that can't be given back harms nobody", "[redis]") {
  Fixture fixture;
  {
    const RedisLease lease(fixture.redis, {"a"}, minutes{1});
    CHECK(lease.held(0));
    fixture.stop = true;
    fixture.server.stop();
  }
  fixture.stop = false;
  fixture.server.start();
  CHECK(RedisLease(fixture.redis, {"a"}, minutes{1}).held(0));
}

TEST_CASE("nothing is held where Redis is out of reach", "[redis]") {
  Fixture fixture;
  fixture.stop = true;
  fixture.server.stop();
  CHECK_THROWS_AS(RedisLease(fixture.redis, {"a"}, minutes{1}),
                  stores::StoreError);
}

TEST_CASE("what was taken before a failure is given back", "[redis]") {
  Fixture fixture;
  fixture.server.command({"ACL", "SETUSER", "default", "resetkeys", "~ours"});
  CHECK_THROWS_AS(RedisLease(fixture.redis, {"ours", "other"}, minutes{1}),
                  stores::StoreError);
  CHECK(fixture.server.keys() == 0);
}
