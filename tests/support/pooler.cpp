#include "tests/support/pooler.hpp"

#include "tests/support/server_user.hpp"
#include "tests/support/test_database.hpp"

#include <fmt/format.h>

#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <stdexcept>
#include <thread>

namespace tests {
namespace {

constexpr const char* pooler_port = "6432";

std::string environment_or(const char* name, const char* otherwise) {
  const char* const value = std::getenv(name);
  return value ? value : otherwise;
}

}  // namespace

Pooler::Pooler(const std::vector<std::string>& settings) {
  write_settings(settings);
  give_to_server_user(directory_.path());
  process_.emplace(as_server_user(
      {"/usr/sbin/pgbouncer", (directory_.path() / "settings").string()}));
  await_console();
}

void Pooler::write_settings(const std::vector<std::string>& settings) const {
  const auto users = directory_.write(
      "users",
      fmt::format("\"{}\" \"\"\n\"{}\" \"\"\n", owner_role, program_role));
  std::string text =
      "[databases]\n* = host=" + environment_or("PGHOST", "") +
      " port=" + environment_or("PGPORT", "5432") +
      "\n[pgbouncer]\nauth_type = trust\nauth_file = " + users.string() +
      "\nadmin_users = " + owner_role +
      "\nserver_login_retry = 1\n"
      "pool_mode = transaction\ndefault_pool_size = " +
      std::to_string(pool_size) + "\nlisten_port = " + pooler_port +
      "\nunix_socket_dir = " + directory_.path().string() + '\n';
  for (const std::string& setting : settings)
    text += setting + '\n';
  directory_.write("settings", text);
}

void Pooler::await_console() {
  const ScopedEnvironment here = environment();
  std::string complaint;
  for (int tries = 0; tries < 500 && !console_; ++tries)
    try {
      console_.emplace("pgbouncer");
    } catch (const std::runtime_error& error) {
      complaint = error.what();
      std::this_thread::sleep_for(std::chrono::milliseconds{10});
    }
  if (console_)
    return;
  process_->send_signal(SIGKILL);
  throw std::runtime_error("pgbouncer does not start: " + complaint +
                           process_->wait().err);
}

ScopedEnvironment Pooler::environment() const {
  return ScopedEnvironment(
      {{"PGHOST", directory_.path().string()}, {"PGPORT", pooler_port}});
}

std::vector<Row> Pooler::console(const std::string& command) {
  return console_->run(command);
}

std::size_t Pooler::server_connections() {
  return console("SHOW SERVERS").size();
}

}  // namespace tests
