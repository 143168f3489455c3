#pragma once

#include <functional>
#include <string>
#include <thread>

#include "tests/support/scoped_environment.hpp"
#include "tests/support/temporary_directory.hpp"

namespace tests {

/// A server that lets one client in and answers its first flush with bytes
/// made up by the test: for what a real server does too seldom to wait for.
/// The answers have the form of
/// https://www.postgresql.org/docs/15/protocol-message-formats.html
///
///     tests::ScriptedServer server(
///         tests::ScriptedServer::done("BEGIN") + ...);
///     db::Connection connection("test", std::chrono::seconds{5});
class ScriptedServer {
 public:
  /// \param answer what to send when the client's Sync has come; the session
  ///        is then closed.
  explicit ScriptedServer(std::string answer);
  ~ScriptedServer();
  ScriptedServer(const ScriptedServer&) = delete;
  ScriptedServer& operator=(const ScriptedServer&) = delete;

  /// A message: its letter and what it holds.
  static std::string message(char letter, const std::string& body = {});
  /// A statement is parsed, bound, described without rows, and done.
  static std::string done(const std::string& tag);
  /// The same with one row of text columns.
  static std::string row(const std::vector<std::string>& columns);
  /// The end of a flush; outside of a transaction.
  static std::string ready();

 private:
  void serve(const std::string& answer) const;

  TemporaryDirectory directory_;
  ScopedEnvironment environment_;
  int listener_ = -1;
  std::thread thread_;
};

}  // namespace tests
