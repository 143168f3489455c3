#include "telemetry/timestamp.hpp"
#include "db/binary.hpp"
#include "stores/s3_credential_check.hpp"
#include "tests/fuzz/fuzzing.hpp"
#include "tests/fuzz/targets.hpp"

namespace fuzz {
namespace {

using telemetry::Timestamp;

void must_survive(Timestamp moment) {
  const std::string text = telemetry::format_timestamp(moment);
  must(telemetry::parse_timestamp(text) == moment,
       "a moment is read as another one");
}

void try_postgres(std::int64_t microseconds) {
  const Timestamp moment = db::from_postgres(microseconds);
  must_survive(moment);
  must(microseconds <= 0 || moment > db::from_postgres(0),
       "what is to come has passed");
  if (moment < Timestamp::max() - std::chrono::microseconds{1} &&
      moment > Timestamp::min())
    must(db::to_postgres(moment) == microseconds,
         "a moment goes back as another one");
}

}  // namespace

void timestamp(std::string_view bytes) {
  if (const auto moment = telemetry::parse_timestamp(bytes)) {
    must_survive(*moment);
    must(stores::parse_expiration(bytes) == moment,
         "credentials expire at another moment");
  } else {
    static_cast<void>(stores::parse_expiration(bytes));
  }
  if (bytes.size() <= 8)
    try_postgres(Input(bytes).number());
}

}  // namespace fuzz
