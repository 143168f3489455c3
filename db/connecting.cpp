#include "db/connecting.hpp"

#include "db/error.hpp"

#include <libpq-fe.h>
#include <poll.h>
#include <sys/socket.h>

#include <cstring>
#include <memory>
#include <regex>
#include <string>
#include <string_view>

namespace db {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

/// Wait until the socket is ready or \a until has come; false then.
bool await_socket(PGconn* handle, short events,
                  steady_clock::time_point until) {
  const auto left =
      std::chrono::ceil<milliseconds>(until - steady_clock::now()).count();
  pollfd socket{PQsocket(handle), events, 0};
  return left > 0 && poll(&socket, 1, static_cast<int>(left)) != 0;
}

/// Whether PGHOST or PGHOSTADDR names more than one.
bool has_several_hosts(PGconn* handle) {
  const std::unique_ptr<PQconninfoOption, decltype(&PQconninfoFree)> options(
      PQconninfo(handle), PQconninfoFree);
  for (auto* option = options.get(); option && option->keyword; ++option)
    if (std::string_view(option->keyword).starts_with("host") && option->val &&
        std::strchr(option->val, ','))
      return true;
  return false;
}

/// libpq itself would wait for a host that swallows all it is sent, as a node
/// does that died, and never come to the next one: so its socket is closed
/// after two seconds.
bool await_host(PGconn* handle, short events, steady_clock::time_point until) {
  const auto patience = steady_clock::now() + std::chrono::seconds{2};
  if (patience >= until || !has_several_hosts(handle))
    return await_socket(handle, events, until);
  if (!await_socket(handle, events, patience))
    ::shutdown(PQsocket(handle), SHUT_RDWR);
  return true;
}

bool connect(PGconn* handle, steady_clock::time_point until) {
  // libpq then writes "FATAL:  28P01: ..." where it otherwise hides SQLSTATE.
  PQsetErrorVerbosity(handle, PQERRORS_VERBOSE);
  short events = POLLOUT;
  while (PQstatus(handle) != CONNECTION_BAD) {
    if (!await_host(handle, events, until))
      return false;
    const PostgresPollingStatusType next = PQconnectPoll(handle);
    if (next == PGRES_POLLING_OK)
      return true;
    events = next == PGRES_POLLING_READING ? POLLIN : POLLOUT;
  }
  return false;
}

/// The server's SQLSTATE.  PgBouncer has 08P01 for all that it refuses, and for
/// all that a server refused it when it logged in there: the text tells.
std::string state_of(const std::string& said, const std::string& message) {
  static const std::regex login(
      "role \"[^\"]*\" does not exist|no such user|authentication failed");
  static const std::regex name(
      "database \"[^\"]*\" does not exist|no such database");
  if (said != "08P01")
    return said;
  if (std::regex_search(message, login))
    return "28000";
  return std::regex_search(message, name) ? "3D000" : said;
}

struct Remedy {
  std::string_view says;  ///< what libpq or a pooler says
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

/// What to do about a refusal that stands for good; empty for what may pass.
std::string remedy(const std::string& state, const std::string& message) {
  if (state == "3D000")
    return "name another database by PGDATABASE";
  if (state == "42501")
    return "GRANT CONNECT on the database to this role";
  if (state.starts_with("28"))
    return "look at PGUSER, the password and the server's pg_hba.conf";
  for (const auto& [says, what_to_do] : remedies)
    if (message.find(says) != std::string::npos)
      return std::string(what_to_do);
  return {};
}

[[noreturn]] void refuse(PGconn* handle) {
  std::string message = PQerrorMessage(handle);
  if (PQstatus(handle) != CONNECTION_BAD)
    message += "no answer from the server in time";
  std::smatch match;
  const bool said =
      std::regex_search(message, match, std::regex("FATAL:  ([0-9A-Z]{5}): "));
  const std::string state = state_of(said ? match[1].str() : "", message);
  const std::string text =
      said ? message.substr(0, static_cast<std::size_t>(match.position(1))) +
                 match.suffix().str()
           : message;
  if (const std::string what_to_do = remedy(state, message);
      !what_to_do.empty())
    throw Refused("connect", state,
                  text.substr(0, text.find('\n')) + "; " + what_to_do);
  throw Unreachable("connect", state, text);
}

using ConninfoOptions =
    std::unique_ptr<PQconninfoOption, decltype(&PQconninfoFree)>;

/// A password that is not percent-encoded makes a URI fall apart at another
/// place, and a piece of it becomes the host or the port.
bool makes_sense(const PQconninfoOption* option) {
  for (; option->keyword != nullptr; ++option) {
    const std::string_view name(option->keyword);
    const std::string_view value(option->val ? option->val : "");
    if ((name == "port" &&
         value.find_first_not_of("0123456789,") != std::string_view::npos) ||
        (name == "host" && value.find('@') != std::string_view::npos))
      return false;
  }
  return true;
}

}  // namespace

void refuse_unreadable(const std::string& conninfo) {
  if (conninfo.empty())
    return;
  char* complaint = nullptr;
  const ConninfoOptions options(PQconninfoParse(conninfo.c_str(), &complaint),
                                PQconninfoFree);
  PQfreemem(complaint);
  if (options == nullptr || !makes_sense(options.get()))
    throw Refused("connect", "",
                  "the conninfo string can't be read, and is not quoted here, "
                  "since it may hold a password; write keyword=value pairs, or "
                  "a postgresql:// URI with what is not a letter or digit "
                  "percent-encoded");
}

void finish_connecting(PGconn* handle, milliseconds timeout) {
  if (!connect(handle, steady_clock::now() + timeout))
    refuse(handle);
}

}  // namespace db
