#pragma once

#include <atomic>
#include <string>

#include "db/catalog.hpp"
#include "db/pool.hpp"
#include "jobs/options.hpp"

namespace jobs {

/// GitLab's main database, where the CI tables have one of their own: users,
/// projects and their statistics, deployments.  Nothing in it can be part of a
/// transaction in the other.
struct MainDatabase {
  /// Connect, and read the catalog.
  ///
  /// \throws db::Unreachable, db::Refused, db::Error, stores::StoreError
  MainDatabase(const Options& options, const std::string& run_id,
               const std::atomic<bool>& stop);

  /// \a session, in this database.
  [[nodiscard]] db::Session session(db::Session session) const;

  db::Pool pool;
  db::Catalog catalog;
};

/// The user named one.
bool has_main_database(const Options& options);

}  // namespace jobs
