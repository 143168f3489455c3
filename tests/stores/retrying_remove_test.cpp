#include <atomic>
#include <memory>
#include <thread>
#include <utility>
#include <vector>

#include "stores/limited_store.hpp"
#include "stores/retrying_store.hpp"
#include "tests/stores/decorated.hpp"
#include "tests/stores/fake_time.hpp"
#include "tests/stores/store_suite.hpp"

#include <catch2/catch.hpp>

using namespace std::chrono_literals;
using stores::ObjectKey;
using stores::Patience;
using stores::Removal;
using stores::StoreUnreachable;
using tests::filled;
using tests::indexes;
using tests::never_stops;
using tests::RecordingStore;
using Indexes = std::vector<std::size_t>;
using Retrying = tests::Decorated<stores::RetryingStore>;

namespace {

std::vector<std::string> paths_of(const std::vector<ObjectKey>& keys) {
  std::vector<std::string> paths;
  for (const ObjectKey& key : keys)
    paths.push_back(key.path());
  return paths;
}

}  // namespace

TEST_CASE("a removal asks again only for what may be removed later", "[unit]") {
  tests::FakeTime time;
  Retrying retrying(never_stops, Patience{}, time.timing());
  RecordingStore& inner = retrying.inner;
  const std::vector<ObjectKey> keys = filled(inner, 7);
  inner.remove({&keys[6], 1});
  inner.leave(keys[1], "SlowDown", 2, true);
  inner.leave(keys[3], "locked");
  inner.leave(keys[5], "SlowDown", 1, true);
  const std::size_t before = inner.calls().size();

  const Removal removal = retrying.store.remove(keys);
  CHECK(removal.absent == Indexes{6});
  REQUIRE(indexes(removal.left) == Indexes{3});
  CHECK(removal.left[0].reason == "locked");
  CHECK_FALSE(removal.left[0].may_pass);
  CHECK(inner.size() == 1);

  REQUIRE(inner.calls().size() == before + 3);
  CHECK(inner.calls()[before].paths == paths_of(keys));
  CHECK(inner.calls()[before + 1].paths == paths_of({keys[1], keys[5]}));
  CHECK(inner.calls()[before + 2].paths == paths_of({keys[1]}));
}

TEST_CASE("what becomes of a key in a later try is told by its first place",
          "[unit]") {
  tests::FakeTime time;
  Retrying retrying(never_stops, Patience{}, time.timing());
  RecordingStore& inner = retrying.inner;
  const std::vector<ObjectKey> keys = filled(inner, 8);
  for (const std::size_t index : {2, 4, 6})
    inner.leave(keys[index], "SlowDown", 1, true);
  inner.remove({&keys[5], 1});
  inner.leave(keys[7], "locked");
  int calls = 0;
  inner.before_remove = [&](RecordingStore::Keys asked) {
    if (++calls != 2)
      return;
    inner.remove(asked.subspan(1, 1));
    inner.leave(asked[2], "locked meanwhile");
  };

  const Removal removal = retrying.store.remove(keys);
  CHECK(removal.absent == Indexes{4, 5});
  REQUIRE(indexes(removal.left) == Indexes{6, 7});
  CHECK(removal.left[0].reason == "locked meanwhile");
  CHECK(removal.left[1].reason == "locked");
}

TEST_CASE("what may be removed later, but is not, is left in the end",
          "[unit]") {
  tests::FakeTime time;
  const Patience patience{100ms, 5s, 4, 1min};
  Retrying retrying(never_stops, patience, time.timing());
  const std::vector<ObjectKey> keys = filled(retrying.inner, 3);
  retrying.inner.leave(keys[1], "SlowDown", RecordingStore::forever, true);

  const Removal removal = retrying.store.remove(keys);
  CHECK(retrying.inner.calls().size() == 4);
  REQUIRE(indexes(removal.left) == Indexes{1});
  CHECK(removal.left[0].reason == "SlowDown (tried 4 times)");
  CHECK(removal.left[0].may_pass);
  CHECK(retrying.inner.size() == 1);
  CHECK_FALSE(retrying.store.is_down());
}

TEST_CASE("an object that a try without an answer removed counts as absent",
          "[unit]") {
  tests::FakeTime time;
  Retrying retrying(never_stops, Patience{}, time.timing());
  RecordingStore& inner = retrying.inner;
  const std::vector<ObjectKey> keys = filled(inner, 3);
  bool lost = false;
  inner.before_remove = [&](RecordingStore::Keys asked) {
    if (std::exchange(lost, true))
      return;
    inner.remove(asked.first(2));
    throw StoreUnreachable("the answer was lost");
  };
  const Removal removal = retrying.store.remove(keys);
  CHECK(removal.absent == Indexes{0, 1});
  CHECK(removal.left.empty());
  CHECK(inner.size() == 0);
}

TEST_CASE("a store that stops answering amid a removal keeps what it has done",
          "[unit]") {
  tests::FakeTime time;
  Retrying retrying(never_stops, Patience{}, time.timing());
  RecordingStore& inner = retrying.inner;
  const std::vector<ObjectKey> keys = filled(inner, 4);
  inner.remove({&keys[0], 1});
  inner.leave(keys[1], "SlowDown", 1, true);
  inner.leave(keys[3], "locked");
  time.before_sleep = [&] {
    inner.fail([] { throw StoreUnreachable("gone"); });
  };

  const Removal removal = retrying.store.remove(keys);
  CHECK(removal.absent == Indexes{0});
  REQUIRE(indexes(removal.left) == Indexes{1, 3});
  CHECK(removal.left[0].reason == "SlowDown (tried 10 times)");
  CHECK(removal.left[0].may_pass);
  CHECK(removal.left[1].reason == "locked");
  CHECK_FALSE(retrying.store.is_down());

  CHECK_THROWS_AS(retrying.store.remove(keys), StoreUnreachable);
  CHECK(retrying.store.is_down());
}

TEST_CASE("after a stop what is left stays left", "[unit]") {
  tests::FakeTime time;
  const std::atomic<bool> stop{true};
  Retrying retrying(stop, Patience{}, time.timing());
  const std::vector<ObjectKey> keys = filled(retrying.inner, 2);
  retrying.inner.leave(keys[1], "SlowDown", 1, true);
  const Removal removal = retrying.store.remove(keys);
  REQUIRE(indexes(removal.left) == Indexes{1});
  CHECK(removal.left[0].reason == "SlowDown");
  CHECK(retrying.inner.calls().size() == 1);
}

TEST_CASE("threads remove all from a store that fails now and then", "[unit]") {
  tests::FakeTime time;
  const Patience patience{100ms, 5s, 1000, 24h};
  auto recording = std::make_unique<RecordingStore>();
  RecordingStore& inner = *recording;
  inner.set_keys_a_request(10);
  std::atomic<int> calls = 0;
  inner.before_remove = [&](RecordingStore::Keys) {
    const int call = ++calls;
    if (call % 3 == 0)
      throw stores::StoreBusy("slow down", 1ms);
    if (call % 7 == 0)
      throw StoreUnreachable("no answer");
  };
  stores::RetryingStore store(
      std::make_unique<stores::LimitedStore>(std::move(recording), 4,
                                             never_stops, time.timing()),
      never_stops, patience, time.timing());

  constexpr std::size_t count = 4;
  std::vector<Removal> removals(count);
  std::vector<std::thread> threads;
  for (std::size_t i = 0; i < count; ++i)
    threads.emplace_back([&, i] {
      const auto keys = tests::some_keys(200, static_cast<std::int64_t>(i));
      for (const ObjectKey& key : keys)
        inner.put(key);
      inner.leave(keys[77], "SlowDown", 3, true);
      removals[i] = store.remove(keys);
    });
  for (std::thread& thread : threads)
    thread.join();
  for (const Removal& removal : removals) {
    CHECK(removal.left.empty());
    CHECK(removal.absent.empty());
  }
  CHECK(inner.size() == 0);
  CHECK_FALSE(store.is_down());
}
