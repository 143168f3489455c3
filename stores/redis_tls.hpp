#pragma once

#include "stores/redis_url.hpp"

struct redisContext;

namespace stores {

/// Whether this build can speak TLS with Redis: CMake found hiredis_ssl, and
/// set JANITOR_REDIS_TLS.  The hiredis of Debian 12 has none.
bool has_redis_tls();

/// Begin TLS on a connection that was just opened.  The certificate must be
/// for the URL's host, and signed by somebody whom OpenSSL's default store
/// (or SSL_CERT_FILE) knows.  There are no certificates of our own.
///
/// \throws RedisFailure
void begin_redis_tls(redisContext& context, const RedisUrl& url);

}  // namespace stores
