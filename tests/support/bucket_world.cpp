#include "tests/support/bucket_world.hpp"

namespace tests {
namespace {

constexpr const char* prefix = "gitlab";

std::string key_below_prefix(const std::string& path) {
  return std::string(prefix) + '/' + path;
}

}  // namespace

BucketWorld::BucketWorld(const S3Server& server) : bucket(server) {
  options.object_store = "s3://" + bucket.name() + '/' + prefix;
  options.object_store_region = server.region;
  go_through(server);
  log_in(server.access_key, server.secret_key);
}

MadeArtifact BucketWorld::add_remote(int count) {
  return add_many(count, {.file_store = "2"});
}

MadeArtifact BucketWorld::add_live_remote() {
  return add({.expire_at = "now() + interval '30 days'", .file_store = "2"});
}

void BucketWorld::go_through(const S3Server& server) {
  endpoint_ = server.endpoint;
  options.object_store_endpoint = endpoint_;
}

void BucketWorld::log_in(const std::string& access_key,
                         const std::string& secret_key) {
  keys_.reset();
  keys_.emplace(std::vector<std::pair<std::string, std::string>>{
      {"AWS_ACCESS_KEY_ID", access_key},
      {"AWS_SECRET_ACCESS_KEY", secret_key}});
}

std::vector<std::string> BucketWorld::command(
    const std::string& verb, const std::vector<std::string>& more) const {
  std::vector<std::string> words{JANITOR_PROGRAM,
                                 verb,
                                 "--passes",
                                 "unlocked,legacy,objects",
                                 "--local-store",
                                 store.path(),
                                 "--object-store",
                                 *options.object_store,
                                 "--object-store-endpoint",
                                 endpoint_,
                                 "--object-store-region",
                                 *options.object_store_region,
                                 "--output",
                                 "json"};
  words.insert(words.end(), more.begin(), more.end());
  return words;
}

void BucketWorld::put_object(const std::string& file_store,
                             const std::string& path) {
  if (file_store == "2")
    bucket.put(key_below_prefix(path));
  else
    World::put_object(file_store, path);
}

bool BucketWorld::object_exists(const std::string& file_store,
                                const std::string& path) {
  return file_store == "2" ? bucket.holds(key_below_prefix(path))
                           : World::object_exists(file_store, path);
}

}  // namespace tests
