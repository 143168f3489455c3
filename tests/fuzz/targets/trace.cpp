#include "jobs/trace_comparison.hpp"
#include "jobs/trace_text.hpp"
#include "tests/fuzz/fuzzing.hpp"
#include "tests/fuzz/targets.hpp"

#include <algorithm>
#include <map>
#include <optional>
#include <vector>

namespace fuzz {
namespace {

using jobs::chunk_size;
using jobs::TraceWorth;

/// A chunk as its row and its bytes are.
struct Piece {
  std::int64_t index = 0;
  std::optional<std::string> bytes;  ///< nothing: gone
};

/// Nearly every length that matters is one of these.
std::int64_t length_of(std::uint8_t code) {
  switch (code % 8) {
    case 0:
      return 0;
    case 1:
      return chunk_size;
    case 2:
      return chunk_size - 1;
    case 3:
      return chunk_size + 1;
    default:
      return code;
  }
}

/// Rows come by index, of which each is there once; an index is an integer of
/// four bytes, and nothing keeps it from being below 0.
std::vector<Piece> pieces_in(Input& input) {
  std::map<std::int64_t, std::optional<std::string>> by_index;
  std::int64_t index = 0;
  for (int count = input.byte() % 12; count > 0; --count) {
    const std::uint8_t step = input.byte();
    index =
        step < 0xf0 ? index + (step < 0xc0 ? 1 : step - 0xbe) : input.number(4);
    index = std::clamp<std::int64_t>(index, INT32_MIN, INT32_MAX);
    const std::uint8_t code = input.byte();
    std::optional<std::string> bytes;
    if (code < 0xe0)
      bytes.emplace(static_cast<std::size_t>(length_of(code)),
                    static_cast<char>('a' + code % 26));
    by_index[index] = std::move(bytes);
  }
  std::vector<Piece> pieces;
  for (auto& [at, bytes] : by_index)
    pieces.push_back({at, std::move(bytes)});
  return pieces;
}

std::vector<jobs::ChunkExtent> extents_of(const std::vector<Piece>& pieces) {
  std::vector<jobs::ChunkExtent> extents;
  for (const Piece& piece : pieces)
    extents.push_back({piece.index, std::nullopt});
  for (std::size_t i = 0; i < pieces.size(); ++i)
    if (pieces[i].bytes)
      extents[i].length = std::ssize(*pieces[i].bytes);
  return extents;
}

std::string archive_of(const std::vector<Piece>& pieces) {
  std::string text;
  const stores::ByteSink sink = [&](std::string_view bytes) { text += bytes; };
  jobs::TraceWriter writer(sink);
  for (const Piece& piece : pieces)
    if (piece.bytes)
      writer.add(piece.index, *piece.bytes);
    else
      writer.add_gone(piece.index);
  writer.end();
  return text;
}

std::string bytes_of(const std::vector<Piece>& pieces) {
  std::string bytes;
  for (const Piece& piece : pieces)
    bytes += piece.bytes.value_or("");
  return bytes;
}

/// Without the lines that tell of gaps.
std::string without_lines(std::string text) {
  for (std::size_t at = text.find("\n[ci-janitor: "); at != text.npos;
       at = text.find("\n[ci-janitor: ", at)) {
    const std::size_t end = text.find("]\n", at);
    must(end != text.npos, "a line about a gap has no end");
    must(text.substr(at, end - at).find(" -") == text.npos,
         "less than nothing is missing");
    text.erase(at, end + 2 - at);
  }
  return text;
}

/// Nothing is lost, nothing is added, and a gap is told where there is one.
void try_archive(const std::vector<Piece>& pieces) {
  const std::string archive = archive_of(pieces);
  const std::string bytes = bytes_of(pieces);
  must(without_lines(archive) == bytes, "the archive has other bytes");
  const TraceWorth worth = jobs::worth_of(extents_of(pieces));
  must((worth == TraceWorth::empty || worth == TraceWorth::lost) ==
           bytes.empty(),
       "a trace with bytes is worth nothing, or one without them something");
  if (worth == TraceWorth::whole)
    must(archive == bytes, "a whole trace is told to have gaps");
  if (worth == TraceWorth::gaps && pieces.front().index >= 0)
    must(archive != bytes, "a trace with gaps is told to be whole");
}

bool compare(const std::vector<Piece>& pieces, std::string_view archive,
             std::size_t step) {
  std::vector<db::Chunk> chunks;
  std::map<std::int64_t, const std::string*> bytes;
  for (const Piece& piece : pieces)
    if (piece.bytes) {
      chunks.push_back({.index = piece.index, .raw_length = std::nullopt});
      bytes[piece.index] = &*piece.bytes;
    }
  jobs::TraceComparison comparison(
      [&](const db::Chunk& chunk, const stores::ByteSink& sink) {
        sink(*bytes.at(chunk.index));
      },
      chunks);
  for (; !archive.empty();
       archive.remove_prefix(std::min(step, archive.size())))
    comparison.add(archive.substr(0, step));
  return comparison.end();
}

/// No GitLab writes such a one; it is compared as if it were no longer.
bool is_too_long(const Piece& piece) {
  return std::ssize(*piece.bytes) > chunk_size;
}

/// An archive that lacks or changes a byte of a chunk does not hold them all.
void try_comparison(const std::vector<Piece>& pieces, Input& input) {
  const bool is_whole = jobs::worth_of(extents_of(pieces)) == TraceWorth::whole;
  std::string archive = archive_of(pieces);
  const std::size_t step =
      1 + static_cast<std::size_t>(input.number(2) & 0xffff);
  if (!is_whole || std::ranges::any_of(pieces, is_too_long))
    return;
  must(compare(pieces, archive, step * 16), "a whole trace is not found whole");
  const auto at = static_cast<std::size_t>(input.number(4) & 0x7fffffff);
  archive[at % archive.size()] = '#';
  must(!compare(pieces, archive, step * 16), "a wrong byte is not found");
  archive.resize(at % archive.size());
  must(!compare(pieces, archive, step * 16), "missing bytes are not found");
}

}  // namespace

void trace(std::string_view bytes) {
  Input input(bytes);
  const std::vector<Piece> pieces = pieces_in(input);
  try_archive(pieces);
  try_comparison(pieces, input);
}

}  // namespace fuzz
