#include "db/error.hpp"
#include "db/seed.hpp"
#include "jobs/seed.hpp"
#include "jobs/seed_options.hpp"
#include "stores/store.hpp"
#include "telemetry/log.hpp"

#include <csignal>
#include <exception>
#include <iostream>

namespace {

// The statuses of ci-janitor that can happen here.
constexpr int wrong_usage = 2, unreachable = 69, not_fit = 78;

int complain(const std::exception& error, int status) {
  std::cerr << "ci-janitor-seed: " << error.what() << '\n';
  return status;
}

void fill(const jobs::SeedOptions& options) {
  const jobs::SeedReport report = jobs::seed(options);
  std::cout << (options.output == jobs::Output::json
                    ? jobs::as_json(options, report)
                    : jobs::as_text(options, report));
}

}  // namespace

int main(int argc, char* argv[]) {
  // Redis may hang up while it is being written to.
  std::signal(SIGPIPE, SIG_IGN);
  // Standard output is the report's.
  telemetry::set_up_log(telemetry::LogFormat::text, "info", "seed");
  try {
    if (const auto options = jobs::parse_seed_options(argc, argv))
      fill(*options);
    return 0;
  } catch (const jobs::UsageError& error) {
    return complain(error, wrong_usage);
  } catch (const stores::StoreUnreachable& error) {
    return complain(error, unreachable);
  } catch (const db::Refused& error) {
    return complain(error, not_fit);
  } catch (const db::Error& error) {
    return complain(error, error.connection_lost() ? unreachable : not_fit);
  } catch (const std::exception& error) {
    return complain(error, not_fit);
  }
}
