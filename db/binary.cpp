#include "db/binary.hpp"

namespace db {
namespace {

using telemetry::Timestamp;

constexpr Timestamp epoch =
    std::chrono::sys_days{std::chrono::year{2000} / 1 / 1};

}  // namespace

std::int64_t to_postgres(Timestamp moment) {
  if (moment == Timestamp::min() || moment == Timestamp::max())
    return moment.time_since_epoch().count();
  return (moment - epoch).count();
}

Timestamp from_postgres(std::int64_t microseconds) {
  const Timestamp raw{Timestamp::duration{microseconds}};
  if (raw == Timestamp::min() || raw == Timestamp::max())
    return raw;
  return epoch + Timestamp::duration{microseconds};
}

}  // namespace db
