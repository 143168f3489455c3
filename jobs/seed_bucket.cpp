#include "jobs/seed_bucket.hpp"

#include "jobs/chunk_reader.hpp"
#include "jobs/seed_files.hpp"
#include "stores/s3_client.hpp"
#include "stores/s3_location.hpp"
#include "stores/s3_xml.hpp"
#include "telemetry/readable.hpp"

#include <fmt/format.h>

#include <iterator>

namespace jobs {
namespace {

constexpr const char* below_chunks = "tmp/builds/";

/// The only listing of all: a run never asks what is in a bucket.
void require_nothing_below(stores::S3Client& client,
                           const std::string& prefix) {
  const stores::HttpAnswer answer = client.send(
      {.method = "GET",
       .query = {{"list-type", "2"}, {"max-keys", "1"}, {"prefix", prefix}}});
  if (answer.status != 200 ||
      !stores::read_text(answer.body, "ListBucketResult"))
    client.raise(stores::error_of(answer));
  if (const auto key =
          stores::read_text(answer.body, "ListBucketResult/Contents/Key"))
    throw stores::StoreError(fmt::format(
        "{} holds {} already\nhint: name an empty bucket, or a new prefix, by "
        "--object-store; this program never removes anything",
        client.description(), telemetry::in_quotes(*key)));
}

}  // namespace

SeedBucket::SeedBucket(const stores::ObjectStoreSettings& settings)
    : stores_(stores::open_stores({.local_directory = {},
                                   .object_store = settings,
                                   .width = seed_writers},
                                  never_stop_)) {
  const auto client = stores::connect(settings);
  const std::string prefix = stores::parse_s3_url(settings.url).value().prefix;
  require_nothing_below(*client, prefix.empty() ? "" : prefix + '/');
  require_nothing_below(*client, below_chunks);
}

void SeedBucket::put(const stores::ObjectKey& key, std::int64_t size) {
  store(*stores_.find(2), key, object_content(key, size));
}

void SeedBucket::put_chunk(std::int64_t build_id, std::int64_t index,
                           std::string_view bytes) {
  store(*stores_.chunks(),
        chunk_object({.build_id = build_id, .index = index, .raw_length = {}}),
        bytes);
}

void SeedBucket::store(stores::Store& store, const stores::ObjectKey& key,
                       std::string_view bytes) {
  try {
    store.put(key, [&](const stores::ByteSink& sink) { sink(bytes); });
  } catch (const stores::ObjectError& error) {
    throw stores::StoreError(fmt::format("{}: '{}': {}", store.description(),
                                         key.path(), error.what()));
  }
  objects_ += 1;
  bytes_ += std::ssize(bytes);
}

}  // namespace jobs
