#include "jobs/seed_contradictions.hpp"

#include <fmt/format.h>

namespace jobs {
namespace {

void require_place(const SeedOptions& options) {
  const bool has_directory = options.local_store.has_value();
  if (options.local_store == "" ||
      (options.files && !has_directory && !options.object_store))
    throw UsageError(
        "no place for the files: name one with --local-store DIR or "
        "--object-store s3://BUCKET, or say --no-files");
  if (!options.files && has_directory)
    throw UsageError("--local-store and --no-files exclude each other");
  if (!options.files && options.object_store)
    throw UsageError("--object-store and --no-files exclude each other");
}

void check_additions(const SeedOptions& options) {
  if (options.with_remote && options.object_store)
    throw UsageError(
        "--with-remote and --object-store exclude each other: the rows of "
        "file_store 2 have objects there");
  if (options.with_poison && options.object_store && !options.local_store)
    throw UsageError(
        "--with-poison needs --local-store DIR too: its rows are of file_store "
        "1");
}

void check_headline(const SeedOptions& options) {
  const bool is_headline = options.profile == Profile::headline;
  if (!(options.scale > 0 && options.scale <= 10))
    throw UsageError(fmt::format(
        "--scale is {}, and must be above 0 and at most 10", options.scale));
  if (options.scale != 1 && !is_headline)
    throw UsageError(fmt::format("--scale goes with --profile headline, not {}",
                                 name_of(options.profile)));
  if (options.jobs && !is_headline)
    throw UsageError(fmt::format("--jobs goes with --profile headline, not {}",
                                 name_of(options.profile)));
  if (options.redis && is_headline && !options.jobs)
    throw UsageError(
        "there are no traces for --redis: say --jobs N, or take another "
        "profile");
}

}  // namespace

void check_seed_options(const SeedOptions& options) {
  require_place(options);
  check_additions(options);
  check_headline(options);
}

}  // namespace jobs
