#pragma once

#include <chrono>
#include <string>

struct pg_conn;

namespace db {

/// A conninfo string that libpq can't read: it would quote it, password and
/// all.
///
/// \throws Refused, which does not.
void refuse_unreadable(const std::string& conninfo);

/// Bring a connection that PQconnectStartParams() began to its end.  Of several
/// hosts in PGHOST, one that swallows all it is sent is passed over after two
/// seconds.
///
/// \throws Unreachable if there is no server within \a timeout, or it is
///         starting or full.
/// \throws Refused, with what to do, if the server or a pooler refuses the
///         role, password, database or options, or the server's certificate is
///         not what PGSSLMODE asks for.
void finish_connecting(pg_conn* handle, std::chrono::milliseconds timeout);

}  // namespace db
