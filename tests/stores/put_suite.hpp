#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "tests/stores/store_subject.hpp"
#include "tests/support/some_bytes.hpp"

#include <catch2/catch.hpp>

namespace tests {

/// Hands over the bytes in pieces of these sizes in turn, or at once.
inline stores::ByteSource in_pieces(std::string_view bytes,
                                    std::vector<std::size_t> sizes = {}) {
  return [=](const stores::ByteSink& sink) {
    std::size_t at = 0;
    for (std::size_t turn = 0; at < bytes.size(); ++turn) {
      const std::size_t size =
          sizes.empty() ? bytes.size() : sizes[turn % sizes.size()];
      sink(bytes.substr(at, size));
      at += size;
    }
  };
}

/// What the store hands out; nothing if it says that nothing is there.
inline std::optional<std::string> read_object(stores::Store& store,
                                              const stores::ObjectKey& key) {
  std::string bytes;
  if (!store.get(key, [&](std::string_view piece) { bytes += piece; }))
    return std::nullopt;
  return bytes;
}

inline void check_round_trips(stores::Store& store) {
  const stores::ObjectKey key = some_keys(1)[0];
  const std::vector<std::size_t> odd{1, 0, 7, 4095, 131071, 131072, 131073, 3};
  for (const std::size_t size : {0, 1, 131071, 131072, 131073, 1048579}) {
    const std::string bytes = some_bytes(size);
    store.put(key, in_pieces(bytes, odd));
    CHECK((read_object(store, key) == bytes));
    store.put(key, in_pieces(bytes));
    CHECK((read_object(store, key) == bytes));
  }
}

inline void check_odd_objects(StoreSubject& subject) {
  const std::vector<stores::ObjectKey> keys = subject.odd_keys();
  for (std::size_t i = 0; i < keys.size(); ++i)
    subject.store().put(keys[i], in_pieces(std::to_string(i)));
  CHECK(subject.count(keys) == std::ptrdiff_t(keys.size()));
  CHECK(subject.count_by_stat(keys) == std::ptrdiff_t(keys.size()));
  for (std::size_t i = 0; i < keys.size(); ++i)
    CHECK(read_object(subject.store(), keys[i]) == std::to_string(i));
}

inline void check_poison_objects(StoreSubject& subject) {
  const stores::ObjectKey good{"a", "b"};
  subject.store().put(good, in_pieces("good"));
  int called = 0;
  for (const stores::ObjectKey& key : poison_keys()) {
    CAPTURE(key.directory, key.file);
    CHECK_THROWS_AS(
        subject.store().put(key, [&](const stores::ByteSink&) { ++called; }),
        stores::ObjectError);
    CHECK_THROWS_AS(
        subject.store().get(key, [&](std::string_view) { ++called; }),
        stores::ObjectError);
    CHECK_THROWS_AS(subject.store().stat(key), stores::ObjectError);
  }
  CHECK(called == 0);
  CHECK(read_object(subject.store(), good) == "good");
}

inline void check_sizes(StoreSubject& subject) {
  const std::vector<stores::ObjectKey> keys = some_keys(3);
  subject.put(keys[0]);
  for (const std::int64_t size : {0, 1, 131073}) {
    CAPTURE(size);
    const std::string bytes = some_bytes(static_cast<std::size_t>(size));
    subject.store().put(keys[1], in_pieces(bytes));
    const auto status = subject.store().stat(keys[1]);
    REQUIRE(status.has_value());
    CHECK(status->size == size);
  }
  CHECK(subject.store().stat(keys[0]).has_value());
  CHECK_FALSE(subject.store().stat(keys[2]).has_value());
  CHECK_FALSE(subject.store().stat({keys[0].directory, "other"}).has_value());
  subject.store().remove({keys.data(), 2});
  CHECK_FALSE(subject.store().stat(keys[1]).has_value());
}

inline void check_replacing(stores::Store& store) {
  const std::vector<stores::ObjectKey> keys = some_keys(2);
  store.put(keys[0], in_pieces("a long one"));
  store.put(keys[1], in_pieces("another"));
  store.put(keys[0], in_pieces("short"));
  CHECK(read_object(store, keys[0]) == "short");
  CHECK(read_object(store, keys[1]) == "another");
}

inline void check_failing_sources(StoreSubject& subject) {
  const std::vector<stores::ObjectKey> keys = some_keys(2);
  const std::string bytes = some_bytes(300000);
  const stores::ByteSource fails = [&](const stores::ByteSink& sink) {
    sink(bytes);
    throw std::out_of_range("the end of the world");
  };
  subject.store().put(keys[0], in_pieces("old"));
  for (const stores::ObjectKey& key : keys)
    CHECK_THROWS_AS(subject.store().put(key, fails), std::out_of_range);
  CHECK(read_object(subject.store(), keys[0]) == "old");
  CHECK_FALSE(subject.holds(keys[1]));

  subject.store().put(keys[1], in_pieces("next try"));
  CHECK(read_object(subject.store(), keys[1]) == "next try");
}

inline void check_failing_sinks(stores::Store& store) {
  const stores::ObjectKey key = some_keys(1)[0];
  store.put(key, in_pieces(some_bytes(300000)));
  const stores::ByteSink fails = [](std::string_view) {
    throw std::out_of_range("full");
  };
  CHECK_THROWS_AS(store.get(key, fails), std::out_of_range);
  CHECK((read_object(store, key) == some_bytes(300000)));
}

inline void check_absent_objects(StoreSubject& subject) {
  const std::vector<stores::ObjectKey> keys = some_keys(2);
  CHECK(read_object(subject.store(), keys[0]) == std::nullopt);
  subject.store().put({keys[0].directory, "other"}, in_pieces("x"));
  CHECK(read_object(subject.store(), keys[0]) == std::nullopt);
  subject.put(keys[1]);
  CHECK(read_object(subject.store(), keys[1]) == "bytes");
}

inline void check_removal_of_stored(StoreSubject& subject) {
  const stores::ObjectKey key = some_keys(1)[0];
  for (int round = 0; round < 2; ++round) {
    subject.store().put(key, in_pieces("bytes"));
    CHECK(subject.store().look({&key, 1}).absent.empty());
    const stores::Removal removal = subject.store().remove({&key, 1});
    CHECK(removal.absent.empty());
    CHECK(removal.left.empty());
    subject.store().prune({&key, 1});
    CHECK_FALSE(subject.store().stat(key).has_value());
    CHECK(read_object(subject.store(), key) == std::nullopt);
    CHECK_FALSE(subject.holds(key));
  }
}

/// Four threads; \a slices holds what each of them is to store, again and
/// again, and each its own byte.  Every object read meanwhile must be of one
/// thread, and whole.
inline void check_putting_threads(
    StoreSubject& subject,
    const std::vector<std::vector<stores::ObjectKey>>& slices) {
  constexpr std::size_t size = 200000;
  std::vector<int> torn(slices.size());
  std::vector<std::thread> threads;
  for (std::size_t i = 0; i < slices.size(); ++i)
    threads.emplace_back([&, i] {
      const std::string mine(size, static_cast<char>('a' + i));
      for (const stores::ObjectKey& key : slices[i]) {
        stores::Store& store = subject.store();
        store.put(key, in_pieces(mine, {70001}));
        std::string seen = read_object(store, key).value_or("");
        while (seen.empty() && !subject.replaces_at_once())
          seen = read_object(store, key).value_or("");
        if (seen.size() != size ||
            std::count(seen.begin(), seen.end(), seen[0]) != size)
          ++torn[i];
      }
    });
  for (std::thread& thread : threads)
    thread.join();
  CHECK(torn == std::vector<int>(slices.size()));
}

/// What every store must do with bytes.  A part of check_store().
inline void check_putting_and_getting(StoreSubject& subject) {
  SECTION("it gives back the bytes it was given, in whatever pieces") {
    check_round_trips(subject.store());
  }
  SECTION("it stores under keys of every byte that a file name may have") {
    check_odd_objects(subject);
  }
  SECTION("it neither stores, reads nor looks for poison keys") {
    check_poison_objects(subject);
  }
  SECTION("it says whether an object is there, and how large it is") {
    check_sizes(subject);
  }
  SECTION("it puts an object in place of another") {
    check_replacing(subject.store());
  }
  SECTION("it stores nothing of a source that throws") {
    check_failing_sources(subject);
  }
  SECTION("it lets through what a sink throws") {
    check_failing_sinks(subject.store());
  }
  SECTION("it says that an object is not there") {
    check_absent_objects(subject);
  }
  SECTION("it removes what it stored, and stores it again") {
    check_removal_of_stored(subject);
  }
  SECTION("threads store objects of their own at the same time") {
    check_putting_threads(subject, {some_keys(25, 1), some_keys(25, 2),
                                    some_keys(25, 3), some_keys(25, 4)});
  }
  SECTION("threads store the same objects at the same time") {
    check_putting_threads(subject,
                          std::vector(4, std::vector(25, some_keys(1)[0])));
  }
}

}  // namespace tests
