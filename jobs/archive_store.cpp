#include "jobs/archive_store.hpp"

#include "db/retry.hpp"

#include <fmt/format.h>

namespace jobs {
namespace {

constexpr std::int64_t local_archives = 1;
constexpr std::int64_t archives_in_bucket = 2;

}  // namespace

std::int64_t archive_store(const Options& options, const stores::Stores& stores,
                           const db::Traces& traces,
                           const db::Session& session) {
  if (options.archive_store)
    return *options.archive_store;
  const auto recent =
      db::with_retry([&] { return traces.recent_archive_store(session); });
  if (recent)
    return *recent;
  const bool only_bucket = stores.find(local_archives) == nullptr &&
                           stores.find(archives_in_bucket) != nullptr;
  return only_bucket ? archives_in_bucket : local_archives;
}

std::string no_archive_store(const Options& options, std::int64_t file_store) {
  const bool is_local = file_store == local_archives;
  return fmt::format(
      "there are traces to archive, but no store for them{}; give {}, or leave "
      "the pass out with --passes",
      options.archive_store ? ""
      : is_local            ? ""
                            : " (most archives are in object storage)",
      is_local ? "--local-store DIR"
               : "--object-store s3://BUCKET, or --archive-store local");
}

}  // namespace jobs
