#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <thread>
#include <vector>

#include "tests/stores/put_suite.hpp"
#include "tests/stores/store_subject.hpp"

#include <catch2/catch.hpp>

namespace tests {

inline std::vector<std::size_t> indexes(
    const std::vector<stores::KeyReason>& reasons) {
  std::vector<std::size_t> result;
  for (const stores::KeyReason& reason : reasons)
    result.push_back(reason.index);
  return result;
}

inline void check_looking_and_removing(StoreSubject& subject) {
  const std::vector<stores::ObjectKey> keys = some_keys(5);
  put_all(subject, {keys[0], keys[2], keys[4]});
  const std::vector<std::size_t> missing = subject.listed({1, 3});

  const stores::Sight sight = subject.store().look(keys);
  CHECK(sight.absent == missing);
  CHECK(sight.poison.empty());
  CHECK(subject.count(keys) == 3);
  CHECK(subject.count_by_stat(keys) == 3);

  const stores::Removal removal = subject.store().remove(keys);
  CHECK(removal.absent == missing);
  CHECK(removal.left.empty());
  CHECK(subject.count(keys) == 0);
  CHECK(subject.count_by_stat(keys) == 0);
  CHECK(subject.store().look(keys).absent == subject.listed({0, 1, 2, 3, 4}));
}

inline void check_others_stay(StoreSubject& subject) {
  const std::vector<stores::ObjectKey> keys = some_keys(4);
  const stores::ObjectKey neighbour{keys[0].directory, "other.json"};
  put_all(subject, keys);
  subject.put(neighbour);

  subject.store().remove({keys.data(), 2});
  subject.store().prune({keys.data(), 2});
  CHECK(subject.holds(neighbour));
  CHECK(subject.count(keys) == 2);
  CHECK(subject.holds(keys[2]));
}

inline void check_poison(StoreSubject& subject) {
  const stores::ObjectKey good{"a", "b"};
  const stores::ObjectKey last{"c", "d"};
  put_all(subject, {good, last});
  std::vector<stores::ObjectKey> keys = poison_keys();
  std::vector<std::size_t> all(keys.size());
  for (std::size_t i = 0; i < all.size(); ++i)
    all[i] = i;
  keys.push_back(last);

  const stores::Sight sight = subject.store().look(keys);
  CHECK(indexes(sight.poison) == all);
  CHECK(sight.absent.empty());
  const stores::Removal removal = subject.store().remove(keys);
  CHECK(indexes(removal.left) == all);
  CHECK(removal.absent.empty());
  for (const stores::KeyReason& left : removal.left)
    CHECK_FALSE(left.reason.empty());
  subject.store().prune(keys);
  CHECK(subject.holds(good));
  CHECK_FALSE(subject.holds(last));
}

inline void check_odd_keys(StoreSubject& subject) {
  const std::vector<stores::ObjectKey> keys = subject.odd_keys();
  put_all(subject, keys);
  const stores::Sight sight = subject.store().look(keys);
  CHECK(sight.absent.empty());
  CHECK(sight.poison.empty());

  const stores::Removal removal = subject.store().remove(keys);
  CHECK(removal.absent.empty());
  CHECK(removal.left.empty());
  CHECK(subject.count(keys) == 0);
}

inline void check_same_key_twice(StoreSubject& subject) {
  const stores::ObjectKey key = some_keys(1)[0];
  subject.put(key);
  const std::vector<stores::ObjectKey> keys{key, key};
  CHECK(subject.store().look(keys).absent.empty());
  const stores::Removal removal = subject.store().remove(keys);
  CHECK(removal.left.empty());
  CHECK(removal.absent == subject.listed({1}));
  subject.store().prune(keys);
  CHECK_FALSE(subject.holds(key));
}

/// Four threads; \a slices holds what each of them is to remove.
inline void check_threads(
    StoreSubject& subject,
    const std::vector<std::vector<stores::ObjectKey>>& slices) {
  for (const std::vector<stores::ObjectKey>& slice : slices)
    put_all(subject, slice);
  std::vector<stores::Removal> removals(slices.size());
  std::vector<std::thread> threads;
  for (std::size_t i = 0; i < slices.size(); ++i)
    threads.emplace_back([&, i] {
      subject.store().look(slices[i]);
      removals[i] = subject.store().remove(slices[i]);
      subject.store().prune(slices[i]);
    });
  for (std::thread& thread : threads)
    thread.join();

  for (std::size_t i = 0; i < slices.size(); ++i) {
    CHECK(removals[i].left.empty());
    CHECK(subject.count(slices[i]) == 0);
  }
}

inline void check_many(StoreSubject& subject) {
  const auto many = static_cast<std::int64_t>(subject.many());
  const std::vector<stores::ObjectKey> keys = some_keys(many);
  put_all(subject, keys);
  CHECK(subject.store().look(keys).absent.empty());
  const stores::Removal removal = subject.store().remove(keys);
  CHECK(removal.absent.empty());
  CHECK(removal.left.empty());
  CHECK(subject.count(keys) == 0);
}

/// What every store must do.  To be called as the whole of a test case, with a
/// fresh and empty store each time.
inline void check_store(StoreSubject& subject) {
  SECTION("it sees what is there, removes it, and lists what was absent") {
    check_looking_and_removing(subject);
  }
  SECTION("it removes nothing but what it was told to") {
    check_others_stay(subject);
  }
  SECTION("it refuses poison keys, and goes on behind them") {
    check_poison(subject);
  }
  SECTION("it takes keys of every byte that a file name may have") {
    check_odd_keys(subject);
  }
  SECTION("it takes the same key twice in one call") {
    check_same_key_twice(subject);
  }
  SECTION("it takes an empty list") {
    CHECK(subject.store().look({}).absent.empty());
    CHECK(subject.store().remove({}).absent.empty());
    subject.store().prune({});
  }
  SECTION("it takes many keys in one call") {
    check_many(subject);
  }
  const auto share = std::min<std::int64_t>(
      200, static_cast<std::int64_t>(subject.many()) / 5);
  SECTION("threads remove objects of their own at the same time") {
    check_threads(subject, {some_keys(share, 1), some_keys(share, 2),
                            some_keys(share, 3), some_keys(share, 4)});
  }
  SECTION("threads remove the same objects at the same time") {
    check_threads(subject, std::vector(4, some_keys(share)));
  }
  check_putting_and_getting(subject);
  SECTION("it has no trouble and says what it is") {
    CHECK(subject.store().trouble() == std::nullopt);
    CHECK_FALSE(subject.store().description().empty());
  }
}

}  // namespace tests
