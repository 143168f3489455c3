#include "db/connecting.hpp"

#include "db/error.hpp"
#include "db/refusal.hpp"

#include <libpq-fe.h>
#include <poll.h>
#include <sys/socket.h>

#include <cstring>
#include <memory>
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

using ConninfoOptions =
    std::unique_ptr<PQconninfoOption, decltype(&PQconninfoFree)>;

/// Whether PGHOST or PGHOSTADDR names more than one.
bool has_several_hosts(PGconn* handle) {
  const ConninfoOptions options(PQconninfo(handle), PQconninfoFree);
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

[[noreturn]] void refuse(PGconn* handle) {
  std::string message = PQerrorMessage(handle);
  if (PQstatus(handle) != CONNECTION_BAD)
    message += "no answer from the server in time";
  const Refusal refusal = read_refusal(message);
  if (!refusal.what_to_do.empty())
    throw Refused("connect", refusal.state,
                  refusal.text.substr(0, refusal.text.find('\n')) + "; " +
                      refusal.what_to_do);
  throw Unreachable("connect", refusal.state, refusal.text);
}

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
