#include "stores/redis.hpp"
#include "tests/fuzz/fuzzing.hpp"
#include "tests/fuzz/targets.hpp"
#include "tests/support/parrot.hpp"

#include <csignal>
#include <vector>

namespace fuzz {
namespace {

constexpr stores::RedisPatience no_patience{
    .connect = std::chrono::seconds{20},
    .answer = std::chrono::seconds{20},
    .tries = std::chrono::milliseconds{0}};

/// Two commands of each kind, so that answers have an order to be wrong about.
void ask(stores::Redis& redis, int which) {
  const std::vector<std::string> keys{"a", "b"};
  const std::vector<stores::Redis::Same> values{stores::Redis::same("a", "1"),
                                                stores::Redis::same("b", "2")};
  const std::chrono::seconds ttl{1};
  switch (which % 7) {
    case 0:
      return must(redis.get(keys).size() == 2, "a value too much or too few");
    case 1:
      for (const auto& length : redis.lengths(keys))
        must(length.value_or(0) >= 0, "a value shorter than nothing");
      return;
    case 2:
      return must(redis.remove_if_same(values).size() == 2,
                  "an answer too much or too few");
    case 3:
      return must(redis.set_if_absent(keys, "token", ttl).size() == 2,
                  "a lease too much or too few");
    case 4:
      return must(redis.eviction_policy().find('\n') == std::string::npos,
                  "a policy of several lines");
    case 5:
      return redis.release(keys, "token");
    default:
      return redis.ping();
  }
}

}  // namespace

/// What to ask, and what Redis says to it.
void redis_reply(std::string_view bytes) {
  static tests::Parrot parrot(tests::Parrot::hangs_up);
  static const auto broken_pipe = ::signal(SIGPIPE, SIG_IGN);
  static_cast<void>(broken_pipe);
  static const std::atomic<bool> stop{true};
  Input input(bytes);
  const int which = input.byte();
  parrot.learn(input.rest());
  stores::RedisUrl url;
  url.socket = parrot.socket();
  url.password = which % 2 == 0 ? "" : std::string(secret);
  url.database = which / 16;
  stores::Redis redis(url, stop, no_patience);
  try {
    ask(redis, which);
  } catch (const stores::StoreError& error) {
    must_be_harmless(error.what());
    if (input.rest().find(secret) == std::string_view::npos)
      must_keep_secret(error.what());
  }
}

}  // namespace fuzz
