#pragma once

#include "jobs/trace.hpp"

namespace jobs {

/// Forget the chunks of traces whose archive is complete, or that never had a
/// byte.  Redis first: a key goes only if it still is what was read, so that
/// bytes added meanwhile keep their row, and are named.  Then the rows,
/// likewise.
///
/// \throws db::Error, stores::StoreError
void forget_chunks(Context& context, Traces& traces);

}  // namespace jobs
