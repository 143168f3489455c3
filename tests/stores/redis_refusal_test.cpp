#include "stores/redis_refusal.hpp"

#include <catch2/catch.hpp>

namespace {

bool holds(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

}  // namespace

TEST_CASE("a server that repeats the password does not make us show it",
          "[unit]") {
  const stores::RedisFailure failure = stores::refusal_of_password(
      "ERR unknown command 'AUTH', with args beginning with: 'secret' ");
  CHECK_FALSE(holds(failure.what(), "secret"));
  CHECK_FALSE(failure.may_pass());
}

TEST_CASE("what passes by itself is told from what does not", "[unit]") {
  for (const char* said : {"LOADING Redis is loading", "TRYAGAIN", "READONLY",
                           "BUSY Redis is busy running a script",
                           "ERR max number of clients reached"})
    CHECK(stores::refusal(said).may_pass());
  for (const char* said : {"OOM", "NOAUTH", "NOPERM", "WRONGTYPE", "ERR", ""})
    CHECK_FALSE(stores::refusal(said).may_pass());
  CHECK(std::string(stores::refusal("OOM\n\x1b[31m").what()) ==
        "refused a command ('OOM\\n\\x1b[31m'): give it more memory");
}
