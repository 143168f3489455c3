#include "tests/jobs/parsing.hpp"

#include <catch2/catch.hpp>

#include <string>

using tests::parse;
using tests::refusal;

TEST_CASE("a password is refused on the command line, and never quoted",
          "[unit]") {
  for (const std::string option : {"--redis", "--redis-shared-state"})
    for (const std::string url :
         {"redis://:secret@cache", "redis://me:secret@cache:port",
          "nonsense:secret@"}) {
      const std::string message = refusal({"run", option, url});
      CHECK(message.starts_with(option + " holds a password"));
      CHECK(message.find("secret") == std::string::npos);
    }
  for (const char* const url :
       {"s3://key:secret@bucket", "https://key:secret@host"}) {
    const std::string message =
        refusal({"run", "--object-store-endpoint", url}) +
        refusal({"run", "--object-store", url});
    CHECK(message.find("must be http") != std::string::npos);
    CHECK(message.find("must be s3://BUCKET") != std::string::npos);
    CHECK(message.find("secret") == std::string::npos);
  }
  CHECK(parse({"run"}, {"CI_JANITOR_REDIS=redis://:secret@cache"}).redis ==
        "redis://:secret@cache");
  CHECK(parse({"run", "--redis", "file:/etc/janitor/a@b"}).redis);
  CHECK(refusal({"run", "--redis", "cache:6379"}) ==
        "--redis is 'cache:6379', but must be redis://HOST[:PORT][/DB], "
        "rediss://HOST[:PORT][/DB], unix://SOCKET, or file:PATH of a file "
        "that holds one");
}
