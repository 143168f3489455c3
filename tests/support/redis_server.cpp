#include "tests/support/redis_server.hpp"

#include <hiredis/hiredis.h>
#include <filesystem>

#include <csignal>
#include <stdexcept>
#include <thread>

namespace tests {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

struct FreeReply {
  void operator()(redisReply* reply) const noexcept { freeReplyObject(reply); }
};

std::vector<std::string> command_line(
    const TemporaryDirectory& directory, const std::string& socket,
    const std::vector<std::string>& settings) {
  // The server is redis-check-rdb by another name; the package that has that
  // name starts a service.
  const auto program = directory.path() / "redis-server";
  if (!std::filesystem::exists(program))
    std::filesystem::create_symlink("/usr/bin/redis-check-rdb", program);
  std::vector<std::string> words{program.string(),
                                 "--port",
                                 "0",
                                 "--unixsocket",
                                 socket,
                                 "--dir",
                                 directory.path().string(),
                                 "--save",
                                 "",
                                 "--appendonly",
                                 "no",
                                 "--daemonize",
                                 "no"};
  words.insert(words.end(), settings.begin(), settings.end());
  return words;
}

std::optional<std::string> as_text(const redisReply& reply) {
  switch (reply.type) {
    case REDIS_REPLY_NIL:
      return std::nullopt;
    case REDIS_REPLY_INTEGER:
      return std::to_string(reply.integer);
    case REDIS_REPLY_ARRAY: {
      std::string lines;
      for (std::size_t i = 0; i < reply.elements; ++i)
        lines += as_text(*reply.element[i]).value_or("(nil)") + '\n';
      return lines;
    }
    default:
      return std::string(reply.str, reply.len);
  }
}

}  // namespace

void RedisServer::Free::operator()(redisContext* context) const noexcept {
  redisFree(context);
}

RedisServer::RedisServer(const std::vector<std::string>& settings) {
  for (const std::string& setting : settings) {
    const std::size_t equals = setting.find('=');
    const std::string value = setting.substr(equals + 1);
    settings_.insert(settings_.end(),
                     {"--" + setting.substr(0, equals), value});
    if (setting.starts_with("requirepass="))
      password_ = value;
  }
  // hiredis writes by write(2), also to those who have gone.
  std::signal(SIGPIPE, SIG_IGN);
  start();
}

RedisServer::~RedisServer() = default;

std::string RedisServer::socket() const {
  return (directory_.path() / "redis.sock").string();
}

std::string RedisServer::url() const {
  return "unix://" + (password_.empty() ? "" : ':' + password_ + '@') +
         socket();
}

void RedisServer::start() {
  process_.emplace(command_line(directory_, socket(), settings_));
  for (int tries = 0; tries < 1000; ++tries) {
    if (answers())
      return;
    std::this_thread::sleep_for(milliseconds{10});
  }
  process_->send_signal(SIGKILL);
  throw std::runtime_error("redis-server does not start: " +
                           process_->wait().out);
}

void RedisServer::stop() {
  context_.reset();
  process_.reset();
}

void RedisServer::restart() {
  stop();
  start();
}

void RedisServer::pause() {
  process_->send_signal(SIGSTOP);
}

void RedisServer::resume() {
  process_->send_signal(SIGCONT);
}

void RedisServer::connect() {
  context_.reset(redisConnectUnixWithTimeout(socket().c_str(), {10, 0}));
  if (!context_ || context_->err != 0)
    throw std::runtime_error("can't connect to the Redis of a test");
  redisSetTimeout(context_.get(), {10, 0});
  if (!password_.empty())
    command({"AUTH", password_});
}

bool RedisServer::answers() {
  try {
    return command({"PING"}) == "PONG";
  } catch (const std::runtime_error&) {
    context_.reset();
    return false;
  }
}

std::optional<std::string> RedisServer::command(
    const std::vector<std::string>& words) {
  if (!context_)
    connect();
  std::vector<const char*> texts;
  std::vector<std::size_t> lengths;
  for (const std::string& word : words) {
    texts.push_back(word.data());
    lengths.push_back(word.size());
  }
  const std::unique_ptr<redisReply, FreeReply> reply(static_cast<redisReply*>(
      redisCommandArgv(context_.get(), static_cast<int>(texts.size()),
                       texts.data(), lengths.data())));
  if (!reply)
    throw std::runtime_error("the Redis of a test has gone");
  if (reply->type == REDIS_REPLY_ERROR)
    throw std::runtime_error(reply->str);
  return as_text(*reply);
}

void RedisServer::set(const std::string& key, const std::string& value,
                      std::optional<milliseconds> ttl) {
  std::vector<std::string> words{"SET", key, value};
  if (ttl)
    words.insert(words.end(), {"PX", std::to_string(ttl->count())});
  command(words);
}

std::optional<std::string> RedisServer::get(const std::string& key) {
  return command({"GET", key});
}

bool RedisServer::exists(const std::string& key) {
  return command({"EXISTS", key}) == "1";
}

std::size_t RedisServer::keys() {
  return std::stoul(command({"DBSIZE"}).value());
}

}  // namespace tests
