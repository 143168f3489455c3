#include "jobs/seed_chunks.hpp"

#include "jobs/chunk_reader.hpp"
#include "jobs/in_parallel.hpp"
#include "jobs/seed_files.hpp"

#include <fmt/format.h>

#include <chrono>
#include <string>
#include <vector>

namespace jobs {
namespace {

using db::ChunkStore;
using db::SeedChunk;
using RedisValues = std::vector<stores::Redis::Value>;

RedisValues values_of(const std::vector<SeedChunk>& chunks) {
  RedisValues values;
  for (const SeedChunk& chunk : chunks)
    if (chunk.store == ChunkStore::trace_chunks)
      values.push_back({chunk_key({.build_id = chunk.build_id,
                                   .index = chunk.index,
                                   .raw_length = {}}),
                        chunk.bytes});
  return values;
}

void require_absent(stores::Redis& redis, const RedisValues& values) {
  std::vector<std::string> keys;
  for (const stores::Redis::Value& value : values)
    keys.push_back(value.key);
  const auto lengths = redis.lengths(keys);
  for (std::size_t i = 0; i < keys.size(); ++i)
    if (lengths[i])
      throw stores::StoreError(fmt::format(
          "{} holds the key '{}' already\nhint: name an empty one by --redis; "
          "this program never removes anything",
          redis.description(), keys[i]));
}

void put_into(stores::Redis& redis, const RedisValues& values) {
  constexpr std::chrono::hours week{7 * 24};
  if (values.empty())
    return;
  require_absent(redis, values);
  redis.set(values, week);
}

void put_into(SeedBucket& bucket, const std::vector<SeedChunk>& chunks) {
  each_in_parallel(seed_writers, chunks, [&](const SeedChunk& chunk) {
    if (chunk.store == ChunkStore::object_storage)
      bucket.put_chunk(chunk.build_id, chunk.index, chunk.bytes);
  });
}

}  // namespace

void put_chunks(db::SeedJobs& jobs, stores::Redis* redis, SeedBucket* bucket) {
  jobs.open_chunks();
  for (auto chunks = jobs.next_chunks(); !chunks.empty();
       chunks = jobs.next_chunks()) {
    if (redis)
      put_into(*redis, values_of(chunks));
    if (bucket)
      put_into(*bucket, chunks);
  }
}

}  // namespace jobs
