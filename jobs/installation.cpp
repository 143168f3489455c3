#include "jobs/installation.hpp"

#include "db/neighbours.hpp"
#include "db/retry.hpp"
#include "jobs/choices.hpp"

#include <fmt/format.h>

#include <random>
#include <utility>

namespace jobs {
namespace {

db::Session make_session(const Options& options, const std::string& run_id,
                         const db::Catalog* catalog = nullptr) {
  db::Session session;
  session.application_name = "ci-janitor run " + run_id;
  if (catalog != nullptr) {
    session.search_path = catalog->search_path();
    session.tables = &catalog->tables();
  }
  session.statement_timeout = options.statement_timeout;
  session.lock_timeout = options.lock_timeout;
  return session;
}

db::Half half(const Options& options) {
  return has_main_database(options) ? db::Half::ci : db::Half::whole;
}

stores::StoreSettings store_settings(const Options& options,
                                     telemetry::RequestTimes* times) {
  stores::StoreSettings settings{.local_directory = options.local_store,
                                 .prune = options.prune,
                                 .object_store = {},
                                 .width = options.concurrency,
                                 .only_plans = options.command != Command::run};
  if (options.object_store)
    settings.object_store = {.url = *options.object_store,
                             .endpoint = options.object_store_endpoint,
                             .region = options.object_store_region,
                             .path_style = options.object_store_path_style,
                             .config_file = options.object_store_config,
                             .times = times ? &times->s3 : nullptr};
  return settings;
}

}  // namespace

Installation::Installation(const Options& options_given,
                           std::string run_id_given,
                           const std::atomic<bool>& stop,
                           telemetry::RequestTimes* times)
    : options(options_given),
      run_id(std::move(run_id_given)),
      pool("ci-janitor " + run_id, stop),
      catalog(db::with_retry([this] {
        return db::Catalog::read(pool, make_session(options, run_id),
                                 half(options));
      })) {
  const db::StatisticsWay way = statistics_way(options, catalog).value;
  catalog.choose(way);
  if (has_main_database(options)) {
    main = std::make_unique<MainDatabase>(options, run_id, stop);
    main->catalog.choose(way);
    db::with_retry([this] {
      if (db::share_server(pool, session(), main->pool, main_session()))
        main->pool.count_with(pool);
    });
  }
  if (!catalog.in_recovery())
    db::with_retry([this] { pool.stay_on_primary(session()); });
  try {
    stores = stores::open_stores(store_settings(options, times), stop);
    redis = RedisServers(options, stop, times ? &times->redis : nullptr);
  } catch (const stores::StoreError& error) {
    store_trouble = error.what();
  }
}

db::Session Installation::session() const {
  return make_session(options, run_id, &catalog);
}

bool Installation::read_catalog_again() {
  db::Catalog fresh =
      db::Catalog::read(pool, make_session(options, run_id), half(options));
  if (!fresh.unserved().empty() || fresh.search_path() != catalog.search_path())
    return false;
  fresh.choose(statistics_way(options, fresh).value);
  catalog = std::move(fresh);
  return true;
}

std::string make_run_id() {
  std::random_device random;
  return fmt::format("{:08x}", random());
}

}  // namespace jobs
