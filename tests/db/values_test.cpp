#include "db/connection.hpp"
#include "tests/support/test_database.hpp"

#include <catch2/catch.hpp>

#include <limits>
#include <numeric>

using db::Parameters;
using telemetry::Timestamp;

namespace {

/// A database, and a session of ours with it.
struct Server {
  void ask(const std::string& sql, const Parameters& parameters,
           const db::RowSink& sink) {
    connection.execute({}, {"test.ask", sql}, parameters, sink);
  }

  tests::TestDatabase database;
  db::Connection connection{"test", std::chrono::seconds{5}};
};

template <typename Read>
auto answer(Server& server, const std::string& sql,
            const Parameters& parameters, const Read& read) {
  std::invoke_result_t<Read, const db::Row&> found{};
  int rows = 0;
  server.ask(sql, parameters, [&](const db::Row& row) {
    found = read(row);
    ++rows;
  });
  REQUIRE(rows == 1);
  return found;
}

std::string text_of(Server& server, const std::string& sql,
                    const Parameters& parameters) {
  return answer(server, sql, parameters,
                [](const db::Row& row) { return std::string(row.text(0)); });
}

Timestamp at(const char* text) {
  return telemetry::parse_timestamp(text).value();
}

}  // namespace

TEST_CASE("numbers reach the server and come back up to both their ends",
          "[postgres]") {
  Server server;
  using Limits = std::numeric_limits<std::int64_t>;
  for (const std::int64_t value :
       {Limits::min(), std::int64_t{-1}, std::int64_t{0}, std::int64_t{1},
        std::int64_t{255}, std::int64_t{256}, Limits::max()}) {
    const Parameters parameters = Parameters().add(value);
    CHECK(text_of(server, "SELECT ($1)::text", parameters) ==
          std::to_string(value));
    CHECK(answer(server, "SELECT $1", parameters,
                 [](const db::Row& row) { return row.integer(0); }) == value);
  }
}

TEST_CASE("every width of integer is read with its sign", "[postgres]") {
  Server server;
  server.ask(
      "SELECT (-32768)::smallint, 32767::smallint, (-2147483648)::integer, "
      "2147483647::integer, (-1)::smallint, (-1)::integer",
      {}, [](const db::Row& row) {
        CHECK(row.integer(0) == -32768);
        CHECK(row.integer(1) == 32767);
        CHECK(row.integer(2) == -2147483648LL);
        CHECK(row.integer(3) == 2147483647);
        CHECK(row.integer(4) == -1);
        CHECK(row.integer(5) == -1);
      });
}

TEST_CASE("text of any bytes reaches the server and comes back the same",
          "[postgres]") {
  Server server;
  for (const std::string& text :
       {std::string(), std::string("it's \"quoted\""),
        std::string("back\\slash $1 ; DROP TABLE projects; --"),
        std::string("line\nbreak\ttab\x01\x7f"),
        std::string("\xc3\xa9\xf0\x9f\x90\x98"), std::string(100000, 'x')}) {
    const Parameters parameters = Parameters().add(std::string_view(text));
    CHECK(text_of(server, "SELECT $1", parameters) == text);
    CHECK(text_of(server, "SELECT octet_length($1)::text", parameters) ==
          std::to_string(text.size()));
  }
}

TEST_CASE("text that the server can't hold is an error and harms nothing",
          "[postgres]") {
  Server server;
  for (const std::string& text :
       {std::string("nul\0byte", 8), std::string("\xff not UTF-8")}) {
    try {
      text_of(server, "SELECT $1", Parameters().add(std::string_view(text)));
      FAIL("it was taken");
    } catch (const db::Error& error) {
      CHECK(error.sqlstate() == "22021");
    }
  }
  CHECK(text_of(server, "SELECT 'well'::text", {}) == "well");
}

TEST_CASE("a list of numbers reaches the server, empty or long", "[postgres]") {
  Server server;
  std::vector<std::int64_t> long_list(2000);
  std::iota(long_list.begin(), long_list.end(), -1000);
  using Limits = std::numeric_limits<std::int64_t>;
  for (const std::vector<std::int64_t>& values :
       {std::vector<std::int64_t>{}, std::vector<std::int64_t>{7},
        std::vector<std::int64_t>{Limits::min(), Limits::max()}, long_list}) {
    const Parameters parameters = Parameters().add(values);
    CHECK(answer(server, "SELECT $1", parameters,
                 [](const db::Row& row) { return row.integers(0); }) == values);
    CHECK(text_of(server, "SELECT cardinality($1)::text", parameters) ==
          std::to_string(values.size()));
  }
  CHECK(text_of(server, "SELECT sum(n)::text FROM unnest($1) AS n",
                Parameters().add(long_list)) == "-1000");
  CHECK(text_of(server, "SELECT (($1::bigint[])[1])::text",
                Parameters().add(long_list)) == "-1000");
}

TEST_CASE("a list of texts reaches the server, empty or long", "[postgres]") {
  Server server;
  const std::string joined =
      "SELECT coalesce(string_agg(t, '|' ORDER BY n), 'none') "
      "FROM unnest($1) WITH ORDINALITY AS list(t, n)";
  CHECK(text_of(server, joined, Parameters().add(std::vector<std::string>{})) ==
        "none");
  CHECK(text_of(server, joined,
                Parameters().add(std::vector<std::string>{
                    "a", "", "{\"b\",c}", "NULL", "\xc3\xa9"})) ==
        "a||{\"b\",c}|NULL|\xc3\xa9");
  CHECK(text_of(server, "SELECT cardinality($1)::text",
                Parameters().add(std::vector<std::string>(2000, "name"))) ==
        "2000");
}

TEST_CASE("moments reach the server and come back to the microsecond",
          "[postgres]") {
  Server server;
  server.ask("SELECT set_config('TimeZone', 'Asia/Kolkata', false)", {}, {});
  for (const char* const text :
       {"2000-01-01T00:00:00Z", "1999-12-31T23:59:59.999999Z",
        "2026-02-28T23:59:59.000001Z", "1970-01-01T00:00:00Z",
        "9999-12-31T23:59:59Z"}) {
    const Parameters parameters = Parameters().add(at(text));
    CHECK(answer(server, "SELECT $1", parameters,
                 [](const db::Row& row) { return row.moment(0); }) == at(text));
    CHECK(text_of(server,
                  std::string("SELECT ($1 = timestamptz '") + text + "')::text",
                  parameters) == "true");
  }
}

TEST_CASE("the two ends of time are the server's infinities", "[postgres]") {
  Server server;
  const auto moment = [](const db::Row& row) { return row.moment(0); };
  CHECK(text_of(server, "SELECT ($1)::text",
                Parameters().add(Timestamp::min())) == "-infinity");
  CHECK(text_of(server, "SELECT ($1)::text",
                Parameters().add(Timestamp::max())) == "infinity");
  CHECK(answer(server, "SELECT timestamptz 'infinity'", {}, moment) ==
        Timestamp::max());
  // The server's last moment is past our last one, and not before the first.
  CHECK(answer(server, "SELECT timestamptz '294276-12-31'", {}, moment) ==
        Timestamp::max() - Timestamp::duration{1});
  CHECK(answer(server, "SELECT timestamptz '-infinity'", {}, moment) ==
        Timestamp::min());
}

TEST_CASE("what is not there is told from what is empty", "[postgres]") {
  Server server;
  server.ask(
      "SELECT NULL::text, ''::text, NULL::bigint, 0::bigint, "
      "NULL::bigint[], true, false",
      {}, [](const db::Row& row) {
        CHECK(row.is_null(0));
        CHECK(row.text(0).empty());
        CHECK_FALSE(row.is_null(1));
        CHECK_FALSE(row.maybe_integer(2).has_value());
        CHECK(row.maybe_integer(3) == 0);
        CHECK(row.integers(4).empty());
        CHECK(row.boolean(5));
        CHECK_FALSE(row.boolean(6));
      });
}

TEST_CASE("values keep their order whatever their kinds", "[postgres]") {
  Server server;
  CHECK(text_of(server,
                "SELECT concat_ws(',', $2, $1, cardinality($3), $4 < now())",
                Parameters()
                    .add(std::int64_t{1})
                    .add("two")
                    .add(std::vector<std::int64_t>{1, 2, 3})
                    .add(at("2001-01-01T00:00:00Z"))) == "two,1,3,t");
}
