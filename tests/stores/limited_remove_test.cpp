#include <algorithm>
#include <atomic>
#include <set>
#include <thread>

#include "stores/limited_store.hpp"
#include "tests/stores/decorated.hpp"
#include "tests/stores/fake_time.hpp"
#include "tests/stores/store_suite.hpp"

#include <tbb/global_control.h>
#include <tbb/parallel_pipeline.h>
#include <tbb/task_arena.h>
#include <catch2/catch.hpp>

using namespace std::chrono_literals;
using stores::LimitedStore;
using stores::ObjectKey;
using stores::Removal;
using stores::StoreBusy;
using stores::StoreError;
using stores::StoreUnreachable;
using tests::filled;
using tests::never_stops;
using tests::RecordingStore;
using Indexes = std::vector<std::size_t>;
using Limited = tests::Decorated<LimitedStore>;
using Method = RecordingStore::Method;

namespace {

/// Fails every removal that has this key, with this.
template <typename Error>
RecordingStore::Hook failing_at(const ObjectKey& key, const Error& error) {
  return [key, error](RecordingStore::Keys keys) {
    for (const ObjectKey& each : keys)
      if (each == key)
        throw error;
  };
}

std::multiset<std::size_t> sizes_of(
    const std::vector<RecordingStore::Call>& calls) {
  std::multiset<std::size_t> sizes;
  for (const RecordingStore::Call& call : calls)
    sizes.insert(call.paths.size());
  return sizes;
}

}  // namespace

TEST_CASE("a removal goes in slices, and each key is asked for once",
          "[unit]") {
  Limited limited(4, never_stops);
  std::vector<ObjectKey> keys = filled(limited.inner, 25, 10);
  const Removal removal = limited.store.remove(keys);
  CHECK(removal.absent.empty());
  CHECK(removal.left.empty());
  CHECK(limited.inner.size() == 0);
  CHECK(sizes_of(limited.inner.calls()) ==
        std::multiset<std::size_t>{10, 10, 5});
  std::vector<std::string> asked = limited.inner.asked(Method::remove);
  std::ranges::sort(asked);
  CHECK(std::ranges::adjacent_find(asked) == asked.end());
}

TEST_CASE("what became of a key is told by its place among all", "[unit]") {
  Limited limited(4, never_stops);
  const std::vector<ObjectKey> keys = filled(limited.inner, 12, 5);
  for (const std::size_t absent : {0, 6, 11})
    limited.inner.remove({&keys[absent], 1});
  limited.inner.leave(keys[4], "locked");
  limited.inner.leave(keys[10], "slow down", RecordingStore::forever, true);

  const Removal removal = limited.store.remove(keys);
  CHECK(removal.absent == Indexes{0, 6, 11});
  REQUIRE(tests::indexes(removal.left) == Indexes{4, 10});
  CHECK(removal.left[0].reason == "locked");
  CHECK_FALSE(removal.left[0].may_pass);
  CHECK(removal.left[1].may_pass);
}

TEST_CASE("with one thread, slices go one after the other", "[unit]") {
  const tbb::global_control width(tbb::global_control::max_allowed_parallelism,
                                  1);
  Limited limited(4, never_stops);
  const std::vector<ObjectKey> keys = filled(limited.inner, 30, 1);
  CHECK(limited.store.remove(keys).left.empty());
  CHECK(limited.inner.calls().size() == 30);
  CHECK(limited.inner.size() == 0);
}

TEST_CASE("slices are under way at the same time", "[unit]") {
  const tbb::global_control width(tbb::global_control::max_allowed_parallelism,
                                  3);
  tbb::task_arena arena(3);
  Limited limited(3, never_stops);
  const std::vector<ObjectKey> keys = filled(limited.inner, 30, 1);
  tests::Crowd crowd;
  limited.inner.before_remove = [&](RecordingStore::Keys) {
    crowd.enter();
    crowd.wait_for(3);
    crowd.leave();
  };
  arena.execute([&] { limited.store.remove(keys); });
  CHECK(limited.inner.size() == 0);
  CHECK(crowd.most() == 3);
}

TEST_CASE("a slice without an answer is left, the others are not lost",
          "[unit]") {
  tests::FakeTime time;
  Limited limited(4, never_stops, time.timing());
  const std::vector<ObjectKey> keys = filled(limited.inner, 9, 3);
  limited.inner.remove({&keys[8], 1});
  const bool busy = GENERATE(false, true);
  if (busy)
    limited.inner.before_remove = failing_at(keys[4], StoreBusy("no answer"));
  else
    limited.inner.before_remove =
        failing_at(keys[4], StoreUnreachable("no answer"));

  const Removal removal = limited.store.remove(keys);
  CHECK(removal.absent == Indexes{8});
  REQUIRE(tests::indexes(removal.left) == Indexes{3, 4, 5});
  for (const stores::KeyReason& left : removal.left) {
    CHECK(left.reason == "no answer");
    CHECK(left.may_pass);
  }
  CHECK(limited.inner.size() == 3);
  CHECK((limited.store.permits() == 4) == !busy);
}

TEST_CASE("a store that answers no slice is out of reach", "[unit]") {
  Limited limited(4, never_stops);
  const std::vector<ObjectKey> keys = filled(limited.inner, 9, 3);
  limited.inner.fail([] { throw StoreUnreachable("gone"); });
  CHECK_THROWS_AS(limited.store.remove(keys), StoreUnreachable);
  limited.inner.fail([] { throw StoreBusy("slow down", 1ms); });
  CHECK_THROWS_AS(limited.store.remove(keys), StoreBusy);
}

TEST_CASE("a store that is down is not asked for each key", "[unit]") {
  Limited limited(2, never_stops);
  const std::vector<ObjectKey> keys = filled(limited.inner, 1000, 1);
  limited.inner.fail([] { throw StoreUnreachable("gone"); });
  CHECK_THROWS_WITH(limited.store.remove(keys), "gone");
  CHECK(limited.inner.calls().size() >= 4);
  CHECK(limited.inner.calls().size() < 20);
}

TEST_CASE("what is left unasked since the store went down stays", "[unit]") {
  const tbb::global_control one(tbb::global_control::max_allowed_parallelism,
                                1);
  Limited limited(1, never_stops);
  const std::vector<ObjectKey> keys = filled(limited.inner, 10, 1);
  int calls = 0;
  limited.inner.before_remove = [&](RecordingStore::Keys) {
    if (++calls > 3)
      throw StoreUnreachable("gone");
  };
  const Removal removal = limited.store.remove(keys);
  CHECK(calls == 5);
  CHECK(tests::indexes(removal.left) == Indexes{3, 4, 5, 6, 7, 8, 9});
  for (const stores::KeyReason& left : removal.left)
    CHECK(left.may_pass);
  CHECK(removal.left[2].reason == "the store did not answer for others");
  CHECK(limited.inner.size() == 7);
}

TEST_CASE("failures with answers between them don't mean that a store is down",
          "[unit]") {
  const tbb::global_control one(tbb::global_control::max_allowed_parallelism,
                                1);
  Limited limited(1, never_stops);
  const std::vector<ObjectKey> keys = filled(limited.inner, 20, 1);
  int calls = 0;
  limited.inner.before_remove = [&](RecordingStore::Keys) {
    if (++calls % 2 == 0)
      throw StoreUnreachable("gone");
  };
  CHECK(limited.store.remove(keys).left.size() == 10);
  CHECK(calls == 20);
}

TEST_CASE("a refusal of one slice is thrown when the others have ended",
          "[unit]") {
  Limited limited(4, never_stops);
  const std::vector<ObjectKey> keys = filled(limited.inner, 9, 3);
  limited.inner.before_remove =
      failing_at(keys[0], StoreError("no such bucket"));
  CHECK_THROWS_WITH(limited.store.remove(keys), "no such bucket");
  CHECK(limited.inner.size() == 3);
}

TEST_CASE("nobody is asked to remove nothing", "[unit]") {
  Limited limited(4, never_stops);
  limited.inner.fail("gone");
  CHECK(limited.store.remove({}).left.empty());
  CHECK(limited.inner.calls().empty());
}

// Others would wait for permits that are its own.
TEST_CASE("a removal inside of another request stays in its thread", "[unit]") {
  const tbb::global_control width(tbb::global_control::max_allowed_parallelism,
                                  3);
  tbb::task_arena arena(3);
  Limited limited(3, never_stops);
  const std::vector<ObjectKey> keys = filled(limited.inner, 30, 1);
  std::atomic<int> elsewhere = 0;
  arena.execute([&] {
    const auto here = std::this_thread::get_id();
    limited.inner.before_remove = [&](RecordingStore::Keys) {
      elsewhere += std::this_thread::get_id() == here ? 0 : 1;
      std::this_thread::sleep_for(1ms);
    };
    limited.store.get(keys[0],
                      [&](std::string_view) { limited.store.remove(keys); });
  });
  CHECK(elsewhere == 0);
  CHECK(limited.inner.size() == 0);
}

// A slice that was dropped would look like one that is gone, and its rows would
// be destroyed.
TEST_CASE("a removal inside of work that was given up is finished", "[unit]") {
  Limited limited(2, never_stops);
  const std::vector<ObjectKey> keys = filled(limited.inner, 10, 1);
  tbb::task_group_context context;
  Removal removal;
  tbb::parallel_pipeline(
      1,
      tbb::make_filter<void, void>(tbb::filter_mode::serial_in_order,
                                   [&](tbb::flow_control& flow) {
                                     context.cancel_group_execution();
                                     removal = limited.store.remove(keys);
                                     flow.stop();
                                   }),
      context);
  CHECK(limited.inner.asked(Method::remove).size() == 10);
  CHECK(removal.left.empty());
  CHECK(limited.inner.size() == 0);
}
