#include <string>
#include <vector>

#include "stores/retrying_store.hpp"
#include "tests/stores/decorated.hpp"
#include "tests/stores/fake_time.hpp"
#include "tests/support/captured_log.hpp"

#include <catch2/catch.hpp>

using stores::ObjectKey;
using stores::Patience;
using stores::StoreUnreachable;
using tests::CapturedLog;
using tests::never_stops;
using Lines = std::vector<std::string>;
using Retrying = tests::Decorated<stores::RetryingStore>;

TEST_CASE("a store that is down does not flood the log", "[unit]") {
  tests::FakeTime time(0.5);
  Retrying retrying(never_stops, Patience{}, time.timing());
  const ObjectKey key{"a", "1"};
  const CapturedLog log;
  // 50, 150, 350, 750, 1550, 3150, 5650, 8150 ms after the first line.
  retrying.inner.fail([] { throw StoreUnreachable("it does not answer"); }, 10);
  CHECK_THROWS_AS(retrying.store.stat(key), StoreUnreachable);
  const Lines lines = log.lines();
  REQUIRE(lines.size() == 6);
  CHECK(lines[0] == "warning: it does not answer; trying again in 50 ms");
  CHECK(lines[1] == "warning: it does not answer; trying again in 1600 ms");
  CHECK(lines[5] ==
        "error: it does not answer; it is not asked again in this run");
}

TEST_CASE("the log says of a removal what is left, and why", "[unit]") {
  tests::FakeTime time(0.5);
  Retrying retrying(never_stops, Patience{}, time.timing());
  const std::vector<ObjectKey> keys = tests::some_keys(3);
  for (const ObjectKey& key : {keys[0], keys[2]})
    retrying.inner.leave(key, "SlowDown", 1, true);
  const CapturedLog log;
  retrying.store.remove(keys);
  CHECK(log.lines() == Lines{"warning: recording store has left 2 of 3 objects "
                             "(SlowDown); trying again in 50 ms"});
}
