#include "tests/support/replicated_server.hpp"

#include <chrono>
#include <filesystem>
#include <stdexcept>
#include <thread>

namespace tests {
namespace {

namespace fs = std::filesystem;

/// Whoever connects follows the link, in place of which another is put at once.
void lead_to(const fs::path& address, const PostgresServer& server) {
  const std::string socket = ".s.PGSQL." + server.port();
  const fs::path link = address / (socket + ".new");
  fs::create_symlink(fs::path(server.host()) / socket, link);
  fs::rename(link, address / socket);
}

}  // namespace

ReplicatedServer::ReplicatedServer()
    : primary_({"wal_retrieve_retry_interval=100ms"}),
      environment_({{"PGHOST", address_.path().string()},
                    {"PGPORT", primary_.port()},
                    {"PGUSER", PostgresServer::user()},
                    {"PGDATABASE", "postgres"}}) {
  lead_to(address_.path(), primary_);
  standby_ = primary_.standby();
  conninfo_ = standby_->run("SHOW primary_conninfo");
  wait_until_streaming(1);
}

void ReplicatedServer::replicate_synchronously() {
  primary_.run("ALTER SYSTEM SET synchronous_standby_names = '*'");
  // A database whose making is flushed there, and not applied yet, is none.
  primary_.run("ALTER SYSTEM SET synchronous_commit = remote_apply");
  primary_.run("SELECT pg_reload_conf()");
  while (primary_.run("SELECT sync_state FROM pg_stat_replication") != "sync")
    std::this_thread::sleep_for(std::chrono::milliseconds{5});
}

void ReplicatedServer::cut_off() {
  lead_standby_to("host=/nowhere");
  wait_until_streaming(0);
}

void ReplicatedServer::connect() {
  lead_standby_to(conninfo_);
  wait_until_streaming(1);
}

void ReplicatedServer::crash() {
  primary_.crash();
}

void ReplicatedServer::move_address() {
  lead_to(address_.path(), *standby_);
}

void ReplicatedServer::promote() {
  if (standby_->run("SELECT pg_promote()") != "t")
    throw std::runtime_error("the standby was not promoted");
}

void ReplicatedServer::fail_over() {
  crash();
  promote();
  move_address();
}

int ReplicatedServer::streaming() const {
  return std::stoi(primary_.run(
      "SELECT count(*) FROM pg_stat_replication WHERE state = 'streaming'"));
}

void ReplicatedServer::wait_until_streaming(int number) const {
  while (streaming() != number)
    std::this_thread::sleep_for(std::chrono::milliseconds{5});
}

void ReplicatedServer::lead_standby_to(const std::string& conninfo) {
  standby_->run("ALTER SYSTEM SET primary_conninfo = $conninfo$" + conninfo +
                "$conninfo$");
  standby_->run("SELECT pg_reload_conf()");
}

}  // namespace tests
