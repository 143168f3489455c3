#include "stores/redis_tls.hpp"

#include "stores/redis_connection.hpp"
#include "telemetry/readable.hpp"

#ifdef JANITOR_REDIS_TLS

#include <hiredis/hiredis.h>
#include <hiredis/hiredis_ssl.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include <memory>

namespace stores {
namespace {

struct Free {
  void operator()(SSL_CTX* context) const noexcept { SSL_CTX_free(context); }
  void operator()(SSL* session) const noexcept { SSL_free(session); }
};
using Context = std::unique_ptr<SSL_CTX, Free>;
using Session = std::unique_ptr<SSL, Free>;

Context make_context() {
  Context context(SSL_CTX_new(TLS_client_method()));
  if (!context || SSL_CTX_set_default_verify_paths(context.get()) != 1 ||
      SSL_CTX_set_min_proto_version(context.get(), TLS1_2_VERSION) != 1)
    throw RedisFailure("can't be spoken to by TLS: look at openssl.cnf", false);
  SSL_CTX_set_verify(context.get(), SSL_VERIFY_PEER, nullptr);
  return context;
}

/// A name is asked for as well, for servers that have several certificates.
bool expect_host(SSL* session, const std::string& host) {
  X509_VERIFY_PARAM* const verified = SSL_get0_param(session);
  if (X509_VERIFY_PARAM_set1_ip_asc(verified, host.c_str()) == 1)
    return true;
  return SSL_set1_host(session, host.c_str()) == 1 &&
         SSL_set_tlsext_host_name(session, host.c_str()) == 1;
}

}  // namespace

bool has_redis_tls() {
  return true;
}

void begin_redis_tls(redisContext& context, const RedisUrl& url) {
  // redisInitiateSSLWithContext() would take the certificate of any host.
  static const Context shared = make_context();
  Session session(SSL_new(shared.get()));
  if (!session || !expect_host(session.get(), url.host))
    throw RedisFailure("can't be spoken to by TLS: look at its URL", false);
  if (redisInitiateSSL(&context, session.get()) != REDIS_OK)
    throw RedisFailure("can't be spoken to by TLS (" +
                           telemetry::escaped(context.errstr) +
                           "): look at its certificate and port",
                       SSL_get_verify_result(session.get()) == X509_V_OK);
  static_cast<void>(session.release());  // is the connection's own now
}

}  // namespace stores

#else

namespace stores {

bool has_redis_tls() {
  return false;
}

void begin_redis_tls(redisContext& /*context*/, const RedisUrl& /*url*/) {
  throw RedisFailure("can't be spoken to by TLS in this build", false);
}

}  // namespace stores

#endif
