#include "stores/redis.hpp"

#include "tests/support/redis_server.hpp"

#include <catch2/catch.hpp>

#include <thread>

using std::chrono::milliseconds;
using std::chrono::minutes;
using stores::Redis;
using Values = std::vector<std::optional<std::string>>;
using Keys = std::vector<std::string>;
using Bools = std::vector<bool>;

namespace {

struct Fixture {
  std::int64_t milliseconds_left(const std::string& key) {
    return std::stoll(server.command({"PTTL", key}).value());
  }

  tests::RedisServer server;
  std::atomic<bool> stop{false};
  Redis redis{stores::parse_redis_url(server.url()), stop};
};

/// As long as a full chunk of a trace, with every byte in it.
std::string chunk() {
  std::string bytes;
  for (std::size_t i = 0; i < std::size_t{128} * 1024; ++i)
    bytes += static_cast<char>(i * 7 % 256);
  return bytes;
}

Keys numbered_keys(std::size_t count, const std::string& prefix = "key:") {
  Keys keys;
  for (std::size_t i = 0; i < count; ++i)
    keys.push_back(prefix + std::to_string(i));
  return keys;
}

}  // namespace

TEST_CASE("values of any bytes are read as they are", "[redis]") {
  Fixture fixture;
  const std::string strange("k\0\r\n\xff", 5);
  fixture.server.set("chunk", chunk());
  fixture.server.set(strange, std::string("\0\r\n", 3));
  fixture.server.set("empty", "");
  const Keys keys{"chunk", "absent", strange, "empty"};
  CHECK(fixture.redis.get(keys) ==
        Values{chunk(), std::nullopt, std::string("\0\r\n", 3), ""});
  CHECK(fixture.redis.get({}).empty());
}

TEST_CASE("a thousand values are read in the order of their keys", "[redis]") {
  Fixture fixture;
  const Keys keys = numbered_keys(1000);
  Values values;
  for (std::size_t i = 0; i < keys.size(); ++i) {
    values.emplace_back();
    if (i % 3 == 0)
      continue;
    values.back() = "value of " + keys[i];
    fixture.server.set(keys[i], *values.back());
  }
  CHECK(fixture.redis.get(keys) == values);
}

TEST_CASE("many full chunks are read at a time", "[redis]") {
  Fixture fixture;
  const Keys keys = numbered_keys(250);
  const std::string value = chunk();
  for (const std::string& key : keys)
    fixture.server.set(key, value);
  CHECK((fixture.redis.get(keys) == Values(keys.size(), value)));
}

TEST_CASE("an empty value has a length, an absent one has none", "[redis]") {
  Fixture fixture;
  fixture.server.set("chunk", chunk());
  fixture.server.set("empty", "");
  const Keys keys{"empty", "absent", "chunk"};
  CHECK(fixture.redis.lengths(keys) ==
        std::vector<std::optional<std::int64_t>>{0, std::nullopt, 131072});
  CHECK(fixture.redis.lengths(numbered_keys(1000)).size() == 1000);
}

TEST_CASE("only what is as it was read is removed", "[redis]") {
  Fixture fixture;
  for (const char* key : {"same", "grown", "shrunk", "changed"})
    fixture.server.set(key, chunk());
  fixture.server.set("empty", "");
  fixture.server.command({"RPUSH", "list", "x"});
  std::vector<Redis::Same> read;
  for (const char* key : {"same", "grown", "shrunk", "changed", "absent"})
    read.push_back(Redis::same(key, chunk()));
  read.push_back(Redis::same("empty", ""));
  read.push_back(Redis::same("list", "x"));

  fixture.server.command({"APPEND", "grown", "x"});
  fixture.server.set("shrunk", chunk().substr(1));
  fixture.server.command({"SETRANGE", "changed", "70000", "other"});
  CHECK(fixture.redis.remove_if_same(read) ==
        Bools{true, false, false, false, true, true, false});

  CHECK_FALSE(fixture.server.exists("same"));
  CHECK_FALSE(fixture.server.exists("empty"));
  CHECK(fixture.server.get("grown") == chunk() + "x");
  CHECK(fixture.server.get("shrunk") == chunk().substr(1));
  CHECK(fixture.server.exists("changed"));
  CHECK(fixture.server.exists("list"));
}

TEST_CASE("a thousand values are removed", "[redis]") {
  Fixture fixture;
  std::vector<Redis::Same> read;
  for (const std::string& key : numbered_keys(1000)) {
    fixture.server.set(key, key);
    read.push_back(Redis::same(key, key));
  }
  fixture.server.set("other", "stays");
  fixture.server.set("key:777", "grown");
  Bools expected(1000, true);
  expected[777] = false;
  CHECK(fixture.redis.remove_if_same(read) == expected);
  CHECK(fixture.server.keys() == 2);
}

TEST_CASE("what somebody has is not taken", "[redis]") {
  Fixture fixture;
  fixture.server.set("theirs", "their token");
  fixture.server.command({"RPUSH", "list", "token"});
  const Keys keys{"theirs", "free", "list"};
  CHECK(fixture.redis.set_if_absent(keys, "token", minutes{1}) ==
        Bools{false, true, false});
  CHECK(fixture.redis.set_if_absent(keys, "late", minutes{1}) ==
        Bools{false, false, false});
  CHECK(fixture.server.get("theirs") == "their token");
  CHECK(fixture.server.get("free") == "token");
}

TEST_CASE("what holds our token already is ours, with its time anew",
          "[redis]") {
  Fixture fixture;
  const Keys keys{"lease"};
  fixture.server.set("lease", "token", minutes{1});
  CHECK(fixture.redis.set_if_absent(keys, "token", minutes{60}) == Bools{true});
  CHECK(fixture.milliseconds_left("lease") > milliseconds{minutes{2}}.count());
}

TEST_CASE("only the right token gives a lease back", "[redis]") {
  Fixture fixture;
  const Keys keys{"ours", "theirs", "absent", "list"};
  fixture.server.set("ours", "token");
  fixture.server.set("theirs", "their token");
  fixture.server.command({"RPUSH", "list", "token"});
  fixture.redis.release(keys, "wrong");
  CHECK(fixture.server.keys() == 3);
  fixture.redis.release(keys, "token");
  CHECK_FALSE(fixture.server.exists("ours"));
  CHECK(fixture.server.keys() == 2);
}

TEST_CASE("a lease lapses", "[redis]") {
  Fixture fixture;
  const Keys keys{"lease"};
  REQUIRE(fixture.redis.set_if_absent(keys, "token", milliseconds{50})[0]);
  while (fixture.server.exists("lease"))
    std::this_thread::sleep_for(milliseconds{10});
  CHECK_FALSE(fixture.redis.extend("lease", "token", minutes{1}));
  CHECK(fixture.redis.set_if_absent(keys, "next", minutes{1})[0]);
  CHECK(fixture.milliseconds_left("lease") > 0);
}

TEST_CASE("only the right token extends a lease", "[redis]") {
  Fixture fixture;
  fixture.server.set("lease", "token", minutes{1});
  CHECK_FALSE(fixture.redis.extend("lease", "wrong", minutes{60}));
  CHECK_FALSE(fixture.redis.extend("absent", "token", minutes{60}));
  CHECK(fixture.milliseconds_left("lease") <= milliseconds{minutes{1}}.count());
  CHECK(fixture.redis.extend("lease", "token", minutes{60}));
  CHECK(fixture.milliseconds_left("lease") > milliseconds{minutes{2}}.count());
}

TEST_CASE("the database of the URL is used", "[redis]") {
  Fixture fixture;
  Redis other(stores::parse_redis_url(fixture.server.url() + "?db=3"),
              fixture.stop);
  const Keys keys{"key"};
  REQUIRE(other.set_if_absent(keys, "token", minutes{1})[0]);
  CHECK_FALSE(fixture.server.exists("key"));
  fixture.server.command({"SELECT", "3"});
  CHECK(fixture.server.exists("key"));
}

TEST_CASE("four threads use Redis at once, by a connection each", "[redis]") {
  Fixture fixture;
  std::atomic<int> wrong{0};
  const auto work = [&](const std::string& name) {
    const Keys keys = numbered_keys(150, name);
    for (int round = 0; round < 20; ++round) {
      if (fixture.redis.set_if_absent(keys, name, minutes{1}) !=
          Bools(keys.size(), true))
        ++wrong;
      if (fixture.redis.get(keys) != Values(keys.size(), name))
        ++wrong;
      fixture.redis.release(keys, name);
    }
  };
  std::vector<std::thread> threads;
  for (const char* name : {"a", "b", "c", "d"})
    threads.emplace_back(work, name);
  for (std::thread& thread : threads)
    thread.join();
  CHECK(wrong == 0);
  CHECK(fixture.server.keys() == 0);
  const std::string info = fixture.server.command({"INFO", "stats"}).value();
  const int connections = std::stoi(info.substr(info.find(':') + 1));
  CHECK(connections >= 3);  // the fixture's own is one of them
  CHECK(connections <= 5);
}

TEST_CASE("a Redis that evicts keys is told", "[redis]") {
  Fixture fixture;
  fixture.server.command({"CONFIG", "SET", "maxmemory-policy", "allkeys-lru"});
  CHECK(fixture.redis.eviction_policy() == "noeviction");  // has no limit
  fixture.server.command({"CONFIG", "SET", "maxmemory", "64mb"});
  CHECK(fixture.redis.eviction_policy() == "allkeys-lru");
  fixture.server.command({"CONFIG", "SET", "maxmemory-policy", "noeviction"});
  CHECK(fixture.redis.eviction_policy() == "noeviction");
  fixture.server.command({"ACL", "SETUSER", "default", "-info"});
  CHECK(fixture.redis.eviction_policy().empty());
}
