#pragma once

#include <cstdint>
#include <string>

#include "db/traces.hpp"
#include "jobs/options.hpp"
#include "stores/open_stores.hpp"

namespace jobs {

/// Where archives of traces go, as GitLab's file_store (1 local, 2 object
/// storage): --archive-store, or else where most recent archives are, or else
/// the store that is configured, a local one first.  It need not be configured.
///
/// \throws db::Error
std::int64_t archive_store(const Options& options, const stores::Stores& stores,
                           const db::Traces& traces,
                           const db::Session& session);

/// What to do where that store is not configured.
std::string no_archive_store(const Options& options, std::int64_t file_store);

}  // namespace jobs
