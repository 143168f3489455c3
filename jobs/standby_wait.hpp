#pragma once

#include <stdexcept>

#include "jobs/context.hpp"

namespace jobs {

/// Not as many standbys as --wait-for-standby asks for have what was committed:
/// nothing that only their rows still name may be removed.
class StandbysBehind : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// Return once --wait-for-standby N standbys have flushed all that has been
/// committed so far; at once where N is 0.  Whoever removes what a row named
/// calls it between the row's COMMIT and the removal, once for all rows: should
/// the primary be lost then, the standby that takes its place knows as well
/// that they are gone.
///
/// May be called from several threads at once: what one of them sees is enough
/// for all whose commits lie before it.
///
/// \throws StandbysBehind after --statement-timeout, or soon after the pass was
///         told to stop.
/// \throws db::Error, db::Unreachable; db::FailedOver where the commits may not
///         be on the server that answers now.
void await_standbys(Context& context, telemetry::Pass pass);

}  // namespace jobs
