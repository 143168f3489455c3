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
  // PostgreSQL counts from 2000, we from 1970: its last 30 years are past our
  // end, and must not come out as a moment long gone.
  constexpr Timestamp last = Timestamp::max() - Timestamp::duration{1};
  if (raw.time_since_epoch() > last - epoch)
    return last;
  return epoch + Timestamp::duration{microseconds};
}

}  // namespace db
