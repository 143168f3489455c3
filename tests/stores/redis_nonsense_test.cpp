#include "stores/redis.hpp"
#include "tests/support/parrot.hpp"

#include <catch2/catch.hpp>

using stores::Redis;
using tests::Parrot;

namespace {

struct ParrotInPlace {
  std::optional<std::string> get() {
    const std::vector<std::string> keys{"key"};
    return redis.get(keys).front();
  }

  Parrot parrot{Parrot::stays};
  std::atomic<bool> stop{false};
  Redis redis{stores::parse_redis_url(parrot.url()), stop};
};

}  // namespace

TEST_CASE("an answer that nobody asked for is not taken for the next one",
          "[unit]") {
  ParrotInPlace place;
  place.parrot.learn("$1\r\na\r\n$1\r\nb\r\n");
  CHECK(place.get() == "a");
  place.parrot.learn("$1\r\nc\r\n");
  CHECK(place.get() == "c");
}

TEST_CASE("a length below nothing is no length", "[unit]") {
  const std::vector<std::string> keys{"key"};
  ParrotInPlace there;
  there.parrot.learn(":-3\r\n:1\r\n");
  CHECK_THROWS_AS(there.redis.lengths(keys), stores::StoreError);
  ParrotInPlace absent;
  absent.parrot.learn(":-3\r\n:0\r\n");
  CHECK_FALSE(absent.redis.lengths(keys).front());
}

// hiredis took 3.4 GB for it, and waited for what was to come.
TEST_CASE("an endless list is no answer", "[unit]") {
  ParrotInPlace place;
  place.parrot.learn("*429496297\r\n");
  CHECK_THROWS_WITH(place.get(), Catch::Contains("longer than could be"));
}

TEST_CASE("a line of INFO ends where it ends, whatever ends it", "[unit]") {
  ParrotInPlace place;
  place.parrot.learn("$33\r\n\nmaxmemory:1\nmaxmemory_policy:a\nb\r\n");
  CHECK(place.redis.eviction_policy() == "a");
}
