#include "stores/redis_url.hpp"

#include <catch2/catch.hpp>

#include <stdexcept>

using stores::parse_redis_url;
using stores::RedisUrl;

namespace {

/// Why this is no URL of a Redis; empty if it is one.
std::string refusal(const std::string& text) {
  try {
    parse_redis_url(text);
    return {};
  } catch (const std::invalid_argument& error) {
    return error.what();
  }
}

bool is_refused(const std::string& text, const std::string& because) {
  return refusal(text).find(because) != std::string::npos;
}

}  // namespace

TEST_CASE("a host alone is a URL of a Redis", "[unit]") {
  const RedisUrl url = parse_redis_url("redis://redis.example.com");
  CHECK(url.host == "redis.example.com");
  CHECK(url.port == 6379);
  CHECK(url.socket.empty());
  CHECK(url.user.empty());
  CHECK(url.password.empty());
  CHECK(url.database == 0);
  CHECK_FALSE(url.tls);
}

TEST_CASE("a Redis URL may say everything", "[unit]") {
  const RedisUrl url = parse_redis_url("rediss://me:secret@db-1:7000/12");
  CHECK(url.host == "db-1");
  CHECK(url.port == 7000);
  CHECK(url.user == "me");
  CHECK(url.password == "secret");
  CHECK(url.database == 12);
  CHECK(url.tls);
}

TEST_CASE("a Redis URL may have a password without a user", "[unit]") {
  const RedisUrl url = parse_redis_url("redis://:secret@host/");
  CHECK(url.user.empty());
  CHECK(url.password == "secret");
  CHECK(url.database == 0);
}

TEST_CASE("user and password of a Redis URL are percent-decoded", "[unit]") {
  const RedisUrl url =
      parse_redis_url("redis://m%c3%a9:%2F%3f%23%25%40%3A:@host");
  CHECK(url.user == "m\xc3\xa9");
  CHECK(url.password == "/?#%@::");
  CHECK(parse_redis_url("redis://:a@b@host").password == "a@b");
}

TEST_CASE("a Redis URL may have an IPv6 address", "[unit]") {
  const RedisUrl url = parse_redis_url("redis://:pw@[fe80::1%eth0]:7000/1");
  CHECK(url.host == "fe80::1%eth0");
  CHECK(url.port == 7000);
  CHECK(url.database == 1);
  CHECK(parse_redis_url("redis://[::1]").port == 6379);
}

TEST_CASE("a Redis URL may name a socket", "[unit]") {
  const RedisUrl url = parse_redis_url("unix://me:a%2Fb@/run/re@dis.sock?db=3");
  CHECK(url.socket == "/run/re@dis.sock");
  CHECK(url.host.empty());
  CHECK(url.user == "me");
  CHECK(url.password == "a/b");
  CHECK(url.database == 3);
  CHECK(parse_redis_url("unix:///run/redis.sock").socket == "/run/redis.sock");
  CHECK(parse_redis_url("unix:/run/redis.sock").socket == "/run/redis.sock");
}

TEST_CASE("what is no URL of a Redis is refused with a reason", "[unit]") {
  for (const char* text :
       {"", "host", "host:6379", "/run/redis.sock", "http://host",
        "Redis://host", "redis:/host", " redis://host"})
    CHECK(is_refused(text, "must begin with"));
  for (const char* text :
       {"redis://", "redis://:6379", "redis:///1", "redis://host\n",
        "redis://ho st", "redis://[]", "redis://host?db=1", "redis://host#1"})
    CHECK(is_refused(text, "has no host"));
  for (const char* text :
       {"redis://host:", "redis://host:0", "redis://host:65536",
        "redis://host:-1", "redis://host:+1", "redis://host:1x",
        "redis://host:6379?db=1", "redis://[::1]6379"})
    CHECK(is_refused(text, "port"));
  for (const char* text :
       {"redis://host/x", "redis://host/-1", "redis://host/1/2",
        "redis://host/1?x", "redis://host/99999999999",
        "unix:///s?db=", "unix:///s?db=x"})
    CHECK(is_refused(text, "database"));
  CHECK(is_refused("redis://[::1", "']'"));
  CHECK(is_refused("unix:///s?x=1", "?db=NUMBER"));
  CHECK(is_refused("unix://redis.sock", "path"));
  CHECK(is_refused("unix://host/redis.sock", "path"));
}

TEST_CASE("a user without a password is refused", "[unit]") {
  for (const char* text : {"redis://me@host", "redis://me:@host",
                           "redis://:@host", "redis://@host", "unix://me@/s"})
    CHECK(is_refused(text, "no password"));
}

TEST_CASE("a socket's path that no address can hold is refused", "[unit]") {
  const std::string longest = '/' + std::string(106, 'x');
  CHECK(parse_redis_url("unix://" + longest).socket == longest);
  CHECK(is_refused("unix://" + longest + 'x', "107"));
  CHECK(is_refused(std::string("unix:///run/a\0b", 15), "NUL"));
}

TEST_CASE("what a Redis URL is refused for never repeats it", "[unit]") {
  for (const char* text :
       {"redis://:secret@", "redis://:sec/ret@host", "redis://:sec%ret@host",
        "redis://:sec%2@host", "redis://:secret@host:secret",
        "redis://:secret@host/secret", "redis://secret@host",
        "unix://:sec/ret@/s", "unix://:secret@s", "unix://:secret@/s?secret",
        "redis//:secret@host"}) {
    const std::string why = refusal(text);
    CHECK(why.find("ret") == std::string::npos);
    CHECK(why.find("sec") == std::string::npos);
  }
  CHECK(is_refused("redis://:sec/ret@host", "%2F"));
  CHECK(is_refused("redis://:sec%ret@host", "%25"));
}

TEST_CASE("a Redis is described without secrets", "[unit]") {
  const auto described = [](const char* text) {
    return parse_redis_url(text).description();
  };
  CHECK(described("rediss://me:secret@host/1") == "Redis at 'host:6379'");
  CHECK(described("redis://:secret@[::1]:7000") == "Redis at '[::1]:7000'");
  CHECK(described("unix://:secret@/run/s?db=1") == "Redis at '/run/s'");
  CHECK(described("unix:///run/\n") == "Redis at '/run/\\n'");
}
