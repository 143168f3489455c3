#include "db/refusal.hpp"

namespace db {
namespace {

/// Where the five letters of a SQLSTATE stand; npos if there are none.
std::size_t find_state(std::string_view message) {
  constexpr std::string_view severity = "FATAL:  ";
  constexpr std::string_view letters = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ";
  for (std::size_t at = message.find(severity); at != message.npos;
       at = message.find(severity, at + 1)) {
    const std::size_t state = at + severity.size();
    if (message.find_first_not_of(letters, state) == state + 5 &&
        message.substr(state + 5).starts_with(": "))
      return state;
  }
  return message.npos;
}

/// It says that this one, whatever its name, does not exist.
/// \param thing "role"
bool misses(std::string_view message, std::string_view thing) {
  const std::string before = std::string(thing) + " \"";
  for (std::size_t at = message.find(before); at != message.npos;
       at = message.find(before, at + 1)) {
    const std::size_t quote = message.find('"', at + before.size());
    if (quote == message.npos)
      return false;
    if (message.substr(quote).starts_with("\" does not exist"))
      return true;
  }
  return false;
}

bool says(std::string_view message, std::string_view words) {
  return message.find(words) != message.npos;
}

/// The server's SQLSTATE.  PgBouncer has 08P01 for all that it refuses, and for
/// all that a server refused it when it logged in there: the text tells.
std::string state_of(std::string_view said, std::string_view message) {
  if (said != "08P01")
    return std::string(said);
  if (misses(message, "role") || says(message, "no such user") ||
      says(message, "authentication failed"))
    return "28000";
  if (misses(message, "database") || says(message, "no such database"))
    return "3D000";
  return std::string(said);
}

struct Remedy {
  std::string_view said;  ///< by libpq or a pooler
  std::string_view what_to_do;
};

/// Refusals that stand for good and have no SQLSTATE of their own.  All but the
/// last are of TLS, where trying again would only meet the same server.
constexpr Remedy remedies[] = {
    {"does not match host name",
     "connect by a name that the certificate names (PGHOST), or give the "
     "server one for this name"},
    {"certificate verify failed",
     "let PGSSLROOTCERT name the authority that signed the server's "
     "certificate, and see that it has not expired"},
    {"root certificate file",
     "let PGSSLROOTCERT name a file that can be read, with the authority that "
     "signed the server's certificate"},
    {"server does not support SSL",
     "turn on ssl in the server (in PgBouncer: client_tls_sslmode), or choose "
     "another PGSSLMODE"},
    {"unsupported startup parameter",
     "unset PGOPTIONS: a pooler does not take options of a session"}};

std::string_view remedy(std::string_view state, std::string_view message) {
  if (state == "3D000")
    return "name another database by PGDATABASE";
  if (state == "42501")
    return "GRANT CONNECT on the database to this role";
  if (state.starts_with("28"))
    return "look at PGUSER, the password and the server's pg_hba.conf";
  for (const auto& [said, what_to_do] : remedies)
    if (says(message, said))
      return what_to_do;
  return {};
}

}  // namespace

Refusal read_refusal(std::string_view message) {
  const std::size_t at = find_state(message);
  const bool has_state = at != message.npos;
  Refusal refusal;
  refusal.state = state_of(has_state ? message.substr(at, 5) : "", message);
  refusal.text = message;
  if (has_state)
    refusal.text.erase(at, 7);
  refusal.what_to_do = remedy(refusal.state, message);
  return refusal;
}

}  // namespace db
