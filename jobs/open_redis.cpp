#include "jobs/open_redis.hpp"

#include "telemetry/readable.hpp"

#include <fmt/format.h>

#include <fstream>
#include <stdexcept>

namespace jobs {
namespace {

constexpr std::string_view file_prefix = "file:";

std::string first_line(const std::string& path, std::string_view option) {
  std::ifstream file(path);
  std::string line;
  if (!std::getline(file, line))
    throw UsageError(fmt::format(
        "{} names the file {}, which can't be read or is empty: write the "
        "URL of the Redis server into it",
        option, telemetry::in_quotes(path)));
  while (line.ends_with('\r') || line.ends_with(' '))
    line.pop_back();
  return line;
}

std::unique_ptr<stores::Redis> open(const std::optional<std::string>& given,
                                    std::string_view option,
                                    const std::atomic<bool>& stop,
                                    telemetry::Durations* times) {
  if (!given)
    return nullptr;
  const std::string text =
      given->starts_with(file_prefix)
          ? first_line(given->substr(file_prefix.size()), option)
          : *given;
  try {
    return std::make_unique<stores::Redis>(stores::parse_redis_url(text), stop,
                                           stores::RedisPatience{}, times);
  } catch (const std::invalid_argument& error) {
    throw UsageError(fmt::format("{}: {}", option, error.what()));
  }
}

}  // namespace

RedisServers::RedisServers(const Options& options,
                           const std::atomic<bool>& stop,
                           telemetry::Durations* times)
    : chunks_(open(options.redis, "--redis", stop, times)),
      shared_state_(open(options.redis_shared_state, "--redis-shared-state",
                         stop, times)) {}

std::vector<stores::Redis*> RedisServers::all() const {
  std::vector<stores::Redis*> servers;
  for (stores::Redis* const server : {chunks_.get(), shared_state_.get()})
    if (server != nullptr)
      servers.push_back(server);
  return servers;
}

}  // namespace jobs
