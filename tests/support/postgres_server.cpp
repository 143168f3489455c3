#include "tests/support/postgres_server.hpp"

#include "tests/support/temporary_directory.hpp"

#include <cstdio>
#include <cstdlib>
#include <stdexcept>

namespace tests {
namespace {

// In single quotes for the shell.
std::string quoted(const std::string& word) {
  std::string text = "'";
  for (const char letter : word)
    text += letter == '\'' ? std::string("'\\''") : std::string(1, letter);
  return text + "'";
}

// Run tests/support/postgres with these words.
//
// \return what it printed to standard output, without the last line's end.
std::string script(const std::vector<std::string>& words) {
  std::string command = quoted(JANITOR_POSTGRES_SCRIPT);
  for (const std::string& word : words)
    command += " " + quoted(word);

  std::FILE* const pipe = ::popen(command.c_str(), "r");
  if (!pipe)
    throw std::runtime_error("could not run " + command);
  std::string output;
  for (int letter = std::getc(pipe); letter != EOF; letter = std::getc(pipe))
    output += static_cast<char>(letter);
  if (::pclose(pipe) != 0)
    throw std::runtime_error("this failed: " + command);

  if (!output.empty() && output.back() == '\n')
    output.pop_back();
  return output;
}

std::string temporary_directory() {
  // Not in TMPDIR, whose name may be too long for a socket.
  std::string pattern = "/tmp/janitor-tests-XXXXXX";
  if (!::mkdtemp(pattern.data()))
    throw std::runtime_error("could not make a directory in /tmp");
  return pattern;
}

}  // namespace

PostgresServer::PostgresServer(const std::vector<std::string>& settings)
    : directory_(temporary_directory()) {
  std::vector<std::string> words{"start", directory_};
  words.insert(words.end(), settings.begin(), settings.end());
  script(words);
  host_ = script({"where", directory_});
  for (const std::string& setting : settings)
    if (setting.starts_with("port="))
      port_ = setting.substr(5);
}

PostgresServer::PostgresServer(const PostgresServer* primary)
    : directory_(temporary_directory()) {
  script({"standby", directory_, primary->directory_});
  host_ = script({"where", directory_});
}

PostgresServer::~PostgresServer() {
  try {
    script({"remove", directory_});
  } catch (const std::exception& error) {
    std::fprintf(stderr, "%s\n", error.what());
  }
}

ScopedEnvironment PostgresServer::environment() const {
  return ScopedEnvironment({{"PGHOST", host_},
                            {"PGPORT", port()},
                            {"PGUSER", user()},
                            {"PGDATABASE", "postgres"}});
}

void PostgresServer::start() {
  script({"start", directory_});
}

void PostgresServer::stop() {
  script({"stop", directory_});
}

void PostgresServer::crash() {
  script({"crash", directory_});
}

void PostgresServer::restart() {
  stop();
  start();
}

std::string PostgresServer::run(const std::string& sql) const {
  const std::vector<Row> rows = LibpqSession("postgres", host_).run(sql);
  return rows.empty() ? "" : rows.at(0).at(0).value_or("");
}

std::string PostgresServer::log() const {
  return read_file(host_ + "/log");
}

std::unique_ptr<PostgresServer> PostgresServer::standby() const {
  return std::unique_ptr<PostgresServer>(new PostgresServer(this));
}

}  // namespace tests
