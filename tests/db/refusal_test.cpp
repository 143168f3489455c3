#include "db/refusal.hpp"

#include <catch2/catch.hpp>

using db::read_refusal;
using db::Refusal;

TEST_CASE("a refusal's SQLSTATE is taken out of its text", "[unit]") {
  const Refusal refusal = read_refusal(
      "connection to server at \"db\" failed: FATAL:  28P01: password "
      "authentication failed for user \"me\"\n");
  CHECK(refusal.state == "28P01");
  CHECK(refusal.text ==
        "connection to server at \"db\" failed: FATAL:  password "
        "authentication failed for user \"me\"\n");
  CHECK(refusal.what_to_do.find("pg_hba.conf") != std::string::npos);
}

TEST_CASE("what is no SQLSTATE is left in the text", "[unit]") {
  for (const char* text :
       {"", "FATAL:  ", "FATAL:  28P0", "FATAL:  28P01", "FATAL:  28p01: no",
        "FATAL:  28P011: no", "FATAL: 28P01: no", "ERROR:  28P01: no"}) {
    const Refusal refusal = read_refusal(text);
    CHECK(refusal.state.empty());
    CHECK(refusal.text == text);
    CHECK(refusal.what_to_do.empty());
  }
  CHECK(read_refusal("FATAL:  no, FATAL:  3D000: yes").state == "3D000");
}

TEST_CASE("a pooler's refusal is told by its words", "[unit]") {
  const auto state = [](const std::string& words) {
    return read_refusal("FATAL:  08P01: " + words).state;
  };
  CHECK(state("no such user: me") == "28000");
  CHECK(state("server login failed: FATAL role \"me\" does not exist") ==
        "28000");
  CHECK(state("SASL authentication failed") == "28000");
  CHECK(state("no such database: artifacts") == "3D000");
  CHECK(state("database \"a\" is in use, database \"\" does not exist") ==
        "3D000");
  CHECK(state("role \"me\" may not; \"you\" does not exist") == "08P01");
  CHECK(state("pgbouncer cannot connect to server") == "08P01");
}

// std::regex recurses for each character, and ended the program at 29,000.
TEST_CASE("a refusal as long as libpq takes one is read like any other",
          "[unit]") {
  const std::string name(29900, 'a');
  const std::string text = "FATAL:  08P01: role \"" + name;
  CHECK(read_refusal(text).state == "08P01");
  CHECK(read_refusal(text + "\" does not exist").state == "28000");
  CHECK(read_refusal(text + "\" does not exist").text.size() ==
        text.size() + 16 - 7);
}
