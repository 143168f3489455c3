#include "jobs/trace_text.hpp"

#include <fmt/format.h>
#include <catch2/catch.hpp>

#include <string>
#include <vector>

using jobs::ChunkExtent;
using jobs::TraceWorth;
using jobs::worth_of;

namespace {

constexpr std::int64_t full = 131072;
constexpr std::int64_t highest_index = 2147483647;
constexpr auto gone = std::nullopt;

TraceWorth worth(const std::vector<ChunkExtent>& chunks) {
  return worth_of(chunks);
}

/// A trace written out of chunks; none: its data is gone.
struct Chunk {
  std::int64_t index = 0;
  std::optional<std::string> bytes;
};

std::string text_of(const std::vector<Chunk>& chunks) {
  std::string text;
  const stores::ByteSink sink = [&](std::string_view bytes) { text += bytes; };
  jobs::TraceWriter writer(sink);
  for (const auto& [index, bytes] : chunks)
    if (bytes)
      writer.add(index, *bytes);
    else
      writer.add_gone(index);
  writer.end();
  return text;
}

std::string gap(std::int64_t bytes) {
  return fmt::format(
      "\n[ci-janitor: {} bytes of this trace are missing here]\n", bytes);
}

const std::string end_is_missing =
    "\n[ci-janitor: the end of this trace is missing, up to 131072 bytes]\n";

const std::string a(full, 'a');
const std::string b(full, 'b');

}  // namespace

TEST_CASE("a chunk is 128 KiB", "[unit]") {
  CHECK(jobs::chunk_size == full);
}

TEST_CASE("a trace of full chunks and a shorter last one is whole", "[unit]") {
  CHECK(worth({{0, 1}}) == TraceWorth::whole);
  CHECK(worth({{0, full}}) == TraceWorth::whole);
  CHECK(worth({{0, full}, {1, full}, {2, 7}}) == TraceWorth::whole);
}

TEST_CASE("a last chunk that nothing was written to yet is no gap", "[unit]") {
  CHECK(worth({{0, full}, {1, 0}}) == TraceWorth::whole);
}

TEST_CASE("a missing index, first or in the middle, is a gap", "[unit]") {
  CHECK(worth({{1, full}, {2, 5}}) == TraceWorth::gaps);
  CHECK(worth({{0, full}, {2, 5}}) == TraceWorth::gaps);
  CHECK(worth({{highest_index, 5}}) == TraceWorth::gaps);
}

TEST_CASE("a chunk short in the middle is a gap, by a single byte", "[unit]") {
  CHECK(worth({{0, full - 1}, {1, 5}}) == TraceWorth::gaps);
  CHECK(worth({{0, 0}, {1, 5}}) == TraceWorth::gaps);
}

TEST_CASE("a chunk whose data is gone is a gap wherever it is", "[unit]") {
  CHECK(worth({{0, gone}, {1, 5}}) == TraceWorth::gaps);
  CHECK(worth({{0, full}, {1, gone}, {2, 5}}) == TraceWorth::gaps);
  CHECK(worth({{0, full}, {1, gone}}) == TraceWorth::gaps);
}

TEST_CASE("a trace without a byte is empty, unless bytes are gone", "[unit]") {
  CHECK(worth({}) == TraceWorth::empty);
  CHECK(worth({{0, 0}}) == TraceWorth::empty);
  CHECK(worth({{0, 0}, {1, 0}}) == TraceWorth::empty);
  CHECK(worth({{5, 0}}) == TraceWorth::empty);
  CHECK(worth({{0, gone}}) == TraceWorth::lost);
  CHECK(worth({{0, gone}, {1, gone}}) == TraceWorth::lost);
  CHECK(worth({{0, 0}, {1, gone}}) == TraceWorth::lost);
}

TEST_CASE("a whole trace is written as it is", "[unit]") {
  CHECK(text_of({{0, "log"}}) == "log");
  CHECK(text_of({{0, a}, {1, b}, {2, "end"}}) == a + b + "end");
  CHECK(text_of({{0, a}, {1, ""}}) == a);
  CHECK(text_of({}).empty());
}

TEST_CASE("at a missing chunk stands how many bytes are missing", "[unit]") {
  CHECK(text_of({{0, a}, {2, "end"}}) == a + gap(full) + "end");
  CHECK(text_of({{1, "end"}}) == gap(full) + "end");
}

TEST_CASE("a short chunk in the middle is filled up by a gap", "[unit]") {
  CHECK(text_of({{0, "x"}, {1, "end"}}) == "x" + gap(full - 1) + "end");
  CHECK(text_of({{0, ""}, {1, "end"}}) == gap(full) + "end");
}

TEST_CASE("a chunk whose data is gone is a gap in the middle", "[unit]") {
  CHECK(text_of({{0, a}, {1, {}}, {2, "end"}}) == a + gap(full) + "end");
  CHECK(text_of({{0, {}}, {1, "end"}}) == gap(full) + "end");
}

TEST_CASE("at the end nobody knows how much is gone", "[unit]") {
  CHECK(text_of({{0, a}, {1, {}}}) == a + end_is_missing);
  CHECK(text_of({{0, "x"}, {1, {}}}) == "x" + gap(full - 1) + end_is_missing);
  CHECK(text_of({{0, a}, {1, {}}, {2, {}}}) == a + gap(full) + end_is_missing);
}

TEST_CASE("gaps that follow each other are one, with the exact number",
          "[unit]") {
  // Short by one, one without data, two without a row, one without a byte.
  CHECK(text_of({{0, a.substr(1)}, {1, {}}, {4, ""}, {5, "end"}}) ==
        a.substr(1) + gap(1 + 4 * full) + "end");
  CHECK(text_of({{1, "x"}, {3, "y"}, {4, "z"}}) ==
        gap(full) + "x" + gap(2 * full - 1) + "y" + gap(full - 1) + "z");
}

TEST_CASE("an empty chunk at the end after a gap leaves the gap told",
          "[unit]") {
  CHECK(text_of({{0, a}, {2, ""}}) == a + gap(full));
}

TEST_CASE("the highest index there can be takes no time and no memory",
          "[unit]") {
  CHECK(text_of({{0, "x"}, {highest_index, "end"}}) ==
        "x" + gap(highest_index * full - 1) + "end");
  CHECK(text_of({{highest_index, {}}}) ==
        gap(highest_index * full) + end_is_missing);
}

TEST_CASE("a chunk whose index has no place leaves no gap below nothing",
          "[unit]") {
  CHECK(text_of({{-5, a}, {-1, a}, {0, "x"}, {2, "y"}}) ==
        a + a + "x" + gap(2 * full - 1) + "y");
  CHECK(text_of({{-5, {}}}) == end_is_missing);
  CHECK(worth({{-5, full}, {0, 1}}) == TraceWorth::gaps);
}
