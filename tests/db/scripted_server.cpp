#include "tests/db/scripted_server.hpp"

#include "db/binary.hpp"
#include "tests/support/unix_socket.hpp"

#include <unistd.h>

#include <stdexcept>

namespace tests {
namespace {

template <typename Integer>
std::string number(Integer value) {
  std::string bytes;
  db::append_big_endian(bytes, value);
  return bytes;
}

/// Read until the last message is \a end, which is five bytes long, or the
/// client has gone.
void hear(int client, const std::string& end) {
  std::string heard;
  char bytes[4096];
  while (!heard.ends_with(end)) {
    const ssize_t more = ::recv(client, bytes, sizeof bytes, 0);
    if (more <= 0)
      return;
    heard.append(bytes, static_cast<std::size_t>(more));
  }
}

}  // namespace

ScriptedServer::ScriptedServer(std::string answer)
    // A socket's path is short; TMPDIR may not be.
    : directory_("/tmp"),
      environment_({{"PGHOST", directory_.path().string()},
                    {"PGPORT", "5432"},
                    {"PGUSER", "nobody"},
                    {"PGDATABASE", "scripted"}}),
      listener_(
          listen_on_socket((directory_.path() / ".s.PGSQL.5432").string())),
      thread_([this, text = std::move(answer)] { serve(text); }) {}

ScriptedServer::~ScriptedServer() {
  ::shutdown(listener_, SHUT_RDWR);
  thread_.join();
  ::close(listener_);
}

void ScriptedServer::serve(const std::string& answer) const {
  const int client = ::accept(listener_, nullptr, nullptr);
  if (client < 0)
    return;
  char startup[4096];
  if (::recv(client, startup, sizeof startup, 0) > 0) {
    send_all(client, message('R', number<std::int32_t>(0)) +
                         message('K', number<std::int32_t>(4711) +
                                          number<std::int32_t>(1)) +
                         ready());
    hear(client, message('S'));
    send_all(client, answer);
  }
  ::close(client);
}

std::string ScriptedServer::message(char letter, const std::string& body) {
  return letter + number(static_cast<std::int32_t>(body.size() + 4)) + body;
}

std::string ScriptedServer::done(const std::string& tag) {
  return message('1') + message('2') + message('n') + message('C', tag + '\0');
}

std::string ScriptedServer::row(const std::vector<std::string>& columns) {
  const std::string count = number(static_cast<std::int16_t>(columns.size()));
  std::string described = count;
  std::string values = count;
  for (const std::string& column : columns) {
    // Name, table, column, type text, length, modifier, binary.
    described += std::string("c\0", 2) + number<std::int32_t>(0) +
                 number<std::int16_t>(0) + number<std::int32_t>(25) +
                 number<std::int16_t>(-1) + number<std::int32_t>(-1) +
                 number<std::int16_t>(1);
    values += number(static_cast<std::int32_t>(column.size())) + column;
  }
  return message('1') + message('2') + message('T', described) +
         message('D', values) + message('C', std::string("SELECT 1\0", 9));
}

std::string ScriptedServer::ready() {
  return message('Z', "I");
}

}  // namespace tests
