#include "stores/limited_store.hpp"

#include <thread>
#include <vector>

#include "tests/stores/decorated.hpp"
#include "tests/stores/fake_time.hpp"
#include "tests/stores/put_suite.hpp"

#include <catch2/catch.hpp>

using namespace std::chrono_literals;
using stores::LimitedStore;
using stores::ObjectKey;
using stores::StoreBusy;
using stores::StoreUnreachable;
using tests::filled;
using tests::never_stops;
using tests::RecordingStore;
using Limited = tests::Decorated<LimitedStore>;
using Method = RecordingStore::Method;
using Sleeps = std::vector<std::chrono::milliseconds>;

TEST_CASE(
    "no more requests are under way than there are permits, of whatever "
    "kind",
    "[unit]") {
  Limited limited(2, never_stops);
  const std::vector<ObjectKey> keys = filled(limited.inner, 8, 1);
  tests::Crowd crowd;
  const RecordingStore::Hook hook = [&](RecordingStore::Keys) {
    crowd.enter();
    crowd.wait_for(2);
    std::this_thread::yield();
    crowd.leave();
  };
  limited.inner.before_remove = hook;
  limited.inner.before_stat = hook;
  limited.inner.before_put = hook;
  limited.inner.before_get = hook;
  std::vector<std::thread> threads;
  for (const ObjectKey& key : keys)
    threads.emplace_back([&limited, &key] {
      limited.store.stat(key);
      limited.store.put(key, tests::in_pieces("bytes"));
      tests::read_object(limited.store, key);
      limited.store.remove({&key, 1});
    });
  for (std::thread& thread : threads)
    thread.join();
  CHECK(crowd.most() == 2);
  CHECK(limited.inner.size() == 0);
}

TEST_CASE("a busy store gets half the requests, whatever it was asked",
          "[unit]") {
  tests::FakeTime time;
  Limited limited(16, never_stops, time.timing());
  const ObjectKey key = filled(limited.inner, 1, 1)[0];
  limited.inner.fail([] { throw StoreBusy("slow down"); });
  CHECK_THROWS_AS(limited.store.stat(key), StoreBusy);
  CHECK(limited.store.permits() == 8);
  CHECK_THROWS_AS(limited.store.put(key, tests::in_pieces("x")), StoreBusy);
  CHECK(limited.store.permits() == 4);
  CHECK_THROWS_AS(tests::read_object(limited.store, key), StoreBusy);
  CHECK(limited.store.permits() == 2);
  CHECK_THROWS_AS(limited.store.remove({&key, 1}), StoreBusy);
  CHECK(limited.store.permits() == 1);

  limited.inner.fail("", 0);
  for (std::size_t i = 0; i < stores::Permits::first_probe; ++i)
    limited.store.stat(key);
  CHECK(limited.store.permits() == 2);
}

TEST_CASE("keys that may be removed later mean a busy store, others do not",
          "[unit]") {
  Limited limited(8, never_stops);
  const std::vector<ObjectKey> keys = filled(limited.inner, 3, 10);
  limited.inner.leave(keys[1], "locked");
  CHECK(limited.store.remove(keys).left.size() == 1);
  CHECK(limited.store.permits() == 8);
  limited.inner.leave(keys[1], "slow down", 1, true);
  CHECK(limited.store.remove(keys).left.size() == 1);
  CHECK(limited.store.permits() == 4);
}

TEST_CASE("an object that can't be read is an answer, a silent store is not",
          "[unit]") {
  Limited limited(4, never_stops);
  const ObjectKey key = filled(limited.inner, 1, 1)[0];
  limited.inner.fail([] { throw StoreBusy("slow down"); }, 2);
  for (int i = 0; i < 2; ++i)
    CHECK_THROWS_AS(limited.store.stat(key), StoreBusy);
  REQUIRE(limited.store.permits() == 1);
  limited.inner.fail([] { throw StoreUnreachable("gone"); }, 5);
  for (int i = 0; i < 5; ++i)
    CHECK_THROWS_AS(limited.store.stat(key), StoreUnreachable);
  CHECK(limited.store.permits() == 1);
  limited.inner.leave(key, "no permission");
  for (std::size_t i = 0; i < stores::Permits::first_probe; ++i)
    CHECK_THROWS_AS(limited.store.stat(key), stores::ObjectError);
  CHECK(limited.store.permits() == 2);
}

TEST_CASE("a busy store is left alone for as long as it wants", "[unit]") {
  tests::FakeTime time;
  Limited limited(4, never_stops, time.timing());
  const ObjectKey key = filled(limited.inner, 1, 1)[0];
  limited.inner.fail([] { throw StoreBusy("slow down", 3s); }, 1);
  CHECK_THROWS_AS(limited.store.stat(key), StoreBusy);
  CHECK(time.sleeps().empty());
  CHECK(limited.store.stat(key).has_value());
  CHECK(time.sleeps() == Sleeps{3s});
}

TEST_CASE("a sink and a source may use the store that calls them", "[unit]") {
  Limited limited(1, never_stops);
  const std::vector<ObjectKey> keys = filled(limited.inner, 6, 1);
  const std::vector<ObjectKey> others{keys.begin() + 1, keys.end()};
  CHECK(limited.store.get(keys[0], [&](std::string_view) {
    CHECK(limited.store.stat(keys[1])->size == 5);
    CHECK(limited.store.remove(others).left.empty());
  }));
  CHECK(limited.inner.size() == 1);
  limited.store.put(keys[1], [&](const stores::ByteSink& sink) {
    limited.store.get(keys[0], sink);
  });
  CHECK(limited.inner.content(keys[1]) == "bytes");
}

TEST_CASE("what is not limited passes through", "[unit]") {
  Limited limited(4, never_stops);
  const std::vector<ObjectKey> keys = filled(limited.inner, 3, 77);
  limited.inner.set_trouble("no bucket");
  limited.inner.set_remarks({{true, "it keeps versions"}});
  CHECK(limited.store.trouble() == "no bucket");
  CHECK(limited.store.remarks().at(0).text == "it keeps versions");
  CHECK(limited.store.keys_a_request() == 77);
  CHECK(limited.store.description() == "recording store");
  CHECK_FALSE(limited.store.is_down());
  CHECK(limited.store.look(keys).absent.empty());
  limited.store.prune(keys);
  CHECK(limited.inner.asked(Method::prune).size() == 3);
}
