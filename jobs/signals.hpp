#pragma once

#include <atomic>

namespace jobs {

/// Let SIGTERM and SIGINT ask the run to stop, SIGUSR2 to pause and SIGUSR1 to
/// say how far it is, and let a reader of our output that goes away be an error
/// rather than a death.  Comes before anything else in main: as process 1 of a
/// container we have no default handlers.
void catch_signals();

/// Whether SIGUSR2 has asked for a pause: each one asks for it, or ends it.
bool pause_requested();

/// How often SIGUSR1 has asked for a status line.
unsigned status_requests();

/// True once SIGTERM or SIGINT came.
const std::atomic<bool>& stop_requested();

/// The first of them that came; 0 if none did.
int signal_received();

}  // namespace jobs
