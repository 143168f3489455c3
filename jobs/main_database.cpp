#include "jobs/main_database.hpp"

#include "db/retry.hpp"
#include "stores/small_file.hpp"

namespace jobs {
namespace {

db::Address address_of(const Options& options) {
  if (options.main_conninfo_file)
    return {"", stores::read_secret_file(*options.main_conninfo_file,
                                         "--main-conninfo-file")};
  return {options.main_service.value_or(""), ""};
}

}  // namespace

MainDatabase::MainDatabase(const Options& options, const std::string& run_id,
                           const std::atomic<bool>& stop)
    : pool("ci-janitor " + run_id, stop, address_of(options)),
      catalog(db::with_retry(
          [this] { return db::Catalog::read(pool, {}, db::Half::main); })) {
  if (!catalog.in_recovery())
    db::with_retry([this] { pool.stay_on_primary(session({})); });
}

db::Session MainDatabase::session(db::Session session) const {
  session.search_path = catalog.search_path();
  session.tables = &catalog.tables();
  return session;
}

bool has_main_database(const Options& options) {
  return options.main_service || options.main_conninfo_file;
}

}  // namespace jobs
