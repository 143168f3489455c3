#include <stdexcept>
#include <string>

#include "stores/retrying_store.hpp"
#include "tests/stores/decorated.hpp"
#include "tests/stores/fake_time.hpp"
#include "tests/stores/store_suite.hpp"
#include "tests/support/scoped_environment.hpp"
#include "tests/support/some_bytes.hpp"

#include <catch2/catch.hpp>

using stores::ByteSink;
using stores::ByteSource;
using stores::ObjectKey;
using stores::Patience;
using stores::StoreUnreachable;
using tests::never_stops;
using tests::RecordingStore;
using Method = RecordingStore::Method;

namespace {

const ObjectKey broken_key{"a", "1"};
const std::string nowhere = "/nonexistent";

/// Breaks off some gets and puts after so many bytes.
class BreakingStore : public RecordingStore {
 public:
  using RecordingStore::put;

  std::size_t after = 0;
  int times = 0;

  bool get(const ObjectKey& wanted, const ByteSink& sink) override {
    std::size_t handed = 0;
    return RecordingStore::get(wanted, [&](std::string_view bytes) {
      sink(bytes);
      break_after(handed += bytes.size());
    });
  }

  void put(const ObjectKey& wanted, const ByteSource& write) override {
    RecordingStore::put(wanted, [&](const ByteSink& sink) {
      std::size_t written = 0;
      write([&](std::string_view bytes) {
        sink(bytes);
        break_after(written += bytes.size());
      });
    });
  }

 private:
  void break_after(std::size_t bytes) {
    if (bytes >= after && times > 0) {
      --times;
      throw StoreUnreachable("the connection broke");
    }
  }
};

using RetryingBreaking = tests::Decorated<stores::RetryingStore, BreakingStore>;

}  // namespace

TEST_CASE("an object is stored in a later try, and its source called once",
          "[unit]") {
  tests::FakeTime time;
  RetryingBreaking retrying(never_stops, Patience{}, time.timing());
  const std::size_t size = GENERATE(0, 1000, 3000000);
  CAPTURE(size);
  const std::string bytes = tests::some_bytes(size);
  retrying.inner.after = size / 2;
  retrying.inner.times = 3;
  int called = 0;
  retrying.store.put(broken_key, [&](const ByteSink& sink) {
    ++called;
    tests::in_pieces(bytes, {10007})(sink);
  });
  CHECK(called == 1);
  CHECK((retrying.inner.content(broken_key) == bytes));
  CHECK(retrying.inner.asked(Method::put).size() == 4);
}

TEST_CASE("what a source throws leaves the store unasked", "[unit]") {
  tests::FakeTime time;
  RetryingBreaking retrying(never_stops, Patience{}, time.timing());
  int called = 0;
  CHECK_THROWS_AS(retrying.store.put(broken_key,
                                     [&](const ByteSink& sink) {
                                       ++called;
                                       sink("some");
                                       throw std::out_of_range("end");
                                     }),
                  std::out_of_range);
  CHECK_THROWS_WITH(retrying.store.put(broken_key,
                                       [&](const ByteSink&) {
                                         ++called;
                                         throw StoreUnreachable("another");
                                       }),
                    "another");
  CHECK(called == 2);
  CHECK(retrying.inner.calls().empty());
  CHECK(time.sleeps().empty());
  CHECK_FALSE(retrying.store.is_down());
}

TEST_CASE("an object that found no room on its way is never stored in part",
          "[unit]") {
  const tests::ScopedEnvironment environment({{"TMPDIR", nowhere}});
  tests::FakeTime time;
  RetryingBreaking retrying(never_stops, Patience{}, time.timing());
  int told = 0;
  const ByteSource careless = [&](const ByteSink& sink) {
    for (const std::size_t size : {2000000, 1})
      try {
        sink(std::string(size, 'x'));
      } catch (const stores::ObjectError&) {
        ++told;
      }
  };
  CHECK_THROWS_AS(retrying.store.put(broken_key, careless),
                  stores::ObjectError);
  CHECK(told == 1);
  CHECK(retrying.inner.calls().empty());
}

TEST_CASE("an object is read again only where nothing of it was handed out",
          "[unit]") {
  tests::FakeTime time;
  RetryingBreaking retrying(never_stops, Patience{}, time.timing());
  const std::string bytes = tests::some_bytes(5000);
  retrying.inner.put(broken_key, bytes);
  retrying.inner.fail([] { throw StoreUnreachable("no answer"); }, 2);
  CHECK((tests::read_object(retrying.store, broken_key) == bytes));
  CHECK(retrying.inner.asked(Method::get).size() == 3);

  retrying.inner.after = 2000;
  retrying.inner.times = 1;
  std::string read;
  CHECK_THROWS_WITH(
      retrying.store.get(broken_key,
                         [&](std::string_view piece) { read += piece; }),
      "it cannot be read: it broke off after 2000 bytes: the connection broke");
  CHECK((read == bytes.substr(0, 2000)));
  CHECK(retrying.inner.asked(Method::get).size() == 4);
  CHECK_THROWS_AS(
      [&] {
        retrying.inner.times = 1;
        tests::read_object(retrying.store, broken_key);
      }(),
      stores::ObjectError);
  CHECK_FALSE(retrying.store.is_down());
}

TEST_CASE("what a sink throws goes on, even if it looks like a store's failure",
          "[unit]") {
  tests::FakeTime time;
  RetryingBreaking retrying(never_stops, Patience{}, time.timing());
  retrying.inner.put(broken_key, "bytes");
  int called = 0;
  const ByteSink unreachable = [&](std::string_view) {
    ++called;
    throw stores::StoreBusy("another store is busy");
  };
  CHECK_THROWS_AS(retrying.store.get(broken_key, unreachable),
                  stores::StoreBusy);
  const ByteSink full = [&](std::string_view) {
    ++called;
    throw std::out_of_range("full");
  };
  CHECK_THROWS_AS(retrying.store.get(broken_key, full), std::out_of_range);
  CHECK(called == 2);
  CHECK(time.sleeps().empty());
}

TEST_CASE("an object that is not there is no reason to ask again", "[unit]") {
  tests::FakeTime time;
  RetryingBreaking retrying(never_stops, Patience{}, time.timing());
  CHECK(tests::read_object(retrying.store, broken_key) == std::nullopt);
  CHECK(retrying.store.stat(broken_key) == std::nullopt);
  CHECK(retrying.inner.calls().size() == 2);
}
