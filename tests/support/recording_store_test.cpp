#include "tests/support/recording_store.hpp"

#include <string>
#include <string_view>
#include <vector>

#include <catch2/catch.hpp>

using stores::ObjectKey;
using tests::RecordingStore;
using Method = RecordingStore::Method;
using Paths = std::vector<std::string>;

TEST_CASE("the recording store writes down calls in order", "[unit]") {
  RecordingStore store;
  const std::vector<ObjectKey> keys{{"a", "1"}, {"a", "2"}};
  store.look(keys);
  store.remove({keys.data(), 1});
  store.remove({keys.data() + 1, 1});
  store.prune(keys);

  REQUIRE(store.calls().size() == 4);
  CHECK(store.calls()[1].method == Method::remove);
  CHECK(store.calls()[1].paths == Paths{"a/1"});
  CHECK(store.asked(Method::remove) == Paths{"a/1", "a/2"});
  CHECK(store.asked(Method::prune) == Paths{"a/1", "a/2"});
}

TEST_CASE("the recording store leaves an object as often as told", "[unit]") {
  RecordingStore store;
  const std::vector<ObjectKey> keys{{"a", "1"}, {"a", "2"}};
  store.put(keys[0]);
  store.put(keys[1]);
  store.leave(keys[1], "busy", 1);

  const stores::Removal first = store.remove(keys);
  REQUIRE(first.left.size() == 1);
  CHECK(first.left[0].index == 1);
  CHECK(first.left[0].reason == "busy");
  CHECK(store.holds(keys[1]));
  CHECK(store.remove(keys).left.empty());
  CHECK(store.size() == 0);
}

TEST_CASE("the recording store is out of reach as often as told", "[unit]") {
  RecordingStore store;
  const ObjectKey key{"a", "1"};
  store.put(key);
  store.fail("gone", 2);
  CHECK_THROWS_WITH(store.look({&key, 1}), "gone");
  CHECK_THROWS_AS(store.remove({&key, 1}), stores::StoreError);
  CHECK(store.remove({&key, 1}).absent.empty());
  CHECK_FALSE(store.holds(key));
}

TEST_CASE("a hook of the recording store runs first and may use it", "[unit]") {
  RecordingStore store;
  const ObjectKey key{"a", "1"};
  store.before_look = [&](RecordingStore::Keys) { store.put(key); };
  CHECK(store.look({&key, 1}).absent.empty());

  store.before_remove = [&](RecordingStore::Keys keys) {
    store.put(keys[0], "once more");
  };
  CHECK(store.remove({&key, 1}).absent.empty());
  CHECK_FALSE(store.holds(key));
}

TEST_CASE("the recording store writes down puts and gets, and fails them",
          "[unit]") {
  RecordingStore store;
  const ObjectKey key{"a", "1"};
  const stores::ByteSource write = [](const stores::ByteSink& sink) {
    sink("new ");
    sink("bytes");
  };
  std::string read;
  const stores::ByteSink sink = [&](std::string_view piece) { read += piece; };

  store.put(key, "old");
  store.fail("gone", 1);
  CHECK_THROWS_AS(store.put(key, write), stores::StoreError);
  store.leave(key, "full", 2);
  CHECK_THROWS_AS(store.put(key, write), stores::ObjectError);
  CHECK_THROWS_WITH(store.get(key, sink), "full");
  CHECK(store.content(key) == "old");
  CHECK(read.empty());

  store.put(key, write);
  CHECK(store.get(key, sink));
  CHECK(read == "new bytes");
  CHECK(store.asked(Method::put) == Paths{"a/1", "a/1", "a/1"});
  CHECK(store.asked(Method::get) == Paths{"a/1", "a/1"});
}

TEST_CASE("a hook of the recording store runs before puts and gets", "[unit]") {
  RecordingStore store;
  const ObjectKey key{"a", "1"};
  Paths order;
  store.before_put = [&](RecordingStore::Keys) { order.push_back("hook"); };
  store.put(key, [&](const stores::ByteSink&) { order.push_back("source"); });
  CHECK(order == Paths{"hook", "source"});

  store.before_get = [&](RecordingStore::Keys keys) { store.remove(keys); };
  CHECK_FALSE(store.get(key, [](std::string_view) {}));
}

TEST_CASE("the recording store tells the trouble it was given", "[unit]") {
  RecordingStore store;
  int calls = 0;
  store.before_trouble = [&](RecordingStore::Keys) { ++calls; };
  store.before_remarks = store.before_trouble;
  store.set_trouble("no bucket");
  CHECK(store.trouble() == "no bucket");
  store.set_remarks({{true, "it keeps versions"}});
  CHECK(store.remarks().at(0).text == "it keeps versions");
  CHECK(calls == 2);
}

TEST_CASE("the recording store throws what it is told to", "[unit]") {
  RecordingStore store;
  const ObjectKey key{"a", "1"};
  store.fail([] { throw stores::StoreBusy("slow down"); }, 2);
  CHECK_THROWS_AS(store.stat(key), stores::StoreBusy);
  CHECK_THROWS_AS(store.trouble(), stores::StoreBusy);
  CHECK(store.stat(key) == std::nullopt);
}

TEST_CASE("the recording store writes down stats, and fails them", "[unit]") {
  RecordingStore store;
  const ObjectKey key{"a", "1"};
  Paths order;
  store.before_stat = [&](RecordingStore::Keys) { order.push_back("hook"); };
  store.put(key, "123");
  CHECK(store.stat(key)->size == 3);
  store.leave(key, "no permission", 1);
  CHECK_THROWS_WITH(store.stat(key), "no permission");
  CHECK(store.asked(Method::stat) == Paths{"a/1", "a/1"});
  CHECK(order == Paths{"hook", "hook"});
}

TEST_CASE("the recording store says whether what it left may pass", "[unit]") {
  RecordingStore store;
  const ObjectKey key{"a", "1"};
  store.put(key);
  store.leave(key, "slow down", 1, true);
  CHECK(store.remove({&key, 1}).left.at(0).may_pass);
  store.leave(key, "locked", 1);
  CHECK_FALSE(store.remove({&key, 1}).left.at(0).may_pass);
}
