#include "stores/redis_watch.hpp"

#include "tests/support/redis_proxy.hpp"
#include "tests/support/redis_server.hpp"

#include <catch2/catch.hpp>

#include <string>
#include <vector>

using stores::RedisWatch;
using Keys = std::vector<std::string>;

namespace {

struct Watched {
  explicit Watched(const std::string& url = "")
      : redis(stores::parse_redis_url(url.empty() ? server.url() : url), stop) {
    for (const std::string& key : keys)
      server.set(key, "value");
  }

  tests::RedisServer server;
  std::atomic<bool> stop{false};
  stores::Redis redis;
  Keys keys{"a", "b", "c"};
};

}  // namespace

TEST_CASE("what nobody changed goes at once", "[redis]") {
  Watched world;
  RedisWatch watch(world.redis, world.keys);
  CHECK(world.redis.get(world.keys).front() == "value");
  CHECK(watch.remove(Keys{"a", "b"}));
  CHECK(world.server.keys() == 1);
  CHECK_FALSE(watch.remove(Keys{"c"}));  // a watch is good for once
  CHECK(world.server.keys() == 1);
}

TEST_CASE("where any of the watched keys changed, nothing goes", "[redis]") {
  const auto change = GENERATE(
      Keys{"APPEND", "c", "more"}, Keys{"SET", "c", "value"}, Keys{"DEL", "c"},
      Keys{"SETRANGE", "a", "0", "V"}, Keys{"SET", "not there before", "x"});
  Watched world;
  Keys watched = world.keys;
  watched.emplace_back("not there before");
  RedisWatch watch(world.redis, watched);
  world.server.command(change);
  const std::size_t before = world.server.keys();
  CHECK_FALSE(watch.remove(Keys{"a", "b"}));
  CHECK(world.server.keys() == before);
}

TEST_CASE("what another connection does elsewhere is no change", "[redis]") {
  Watched world;
  RedisWatch watch(world.redis, Keys{"a"});
  world.server.set("b", "other");
  CHECK(watch.remove(Keys{"a"}));
}

TEST_CASE("a connection that was watching is as good as new", "[redis]") {
  Watched world;
  { const RedisWatch watch(world.redis, world.keys); }
  world.server.set("a", "changed");
  RedisWatch watch(world.redis, Keys{"b"});
  CHECK(watch.remove(Keys{"b"}));
  CHECK(
      world.server.command({"INFO", "clients"})->find("connected_clients:2") !=
      std::string::npos);
}

TEST_CASE("no keys need no watch", "[redis]") {
  Watched world;
  RedisWatch watch(world.redis, {});
  CHECK_FALSE(watch.remove(Keys{"a"}));
  RedisWatch other(world.redis, world.keys);
  CHECK_FALSE(other.remove({}));
  CHECK(world.server.keys() == 3);
}

TEST_CASE("a user who may not watch removes nothing", "[redis]") {
  Watched world;
  world.server.command({"ACL", "SETUSER", "default", "-watch"});
  RedisWatch watch(world.redis, world.keys);
  CHECK_FALSE(watch.remove(world.keys));
  CHECK(world.server.keys() == 3);
}

TEST_CASE("a Redis that went away removes nothing", "[redis]") {
  Watched world;
  RedisWatch watch(world.redis, world.keys);
  world.server.restart();
  CHECK_FALSE(watch.remove(world.keys));
}

TEST_CASE("an answer that was lost is no success", "[redis]") {
  tests::RedisServer server;
  server.set("a", "value");
  tests::RedisProxy proxy(server.socket());
  const std::atomic<bool> stop{false};
  stores::Redis redis(stores::parse_redis_url(proxy.url()), stop);
  RedisWatch watch(redis, Keys{"a"});
  proxy.lose_answer();
  CHECK_FALSE(watch.remove(Keys{"a"}));
  CHECK(proxy.has_hung_up());
}
