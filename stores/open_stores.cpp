#include "stores/open_stores.hpp"

#include "stores/directory_store.hpp"
#include "stores/dry_run_store.hpp"
#include "stores/gitlab_connection.hpp"
#include "stores/limited_store.hpp"
#include "stores/retrying_store.hpp"
#include "stores/s3_source_client.hpp"
#include "stores/s3_store.hpp"
#include "telemetry/readable.hpp"

#include <initializer_list>
#include <utility>

namespace stores {
namespace {

std::optional<std::string> first_variable(
    std::initializer_list<const char*> names) {
  for (const char* const name : names)
    if (auto value = variable_of(name))
      return value;
  return std::nullopt;
}

/// What AWS's own tools take an endpoint from.
std::optional<std::string> endpoint_variable() {
  if (is_true("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS"))
    return std::nullopt;
  return first_variable({"AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL"});
}

std::string region_of(const ObjectStoreSettings& settings,
                      const GitlabConnection& gitlab) {
  if (settings.region)
    return *settings.region;
  if (gitlab.region)
    return *gitlab.region;
  return first_variable({"AWS_REGION", "AWS_DEFAULT_REGION"})
      .value_or("us-east-1");
}

S3Endpoint endpoint_of(const ObjectStoreSettings& settings,
                       const GitlabConnection& gitlab,
                       const std::string& region) {
  const std::optional<std::string> text = settings.endpoint ? settings.endpoint
                                          : gitlab.endpoint
                                              ? gitlab.endpoint
                                              : endpoint_variable();
  if (!text)
    return aws_endpoint(region);
  if (const auto endpoint = parse_s3_endpoint(*text))
    return *endpoint;
  throw StoreError(
      "the endpoint of the object store must be http[s]://HOST[:PORT], without "
      "a user or a path: look at the connection settings, or give "
      "--object-store-endpoint");
}

std::unique_ptr<CredentialSource> source_of(const ObjectStoreSettings& settings,
                                            const GitlabConnection& gitlab,
                                            const std::string& region) {
  if (gitlab.credentials)
    return fixed_credentials(
        *gitlab.credentials,
        "the file " + telemetry::in_quotes(*settings.config_file));
  return gitlab.use_iam_profile ? credentials_of_role(region)
                                : credentials_of_environment(region);
}

S3Account account_of(const ObjectStoreSettings& settings,
                     const std::string& bucket) {
  const GitlabConnection gitlab =
      settings.config_file ? read_gitlab_connection(*settings.config_file)
                           : GitlabConnection{};
  const std::string region = region_of(settings, gitlab);
  S3Endpoint endpoint = endpoint_of(settings, gitlab, region);
  endpoint.path_style = settings.path_style ||
                        gitlab.path_style.value_or(false) ||
                        needs_path_style(endpoint, bucket);
  return {.bucket = bucket,
          .endpoint = std::move(endpoint),
          .region = region,
          .credentials = std::make_shared<CredentialLender>(
              source_of(settings, gitlab, region)),
          .patience = {},
          .times = settings.times};
}

/// What a server asks of its clients, around what speaks to it: as many
/// requests as it can take, each again if it may pass.
std::unique_ptr<Store> with_patience(std::unique_ptr<Store> store,
                                     std::size_t width,
                                     const std::atomic<bool>& stop) {
  return std::make_unique<RetryingStore>(
      std::make_unique<LimitedStore>(std::move(store), width, stop), stop);
}

std::unique_ptr<Store> unchanged(std::unique_ptr<Store> store,
                                 const StoreSettings& settings) {
  if (!settings.only_plans)
    return store;
  return std::make_unique<DryRunStore>(std::move(store));
}

void open_bucket(Stores& stores, const StoreSettings& settings,
                 const std::atomic<bool>& stop) {
  const S3Url url = parse_s3_url(settings.object_store->url).value();
  const std::shared_ptr<S3Client> client = connect(*settings.object_store);
  const auto open = [&](const std::string& prefix) {
    return unchanged(with_patience(std::make_unique<S3Store>(client, prefix),
                                   settings.width, stop),
                     settings);
  };
  stores.add(2, open(url.prefix));
  stores.add_chunks(open(""));
}

}  // namespace

std::vector<std::int64_t> Stores::configured() const {
  std::vector<std::int64_t> numbers;
  for (const auto& [file_store, store] : stores_)
    numbers.push_back(file_store);
  return numbers;
}

std::shared_ptr<S3Client> connect(const ObjectStoreSettings& settings) {
  const std::string bucket = parse_s3_url(settings.url).value().bucket;
  return std::make_shared<S3Client>(account_of(settings, bucket));
}

Stores open_stores(const StoreSettings& settings,
                   const std::atomic<bool>& stop) {
  Stores stores;
  if (settings.local_directory)
    stores.add(1, unchanged(std::make_unique<DirectoryStore>(
                                *settings.local_directory, settings.prune),
                            settings));
  if (settings.object_store)
    open_bucket(stores, settings, stop);
  return stores;
}

}  // namespace stores
