// TLS between the program and the server, as PGSSLMODE and PGSSLROOTCERT say.

#include "tests/command_line/janitor.hpp"
#include "tests/support/authority.hpp"
#include "tests/support/free_port.hpp"
#include "tests/support/postgres_server.hpp"

#include <catch2/catch.hpp>

using tests::complaint;
using tests::contains;
using tests::Ended;
using Variables = tests::Program::Environment;

namespace {

constexpr const char* name = "db.gitlab.test";

std::vector<std::string> settings(const tests::Authority* authority) {
  std::vector<std::string> settings{
      "listen_addresses=127.0.0.1",
      "port=" + std::to_string(tests::free_port()), "log_connections=on"};
  if (!authority)
    return settings;
  const auto issued = authority->issue(std::string("DNS:") + name);
  settings.insert(settings.end(),
                  {"ssl=on", "ssl_cert_file=" + issued.certificate.string(),
                   "ssl_key_file=" + issued.key.string()});
  return settings;
}

/// A World on a server that is reached by TCP, under names of its own.
struct Remote {
  explicit Remote(const tests::Authority* authority)
      : server(settings(authority)) {
    world.add_live();
  }

  [[nodiscard]] Ended check(const std::string& host, const std::string& mode,
                            const std::string& root_certificate) const {
    return janitor(world, {"check"},
                   {{"PGHOST", host},
                    {"PGHOSTADDR", "127.0.0.1"},
                    {"PGSSLMODE", mode},
                    {"PGSSLROOTCERT", root_certificate}});
  }

  tests::PostgresServer server;
  tests::ScopedEnvironment here = server.environment();
  tests::World world;
};

}  // namespace

TEST_CASE("TLS with the right name and authority is taken",
          "[postgres][program]") {
  const tests::Authority authority;
  const Remote remote(&authority);
  const Ended ended =
      remote.check(name, "verify-full", authority.certificate());
  INFO(ended.err);
  CHECK(ended.status == 0);
  CHECK(contains(remote.server.log(), "SSL enabled"));
}

TEST_CASE("a certificate of another name is refused for good",
          "[postgres][program]") {
  const tests::Authority authority;
  const Remote remote(&authority);
  const Ended ended =
      remote.check("elsewhere.test", "verify-full", authority.certificate());
  CHECK(ended.status == 78);
  CHECK(contains(complaint(ended), "does not match host name"));
  CHECK(contains(complaint(ended), "PGHOST"));
  // That is the only difference between the two modes.
  CHECK(remote.check("elsewhere.test", "verify-ca", authority.certificate())
            .status == 0);
}

TEST_CASE("a certificate of an unknown authority is refused for good",
          "[postgres][program]") {
  const tests::Authority authority;
  const tests::Authority stranger;
  const Remote remote(&authority);
  const Ended ended = remote.check(name, "verify-full", stranger.certificate());
  CHECK(ended.status == 78);
  CHECK(contains(complaint(ended), "certificate verify failed"));
  CHECK(contains(complaint(ended), "PGSSLROOTCERT"));
}

TEST_CASE("no authority to trust is no reason to go on without",
          "[postgres][program]") {
  const tests::Authority authority;
  const Remote remote(&authority);
  const Ended ended = remote.check(name, "verify-full", "/nowhere/root.crt");
  CHECK(ended.status == 78);
  CHECK(contains(complaint(ended), "\"/nowhere/root.crt\" does not exist"));
  CHECK(contains(complaint(ended), "let PGSSLROOTCERT name a file"));
}

TEST_CASE("a server without TLS is refused where TLS is asked for",
          "[postgres][program]") {
  const tests::Authority authority;
  const Remote remote(nullptr);
  const Ended ended =
      remote.check(name, "verify-full", authority.certificate());
  CHECK(ended.status == 78);
  CHECK(contains(complaint(ended), "does not support SSL"));
  CHECK(contains(complaint(ended), "turn on ssl in the server"));
  CHECK(remote.check(name, "disable", "").status == 0);
}
