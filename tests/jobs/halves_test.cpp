#include "jobs/halves.hpp"

#include "telemetry/deadline.hpp"

#include <catch2/catch.hpp>

#include <functional>
#include <numeric>
#include <thread>
#include <vector>

using db::Error;
using Span = std::span<const int>;

namespace {

/// What in_halves() did with the items 0 to \a count - 1.
struct Trace {
  std::vector<std::size_t> sizes;  ///< of every try
  std::vector<int> done;
  std::vector<int> given_up;
};

Trace work_on(int count, const std::function<void(Span)>& fail_on,
              const telemetry::Deadline& deadline = {}) {
  std::vector<int> items(static_cast<std::size_t>(count));
  std::iota(items.begin(), items.end(), 0);
  Trace trace;
  jobs::in_halves(
      Span(items), [&] { return deadline.passed(); },
      [&](Span part) {
        trace.sizes.push_back(part.size());
        fail_on(part);
        trace.done.insert(trace.done.end(), part.begin(), part.end());
      },
      [&](int item, const Error&) { trace.given_up.push_back(item); });
  return trace;
}

/// Fails where one of \a bad is among the items.
std::function<void(Span)> fail_at(std::vector<int> bad,
                                  const char* state = "57014") {
  return [=](Span part) {
    for (const int item : part)
      if (std::ranges::count(bad, item) > 0)
        throw Error("test", state, "failed");
  };
}

std::vector<int> all_but(int count, const std::vector<int>& bad) {
  std::vector<int> items;
  for (int item = 0; item < count; ++item)
    if (std::ranges::count(bad, item) == 0)
      items.push_back(item);
  return items;
}

}  // namespace

TEST_CASE("work that succeeds is done once", "[unit]") {
  const Trace trace = work_on(8, fail_at({}));
  CHECK(trace.sizes == std::vector<std::size_t>{8});
  CHECK(trace.done == all_but(8, {}));
  CHECK(trace.given_up.empty());
}

TEST_CASE("one bad item costs its halves and nothing else", "[unit]") {
  for (const int count : {1, 2, 3, 7, 8, 1000})
    for (const int bad : {0, count / 2, count - 1}) {
      const Trace trace = work_on(count, fail_at({bad}));
      CHECK(trace.done == all_but(count, {bad}));
      CHECK(trace.given_up == std::vector<int>{bad});
    }
  const Trace trace = work_on(8, fail_at({0}));
  CHECK(trace.sizes == std::vector<std::size_t>{8, 4, 2, 1, 1, 2, 4});
}

TEST_CASE("where every item is bad each is given up once", "[unit]") {
  const Trace trace = work_on(5, fail_at({0, 1, 2, 3, 4}, "23505"));
  CHECK(trace.done.empty());
  CHECK(trace.given_up == all_but(5, {}));
}

TEST_CASE("a statement too slow for many is done in parts", "[unit]") {
  const Trace trace = work_on(100, [](Span part) {
    if (part.size() > 30)
      throw Error("test", "57014", "too slow");
  });
  CHECK(trace.done == all_but(100, {}));
  CHECK(trace.sizes == std::vector<std::size_t>{100, 50, 25, 25, 50, 25, 25});
}

TEST_CASE("an error that has nothing to do with the rows is passed on",
          "[unit]") {
  for (const char* const state : {"42P01", "42501", "25006", "57P01", "08006"})
    CHECK_THROWS_AS(work_on(8, fail_at({3}, state)), Error);
  CHECK_THROWS_AS(
      work_on(8,
              [](Span) { throw db::CommitUnknown("test", "lost", "1", true); }),
      db::CommitUnknown);
  CHECK_THROWS_AS(work_on(8, [](Span) { throw std::bad_alloc(); }),
                  std::bad_alloc);
}

TEST_CASE("what the deadline cuts off is left alone", "[unit]") {
  const telemetry::Deadline past(std::chrono::milliseconds{1});
  std::this_thread::sleep_for(std::chrono::milliseconds{2});
  for (const char* const state : {"57014", "55P03", "40P01", "23505"}) {
    const Trace cut = work_on(8, fail_at({3}, state), past);
    CHECK(cut.sizes == std::vector<std::size_t>{8});
    CHECK(cut.given_up.empty());
  }
}
