#include "jobs/check_stores.hpp"

#include "db/pipeline_artifacts.hpp"
#include "jobs/in_parallel.hpp"
#include "jobs/path_look.hpp"
#include "telemetry/fault_point.hpp"

#include <fmt/format.h>
#include <spdlog/spdlog.h>
#include <tbb/concurrent_vector.h>

#include <map>

namespace jobs {
namespace {

using Rows = std::vector<db::Artifact>;

/// The sample by store, without those that --only-store leaves out.
std::map<std::int64_t, Rows> sample_by_store(Installation& installation) {
  const db::PipelineArtifacts artifacts(installation.pool);
  std::map<std::int64_t, Rows> stores;
  for (db::Artifact& row : artifacts.live_sample(installation.session()))
    if (!installation.options.only_store ||
        *installation.options.only_store == row.file_store)
      stores[row.file_store].push_back(std::move(row));
  return stores;
}

/// What can't be looked at, for whatever reason, is as good as missing.
bool is_there(stores::Store& store, const stores::ObjectKey& key) {
  try {
    return store.stat(key).has_value();
  } catch (const stores::ObjectError& error) {
    spdlog::debug("{}: {}", key.path(), error.what());
    return false;
  }
}

/// \return the ids of the rows whose object is not there.
std::vector<std::int64_t> missing_of(stores::Store& store, const Rows& rows,
                                     std::size_t workers) {
  tbb::concurrent_vector<std::int64_t> missing;
  each_in_parallel(workers, rows, [&](const db::Artifact& row) {
    if (!is_there(store, key_of(row)))
      missing.push_back(row.id);
  });
  return {missing.begin(), missing.end()};
}

/// Rows with a poison key say nothing about the store, and those that GitLab
/// has destroyed since they were read miss no object.
Finding look_for(stores::Store& store, Rows rows, Installation& installation) {
  const Options& options = installation.options;
  std::erase_if(rows, [](const db::Artifact& row) {
    return stores::poison(key_of(row)).has_value();
  });
  const auto missing = missing_of(store, rows, options.concurrency);
  telemetry::fault_point("check.looked");
  const std::int64_t found = std::ssize(rows) - std::ssize(missing);
  const std::int64_t asked =
      found + db::PipelineArtifacts(installation.pool)
                  .count_rows(installation.session(), missing);
  const std::string text =
      fmt::format("{} of {} objects of live artifacts are in {}", found, asked,
                  store.description());
  if (found * 100 >= asked * 95)
    return {Level::ok, "live objects", text};
  if (options.accept_missing)
    return {Level::warning, "live objects",
            text + "; --accept-missing goes on"};
  return {Level::fail, "live objects",
          text +
              ": is it the right mount, or bucket and prefix? run would leak "
              "every object; --accept-missing goes on all the same"};
}

/// Whether the passes asked for would meet any row at all.
bool has_expired(Installation& installation) {
  const db::PipelineArtifacts artifacts(installation.pool);
  return !artifacts
              .page(installation.session(), db::Selection::legacy,
                    telemetry::Timestamp::min(), telemetry::Timestamp::max(), 1)
              .empty();
}

Finding not_configured(std::int64_t file_store) {
  const std::string there =
      fmt::format("there are artifacts with file_store {}", file_store);
  if (file_store == 1)
    return {Level::fail, "stores",
            there +
                ", but no local store; give --local-store DIR, or leave "
                "them out with --only-store 2"};
  return {Level::fail, "stores",
          there +
              ", in object storage, but no object store; give --object-store "
              "s3://BUCKET, or leave them out with --only-store 1"};
}

/// \return why objects can't be removed there; nothing if they can.
std::optional<std::string> examine_store(stores::Store& store,
                                         Findings& findings) {
  if (auto trouble = store.trouble())
    return trouble;
  findings.push_back(
      {Level::ok, "stores", store.description() + " is there and writable"});
  for (stores::Remark& remark : store.remarks())
    findings.push_back({remark.is_warning ? Level::warning : Level::ok,
                        "stores", std::move(remark.text)});
  return std::nullopt;
}

std::string trouble_of(Installation& installation, std::int64_t file_store,
                       Findings& findings) {
  try {
    return examine_store(*installation.stores.find(file_store), findings)
        .value_or("");
  } catch (const stores::StoreUnreachable& error) {
    if (installation.options.command != Command::check)
      throw;
    return error.what();
  }
}

/// Archives of traces may go to any store, whatever --only-store says.
bool is_used(const Installation& installation, std::int64_t file_store) {
  const std::optional<int>& only = installation.options.only_store;
  return !only || *only == file_store ||
         installation.wants(telemetry::Pass::traces);
}

}  // namespace

void check_store_roots(Installation& installation, Findings& findings) {
  if (!installation.store_trouble.empty())
    findings.push_back({Level::fail, "stores", installation.store_trouble});
  for (const std::int64_t file_store : installation.stores.configured()) {
    if (!is_used(installation, file_store))
      continue;
    const std::string trouble = trouble_of(installation, file_store, findings);
    if (trouble.empty())
      continue;
    findings.push_back({Level::fail, "stores", trouble});
    installation.store_trouble = trouble;
  }
}

void check_live_objects(Installation& installation, Findings& findings) {
  if (!installation.store_trouble.empty())
    return;
  if (installation.stores.configured().empty() && has_expired(installation)) {
    findings.push_back({Level::fail, "stores",
                        "no store is configured, and there are artifacts; "
                        "give --local-store DIR, or --object-store "
                        "s3://BUCKET"});
    return;
  }
  const auto sample = sample_by_store(installation);
  for (const auto& [file_store, rows] : sample) {
    stores::Store* const store = installation.stores.find(file_store);
    findings.push_back(store ? look_for(*store, rows, installation)
                             : not_configured(file_store));
  }
  if (sample.empty())
    findings.push_back({Level::warning, "live objects",
                        "there is no live artifact older than an hour to tell "
                        "the right store by"});
}

}  // namespace jobs
