#include "stores/retrying_store.hpp"

#include <functional>
#include <utility>
#include <vector>

#include "tests/stores/decorated.hpp"
#include "tests/stores/fake_time.hpp"
#include "tests/stores/store_suite.hpp"

#include <catch2/catch.hpp>

using namespace std::chrono_literals;
using stores::ObjectKey;
using stores::Patience;
using stores::StoreBusy;
using stores::StoreUnreachable;
using tests::never_stops;
using tests::RecordingStore;
using Method = RecordingStore::Method;
using Retrying = tests::Decorated<stores::RetryingStore>;
using Sleeps = std::vector<std::chrono::milliseconds>;

namespace {

void out_of_reach() {
  throw StoreUnreachable("it does not answer");
}

/// Every method but prune(), which throws nothing.
std::vector<std::function<void()>> asking(stores::Store& store,
                                          const ObjectKey& key) {
  return {[&] {
            store.look({&key, 1});
          },
          [&] { store.stat(key); },
          [&] {
            store.remove({&key, 1});
          },
          [&] { store.put(key, tests::in_pieces("new")); },
          [&] { tests::read_object(store, key); },
          [&] { store.trouble(); },
          [&] { store.remarks(); }};
}

}  // namespace

TEST_CASE("each method is tried again where the store does not answer",
          "[unit]") {
  tests::FakeTime time;
  Retrying retrying(never_stops, Patience{}, time.timing());
  const ObjectKey key{"a", "1"};
  const auto methods = asking(retrying.store, key);
  const std::size_t method = GENERATE(range<std::size_t>(0, 7));
  CAPTURE(method);
  retrying.inner.put(key, "old");
  retrying.inner.set_trouble("no bucket");
  const bool busy = GENERATE(false, true);
  retrying.inner.fail(
      [=] {
        if (busy)
          throw StoreBusy("slow down");
        out_of_reach();
      },
      9);
  CHECK_NOTHROW(methods[method]());
  CHECK(time.sleeps().size() == 9);
  CHECK_FALSE(retrying.store.is_down());

  retrying.inner.fail(out_of_reach, 10);
  CHECK_THROWS_WITH(methods[method](), "it does not answer (tried 10 times)");
  CHECK(time.sleeps().size() == 18);
}

TEST_CASE(
    "what a store refuses, or can't do with an object, is not tried again",
    "[unit]") {
  tests::FakeTime time;
  Retrying retrying(never_stops, Patience{}, time.timing());
  const ObjectKey key{"a", "1"};
  const auto methods = asking(retrying.store, key);
  const std::size_t method = GENERATE(range<std::size_t>(0, 7));
  CAPTURE(method);
  retrying.inner.fail("no such bucket", 1);
  CHECK_THROWS_WITH(methods[method](), "no such bucket");
  retrying.inner.fail([] { throw stores::ObjectError("no permission"); }, 1);
  CHECK_THROWS_AS(methods[method](), stores::ObjectError);
  CHECK_NOTHROW(methods[method]());
  CHECK(time.sleeps().empty());
  CHECK_FALSE(retrying.store.is_down());
}

TEST_CASE("trouble that a store tells is not asked for again", "[unit]") {
  tests::FakeTime time;
  Retrying retrying(never_stops, Patience{}, time.timing());
  int calls = 0;
  retrying.inner.before_trouble = [&](RecordingStore::Keys) { ++calls; };
  retrying.inner.set_trouble("no bucket");
  retrying.inner.set_remarks({{true, "it keeps versions"}});
  CHECK(retrying.store.trouble() == "no bucket");
  CHECK(calls == 1);
  CHECK(retrying.store.remarks().at(0).text == "it keeps versions");
}

TEST_CASE("waits between tries grow, and are as long as the store wants",
          "[unit]") {
  tests::FakeTime time(0.5);
  Retrying retrying(never_stops, Patience{}, time.timing());
  const ObjectKey key{"a", "1"};
  retrying.inner.fail(out_of_reach, 3);
  retrying.store.stat(key);
  CHECK(time.sleeps() == Sleeps{50ms, 100ms, 200ms});

  retrying.inner.fail([] { throw StoreBusy("slow down", 7s); }, 1);
  retrying.store.remove({&key, 1});
  CHECK(time.sleeps().back() == 7050ms);
}

TEST_CASE("a store that used up a call's patience is not asked any more",
          "[unit]") {
  tests::FakeTime time;
  Retrying retrying(never_stops, Patience{}, time.timing());
  const ObjectKey key{"a", "1"};
  retrying.inner.put(key, "old");
  retrying.inner.fail(out_of_reach, 10);
  CHECK_THROWS_WITH(retrying.store.stat(key),
                    "it does not answer (tried 10 times)");
  CHECK(retrying.store.is_down());

  const std::size_t calls = retrying.inner.calls().size();
  const std::size_t sleeps = time.sleeps().size();
  for (const auto& method : asking(retrying.store, key))
    CHECK_THROWS_WITH(method(),
                      "recording store did not answer before; it is "
                      "not asked again in this run");
  retrying.store.prune({&key, 1});
  int called = 0;
  CHECK_THROWS_AS(
      retrying.store.put(key, [&](const stores::ByteSink&) { ++called; }),
      StoreUnreachable);
  CHECK(called == 0);
  CHECK(retrying.inner.calls().size() == calls);
  CHECK(time.sleeps().size() == sleeps);
  CHECK(retrying.inner.content(key) == "old");
}

TEST_CASE("a store that answered another call meanwhile is not down",
          "[unit]") {
  tests::FakeTime time;
  Retrying retrying(never_stops, Patience{}, time.timing());
  const ObjectKey key{"a", "1"};
  retrying.inner.put(key);
  retrying.inner.before_remove = [&](RecordingStore::Keys) {
    retrying.store.stat(key);
    out_of_reach();
  };
  CHECK_THROWS_AS(retrying.store.remove({&key, 1}), StoreUnreachable);
  CHECK_FALSE(retrying.store.is_down());
  CHECK(retrying.store.stat(key).has_value());
}

TEST_CASE("a call that waits does not ask a store that went down meanwhile",
          "[unit]") {
  tests::FakeTime time;
  Retrying retrying(never_stops, Patience{}, time.timing());
  const ObjectKey key{"a", "1"};
  retrying.inner.fail(out_of_reach);
  bool nested = false;
  time.before_sleep = [&] {
    if (!std::exchange(nested, true))
      CHECK_THROWS_AS(retrying.store.stat(key), StoreUnreachable);
  };
  CHECK_THROWS_AS(retrying.store.remove({&key, 1}), StoreUnreachable);
  CHECK(retrying.inner.asked(Method::stat).size() == 10);
  CHECK(retrying.inner.asked(Method::remove).size() == 1);
}

TEST_CASE("after a stop nothing is tried again, and nothing is down",
          "[unit]") {
  tests::FakeTime time;
  std::atomic<bool> stop{false};
  Retrying retrying(stop, Patience{}, time.timing());
  const ObjectKey key{"a", "1"};
  const auto methods = asking(retrying.store, key);
  retrying.inner.fail(out_of_reach, 2);
  time.before_sleep = [&] { stop = true; };
  CHECK_THROWS_AS(retrying.store.stat(key), StoreUnreachable);
  CHECK(retrying.inner.calls().size() == 1);
  CHECK_THROWS_WITH(retrying.store.stat(key), "it does not answer");
  CHECK(retrying.inner.calls().size() == 2);
  CHECK_FALSE(retrying.store.is_down());
  for (const auto& method : methods)
    CHECK_NOTHROW(method());
}
