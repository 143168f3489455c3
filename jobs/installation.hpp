#pragma once

#include <atomic>
#include <memory>
#include <optional>
#include <string>

#include "db/catalog.hpp"
#include "db/pool.hpp"
#include "jobs/main_database.hpp"
#include "jobs/open_redis.hpp"
#include "jobs/options.hpp"
#include "stores/open_stores.hpp"

namespace jobs {

/// The GitLab that a command works on: its database and its stores, as far as
/// they are there.
struct Installation {
  /// Connect, read the catalog, open the stores.
  ///
  /// \param times takes what requests to stores took; outlives this
  /// \throws db::Unreachable, db::Refused, db::Error
  Installation(const Options& options, std::string run_id,
               const std::atomic<bool>& stop,
               telemetry::RequestTimes* times = nullptr);

  /// --passes names this one.
  [[nodiscard]] bool wants(telemetry::Pass pass) const {
    return options.passes.contains(pass);
  }

  /// The schema may have changed under a run.  Nobody else may be at work:
  /// sessions look into the catalog.
  /// \return false if it can't be served; then the catalog is what it was.
  /// \throws as the constructor
  bool read_catalog_again();

  /// A reading session for what concerns the run as a whole.
  [[nodiscard]] db::Session session() const;

  /// Of users, projects, statistics and deployments.
  [[nodiscard]] db::Pool& main_pool() { return main ? main->pool : pool; }
  [[nodiscard]] const db::Catalog& main_catalog() const {
    return main ? main->catalog : catalog;
  }
  [[nodiscard]] db::Session main_session() const {
    return main ? main->session(session()) : session();
  }

  const Options& options;
  std::string run_id;
  db::Pool pool;
  db::Catalog catalog;
  std::unique_ptr<MainDatabase> main;  ///< null: it is the same database
  stores::Stores stores;
  RedisServers redis;
  /// Why a store could not be opened, or can't be used; or "".
  std::string store_trouble;
};

/// Eight hex digits that tell one run from another in logs and
/// pg_stat_activity.
std::string make_run_id();

}  // namespace jobs
