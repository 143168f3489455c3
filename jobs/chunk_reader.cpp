#include "jobs/chunk_reader.hpp"

#include "db/retry.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>

namespace jobs {
namespace {

using db::Chunk;
using telemetry::Pass;

constexpr std::size_t chunks_a_page = 8;

bool is_in_database(const Chunk& chunk) {
  return is_in(chunk, db::ChunkStore::database);
}

/// A chunk that was never written has no bytes, rather than lost ones.
std::optional<std::int64_t> length_in_database(const Chunk& chunk) {
  if (!chunk.raw_length && !chunk.was_written)
    return 0;
  return chunk.raw_length;
}

/// What one Redis holds of some chunks: their places among them, and its keys.
struct OnServer {
  std::vector<std::size_t> places;
  std::vector<std::string> keys;
};

std::map<stores::Redis*, OnServer> by_server(const ChunkReader& reader,
                                             std::span<const Chunk> chunks) {
  std::map<stores::Redis*, OnServer> servers;
  for (std::size_t i = 0; i < chunks.size(); ++i)
    if (stores::Redis* const redis = reader.redis_of(chunks[i])) {
      servers[redis].places.push_back(i);
      servers[redis].keys.push_back(chunk_key(chunks[i]));
    }
  return servers;
}

/// What can't be looked at is not gone, and no archive may be made without it.
std::optional<std::int64_t> length_in(stores::Store& bucket,
                                      const stores::ObjectKey& key) {
  try {
    if (const auto status = bucket.stat(key))
      return status->size;
    return std::nullopt;
  } catch (const stores::ObjectError& error) {
    throw stores::StoreError(
        fmt::format("{}: live trace chunk {}: {}; grant s3:GetObject below "
                    "tmp/builds/",
                    bucket.description(), key.path(), error.what()));
  }
}

}  // namespace

bool is_in(const Chunk& chunk, db::ChunkStore store) {
  return chunk.data_store == static_cast<std::int64_t>(store);
}

std::string chunk_key(const Chunk& chunk) {
  return fmt::format("gitlab:ci:trace:{}:chunks:{}", chunk.build_id,
                     chunk.index);
}

stores::ObjectKey chunk_object(const Chunk& chunk) {
  return {fmt::format("tmp/builds/{}/chunks", chunk.build_id),
          fmt::format("{}.log", chunk.index)};
}

stores::Store* ChunkReader::bucket_of(const Chunk& chunk) const {
  return is_in(chunk, db::ChunkStore::object_storage) ? context_.stores.chunks()
                                                      : nullptr;
}

stores::Redis* ChunkReader::redis_of(const Chunk& chunk) const {
  if (is_in(chunk, db::ChunkStore::shared_state))
    return context_.redis.shared_state();
  return is_in(chunk, db::ChunkStore::trace_chunks) ? context_.redis.chunks()
                                                    : nullptr;
}

std::optional<std::string> ChunkReader::out_of_reach(const Chunk& chunk) const {
  if (is_in_database(chunk) || redis_of(chunk) != nullptr ||
      bucket_of(chunk) != nullptr)
    return std::nullopt;
  if (is_in(chunk, db::ChunkStore::shared_state))
    return "its chunks are in Redis: give --redis-shared-state URL, or --redis "
           "URL if it is the same";
  if (is_in(chunk, db::ChunkStore::trace_chunks))
    return "its chunks are in Redis: give --redis URL";
  if (is_in(chunk, db::ChunkStore::object_storage))
    return "its chunks are in object storage: give --object-store "
           "s3://BUCKET";
  return fmt::format("its chunks are in a store that nobody here knows, {}",
                     chunk.data_store);
}

std::vector<ChunkExtent> ChunkReader::extents(
    std::span<const Chunk> chunks) const {
  std::vector<ChunkExtent> extents;
  for (const Chunk& chunk : chunks) {
    extents.push_back({chunk.index, length_in_database(chunk)});
    if (stores::Store* const bucket = bucket_of(chunk))
      extents.back().length = length_in(*bucket, chunk_object(chunk));
  }
  measure_redis(chunks, extents);
  return extents;
}

void ChunkReader::measure_redis(std::span<const Chunk> chunks,
                                std::vector<ChunkExtent>& extents) const {
  for (const auto& [redis, here] : by_server(*this, chunks)) {
    const auto lengths = redis->lengths(here.keys);
    for (std::size_t i = 0; i < lengths.size(); ++i)
      extents[here.places[i]].length = lengths[i];
  }
}

void ChunkReader::read(std::span<const Chunk> chunks, const Sink& sink) const {
  while (!chunks.empty()) {
    const auto page = chunks.first(std::min(chunks.size(), chunks_a_page));
    chunks = chunks.subspan(page.size());
    std::vector<std::string> bytes(page.size());
    fetch_database(page, bytes);
    fetch_redis(page, bytes);
    fetch_objects(page, bytes);
    for (std::size_t i = 0; i < page.size(); ++i)
      sink(page[i], bytes[i]);
  }
}

void ChunkReader::fetch_redis(std::span<const Chunk> page,
                              std::vector<std::string>& bytes) const {
  for (const auto& [redis, here] : by_server(*this, page)) {
    auto values = redis->get(here.keys);
    for (std::size_t i = 0; i < values.size(); ++i) {
      if (!values[i])
        throw ChunkMoved();
      bytes[here.places[i]] = std::move(*values[i]);
    }
  }
}

void ChunkReader::fetch_objects(std::span<const Chunk> page,
                                std::vector<std::string>& bytes) const {
  for (std::size_t i = 0; i < page.size(); ++i)
    if (stores::Store* const bucket = bucket_of(page[i]))
      if (!bucket->get(chunk_object(page[i]),
                       [&](std::string_view piece) { bytes[i] += piece; }))
        throw ChunkMoved();
}

void ChunkReader::fetch_database(std::span<const Chunk> page,
                                 std::vector<std::string>& bytes) const {
  std::map<std::int64_t, std::size_t> places;
  std::vector<std::int64_t> ids;
  for (std::size_t i = 0; i < page.size(); ++i)
    if (is_in_database(page[i]) && page[i].raw_length) {
      places.emplace(page[i].id, i);
      ids.push_back(page[i].id);
    }
  if (ids.empty())
    return;
  db::with_retry([&] {
    context_.traces.read(context_.reading(Pass::traces).without_deadline(), ids,
                         [&](std::int64_t id, std::string_view raw) {
                           bytes[places.at(id)] = std::string(raw);
                         });
  });
  for (const auto& [id, place] : places)
    if (std::ssize(bytes[place]) != *page[place].raw_length)
      throw ChunkMoved();
}

}  // namespace jobs
