#include "stores/redis.hpp"
#include "stores/redis_tls.hpp"
#include "tests/support/redis_proxy.hpp"
#include "tests/support/redis_server.hpp"

#include <catch2/catch.hpp>

#include <thread>

using std::chrono::milliseconds;
using std::chrono::minutes;
using stores::parse_redis_url;
using stores::Redis;
using stores::StoreError;
using tests::RedisServer;
using Keys = std::vector<std::string>;
using Values = std::vector<std::optional<std::string>>;

namespace {

std::atomic<bool> never{false};

constexpr stores::RedisPatience little{milliseconds{500}, milliseconds{300},
                                       milliseconds{200}};

const Keys key{"key"};

/// Why reading fails; empty if it does not.
std::string failure(Redis& redis) {
  try {
    redis.get(key);
    return {};
  } catch (const StoreError& error) {
    return error.what();
  }
}

bool says(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

std::string with_user(const RedisServer& server, const std::string& user) {
  return "unix://" + user + "@" + server.socket();
}

}  // namespace

TEST_CASE("the right password lets us in", "[redis]") {
  RedisServer server({"requirepass=right"});
  Redis redis(parse_redis_url(server.url()), never);
  server.set("key", "value");
  CHECK(redis.trouble() == std::nullopt);
  CHECK(redis.get(key) == Values{"value"});

  server.command({"ACL", "SETUSER", "me", "on", ">mine", "~*", "+@all"});
  Redis mine(parse_redis_url(with_user(server, "me:mine")), never);
  CHECK(mine.get(key) == Values{"value"});
}

TEST_CASE("a wrong password is refused at once, and not shown", "[redis]") {
  const RedisServer server({"requirepass=right"});
  const auto began = std::chrono::steady_clock::now();
  for (const char* user : {":secret", "me:secret"}) {
    Redis redis(parse_redis_url(with_user(server, user)), never);
    const std::string trouble = redis.trouble().value();
    CHECK(trouble == failure(redis));
    CHECK(trouble == "Redis at '" + server.socket() +
                         "' refused the user or the password ('WRONGPASS'): "
                         "correct them in its URL");
  }
  CHECK(std::chrono::steady_clock::now() - began < std::chrono::seconds{4});
}

TEST_CASE("a missing password, and a needless one, are told", "[redis]") {
  const RedisServer locked({"requirepass=right"});
  Redis without(parse_redis_url("unix://" + locked.socket()), never);
  CHECK(says(without.trouble().value(), "NOAUTH"));
  CHECK(says(without.trouble().value(), "put its password into the URL"));

  const RedisServer open;
  Redis needless(parse_redis_url(with_user(open, ":secret")), never);
  CHECK(says(needless.trouble().value(), "wants no password"));
}

TEST_CASE("a Redis that is not there is out of reach", "[redis]") {
  const tests::TemporaryDirectory nowhere("/tmp");
  const std::string socket = (nowhere.path() / "s").string();
  Redis redis(parse_redis_url("unix://" + socket), never, little);
  CHECK(redis.trouble() == "Redis at '" + socket +
                               "' is out of reach (no such file or "
                               "directory): start it, or correct its URL");
  CHECK_THROWS_AS(redis.get(key), StoreError);
  CHECK_THROWS_AS(redis.eviction_policy(), StoreError);
  Redis refused(parse_redis_url("redis://127.0.0.1:1"), never, little);
  CHECK(says(refused.trouble().value(), "connection refused"));
}

TEST_CASE("without TLS in the build rediss is refused at once", "[unit]") {
  if (stores::has_redis_tls())
    return;
  CHECK_THROWS_WITH(Redis(parse_redis_url("rediss://:secret@host"), never),
                    "Redis at 'host:6379' wants TLS: this build has no TLS for "
                    "Redis; connect through stunnel or use redis://");
}

TEST_CASE("a Redis that was started again is found again", "[redis]") {
  RedisServer server;
  Redis redis(parse_redis_url(server.url()), never, little);
  server.set("key", "before");
  REQUIRE(redis.get(key) == Values{"before"});
  server.restart();
  CHECK(redis.get(key) == Values{std::nullopt});
}

TEST_CASE("connections that ended while idle cost no try", "[redis]") {
  RedisServer server;
  std::atomic<bool> stop{false};
  Redis redis(parse_redis_url(server.url()), stop);
  REQUIRE(failure(redis).empty());
  server.restart();
  stop = true;  // from now on there is one try
  CHECK(failure(redis).empty());
}

TEST_CASE("a Redis that is being started again is waited for", "[redis]") {
  RedisServer server;
  Redis redis(parse_redis_url(server.url()), never);
  server.stop();
  std::thread starter([&] {
    std::this_thread::sleep_for(milliseconds{300});
    server.start();
  });
  CHECK(redis.get(key) == Values{std::nullopt});
  starter.join();
}

TEST_CASE("once stopped, nobody waits for a Redis", "[redis]") {
  const std::atomic<bool> stop{true};
  RedisServer server;
  Redis redis(parse_redis_url(server.url()), stop);
  CHECK(failure(redis).empty());
  server.stop();
  const auto began = std::chrono::steady_clock::now();
  CHECK(says(failure(redis), "out of reach"));
  CHECK(std::chrono::steady_clock::now() - began < std::chrono::seconds{2});
}

TEST_CASE("a Redis that hangs is given up in time", "[redis]") {
  RedisServer server;
  Redis redis(parse_redis_url(server.url()), never, little);
  server.set("key", "value");
  server.set("other", "other value");
  REQUIRE(failure(redis).empty());
  server.pause();
  const auto began = std::chrono::steady_clock::now();
  CHECK(says(failure(redis), "no answer in time"));
  CHECK(std::chrono::steady_clock::now() - began < std::chrono::seconds{10});

  // What it answers late is not taken for the answer to what is asked next.
  server.resume();
  CHECK(redis.get(Keys{"other"}) == Values{"other value"});
}

TEST_CASE("a value whose answer was cut off is read again", "[redis]") {
  RedisServer server;
  tests::RedisProxy proxy(server.socket());
  Redis redis(parse_redis_url(proxy.url()), never);
  const Keys keys{"a", "b"};
  server.set("a", std::string(100000, 'a'));
  server.set("b", "b");
  for (const int passed : {0, 5, 10000}) {
    proxy.lose_answer(passed);
    CHECK(redis.get(keys) == Values{std::string(100000, 'a'), "b"});
    CHECK(proxy.has_hung_up());
  }
}

TEST_CASE("a lease that was taken unheard is ours", "[redis]") {
  RedisServer server;
  tests::RedisProxy proxy(server.socket());
  Redis redis(parse_redis_url(proxy.url()), never);
  proxy.lose_answer();
  CHECK(redis.set_if_absent(key, "token", minutes{1})[0]);
  CHECK(proxy.has_hung_up());
  CHECK(server.get("key") == "token");
}

TEST_CASE("what was removed or extended unheard is done", "[redis]") {
  RedisServer server;
  tests::RedisProxy proxy(server.socket());
  Redis redis(parse_redis_url(proxy.url()), never);
  server.set("key", "value");
  server.set("lease", "token");
  proxy.lose_answer();
  CHECK(redis.remove_if_same(std::vector{Redis::same("key", "value")})[0]);
  CHECK_FALSE(server.exists("key"));
  proxy.lose_answer();
  CHECK(redis.extend("lease", "token", minutes{1}));
  proxy.lose_answer();
  redis.release(Keys{"lease"}, "token");
  CHECK(server.keys() == 0);
}

TEST_CASE("what Redis refuses is told, with what to do", "[redis]") {
  RedisServer server;
  Redis redis(parse_redis_url(server.url()), never, little);
  const auto taking = [&]() -> std::string {
    try {
      redis.set_if_absent(key, "token", minutes{1});
      return {};
    } catch (const StoreError& error) {
      return error.what();
    }
  };
  server.command({"CONFIG", "SET", "maxmemory", "1"});
  CHECK(says(taking(), "OOM"));
  CHECK(says(taking(), "give it more memory"));
  server.command({"CONFIG", "SET", "maxmemory", "0"});
  CHECK(taking().empty());

  server.command({"REPLICAOF", "127.0.0.1", "1"});
  CHECK(says(taking(), "name the primary"));
  server.command({"REPLICAOF", "NO", "ONE"});

  server.command({"ACL", "SETUSER", "default", "-eval"});
  CHECK(says(taking(), "permit this user the command"));
  // The others of a flush that was refused in part are answered all the same.
  server.command({"RPUSH", "list", "x"});
  CHECK_THROWS_AS(redis.get(Keys{"list", "key"}), StoreError);
  CHECK(redis.get(key) == Values{"token"});
}
