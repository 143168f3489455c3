#pragma once

#include <string>
#include <string_view>

namespace stores {

/// Where a Redis listens, and as whom we log in.
struct RedisUrl {
  std::string host;  ///< a name or an address; empty where socket is given
  int port = 6379;
  std::string socket;    ///< the path of a unix socket, or empty
  std::string user;      ///< empty is Redis's default user
  std::string password;  ///< empty: log in without one
  int database = 0;
  bool tls = false;

  /// "Redis at 'redis.example.com:6379'": for messages; holds no secret.
  [[nodiscard]] std::string description() const;
};

/// Read a URL of one of these forms; what stands in brackets may be left out:
///
///     redis://[[USER]:PASSWORD@]HOST[:PORT][/DATABASE]
///     rediss://...                                        the same over TLS
///     unix://[[USER]:PASSWORD@]/PATH/TO/SOCKET[?db=DATABASE]
///     unix:/PATH/TO/SOCKET[?db=DATABASE]                  as Omnibus writes it
///
/// User and password are percent-decoded; an IPv6 address stands in brackets.
///
/// \throws std::invalid_argument with a sentence that says what is wrong, and
///         repeats nothing of the URL.
RedisUrl parse_redis_url(std::string_view text);

}  // namespace stores
