#include "stores/redis_connection.hpp"

#include "stores/reason.hpp"
#include "stores/redis_refusal.hpp"
#include "stores/redis_tls.hpp"
#include "telemetry/readable.hpp"

#include <hiredis/hiredis.h>
#include <poll.h>

#include <cerrno>
#include <utility>

namespace stores {
namespace {

timeval as_timeval(std::chrono::milliseconds duration) {
  timeval result{};
  result.tv_sec = duration.count() / 1000;
  result.tv_usec = duration.count() % 1000 * 1000;
  return result;
}

/// \param error errno, as the failed call left it
std::string what_broke(const redisContext* context, int error) {
  if (!context)
    return "no memory";
  if (context->err == REDIS_ERR_IO && error == EAGAIN)
    return "no answer in time";
  if (context->err == REDIS_ERR_OOM)
    return "its answer is longer than could be asked for";
  return telemetry::escaped(lower_first(context->errstr));
}

RedisFailure loss(const redisContext* context, int error) {
  return {"is out of reach (" + what_broke(context, error) +
              "): start it, or correct its URL",
          !context || (context->err != REDIS_ERR_PROTOCOL &&
                       context->err != REDIS_ERR_OOM)};
}

/// Makes a list as hiredis does, if it is none of those for which it would take
/// gigabytes at its first word: what is asked for here has one element.
template <typename Number>
void* make_list(const redisReadTask* task, Number elements) {
  static const auto make = [] {
    redisReader* const reader = redisReaderCreate();
    const auto plain = reader->fn->createArray;
    redisReaderFree(reader);
    return plain;
  }();
  return elements > 1024 ? nullptr : make(task, elements);
}

void bound_lists(redisContext* context) {
  static redisReplyObjectFunctions functions = [&] {
    redisReplyObjectFunctions bounded = *context->reader->fn;
    bounded.createArray = &make_list;
    return bounded;
  }();
  context->reader->fn = &functions;
}

redisContext* connect(const RedisUrl& url, timeval timeout) {
  if (!url.socket.empty())
    return redisConnectUnixWithTimeout(url.socket.c_str(), timeout);
  return redisConnectWithTimeout(url.host.c_str(), url.port, timeout);
}

bool set_up(redisContext* context, const RedisUrl& url, timeval timeout) {
  return context && context->err == 0 &&
         redisSetTimeout(context, timeout) == REDIS_OK &&
         (!url.socket.empty() || redisEnableKeepAlive(context) == REDIS_OK);
}

RedisAnswer answer_in(const redisReply& reply) {
  if (reply.type == REDIS_REPLY_STRING || reply.type == REDIS_REPLY_STATUS)
    return {std::string(reply.str, reply.len), 0};
  if (reply.type == REDIS_REPLY_ARRAY)
    return {std::nullopt, static_cast<std::int64_t>(reply.elements)};
  return {std::nullopt, reply.integer};
}

}  // namespace

void RedisConnection::Free::operator()(redisContext* context) const noexcept {
  redisFree(context);
}

void RedisConnection::Free::operator()(redisReply* reply) const noexcept {
  freeReplyObject(reply);
}

RedisConnection::RedisConnection(const RedisUrl& url,
                                 const RedisPatience& patience)
    : context_(connect(url, as_timeval(patience.connect))) {
  if (!set_up(context_.get(), url, as_timeval(patience.answer)))
    throw loss(context_.get(), errno);
  bound_lists(context_.get());
  if (url.tls)
    begin_redis_tls(*context_, url);
  log_in(url);
}

void RedisConnection::log_in(const RedisUrl& url) {
  if (!url.password.empty()) {
    send(url.user.empty() ? RedisCommand{"AUTH", url.password}
                          : RedisCommand{"AUTH", url.user, url.password});
    const Reply reply = receive();
    if (reply->type == REDIS_REPLY_ERROR)
      throw refusal_of_password({reply->str, reply->len});
  }
  // Small letters: in capitals it is SQL to tests/structure_test.sh.
  const RedisCommand select{"select", std::to_string(url.database)};
  if (url.database != 0)
    run({&select, 1});
}

std::vector<RedisAnswer> RedisConnection::run(
    std::span<const RedisCommand> commands) {
  for (const RedisCommand& command : commands)
    send(command);
  std::vector<RedisAnswer> answers;
  std::optional<RedisFailure> failure;
  for (std::size_t i = 0; i < commands.size(); ++i) {
    const Reply reply = receive();
    if (reply->type != REDIS_REPLY_ERROR)
      answers.push_back(answer_in(*reply));
    else if (!failure)
      failure = refusal({reply->str, reply->len});
  }
  if (failure)
    throw RedisFailure(*failure);
  return answers;
}

/// Only into hiredis's buffer; the first receive() flushes it.
void RedisConnection::send(const RedisCommand& command) {
  std::vector<const char*> words;
  std::vector<std::size_t> lengths;
  for (const std::string& word : command) {
    words.push_back(word.data());
    lengths.push_back(word.size());
  }
  if (redisAppendCommandArgv(context_.get(), static_cast<int>(words.size()),
                             words.data(), lengths.data()) != REDIS_OK)
    throw loss(std::exchange(context_, nullptr).get(), 0);
}

RedisConnection::Reply RedisConnection::receive() {
  void* reply = nullptr;
  if (redisGetReply(context_.get(), &reply) != REDIS_OK)
    throw loss(std::exchange(context_, nullptr).get(), errno);
  return Reply(static_cast<redisReply*>(reply));
}

bool RedisConnection::usable() const {
  if (!context_)
    return false;
  // What nobody asked for would be taken for the next answer.
  if (context_->reader->pos < context_->reader->len)
    return false;
  // Between commands Redis says nothing; to hang up makes it readable too.
  pollfd socket{context_->fd, POLLIN, 0};
  return ::poll(&socket, 1, 0) == 0;
}

}  // namespace stores
