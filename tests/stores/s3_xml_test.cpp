#include "stores/s3_xml.hpp"

#include <catch2/catch.hpp>

#include <string>
#include <vector>

using namespace std::string_literals;

TEST_CASE("XML carries text, and no other bytes", "[unit]") {
  for (const std::string& text :
       {""s, "a/b.json"s, "tab\tline\nreturn\r"s, "Größe/日本語/😀"s, "\x7f"s,
        "\xed\x9f\xbf"s, "\xee\x80\x80"s, "\xf4\x8f\xbf\xbf"s}) {
    CAPTURE(text);
    CHECK(stores::xml_can_carry(text));
  }
  for (const std::string& text :
       {"\x1b[31m"s, "\0"s, "\x07"s, "\x80"s, "\xc0\x80"s, "\xc1\xbf"s,
        "\xe0\x80\x80"s, "\xed\xa0\x80"s, "\xef\xbf\xbe"s, "\xef\xbf\xbf"s,
        "\xf0\x80\x80\x80"s, "\xf4\x90\x80\x80"s, "\xf5\x80\x80\x80"s,
        "cut off \xe2\x82"s, "not \xff utf-8"s}) {
    CAPTURE(text);
    CHECK_FALSE(stores::xml_can_carry(text));
  }
}

TEST_CASE("a request to delete names every key, whatever is in it", "[unit]") {
  const std::vector<std::string> keys{"a/b", "<&>'\"", "line\nend\r\tx"};
  CHECK(stores::delete_request(keys) ==
        "<Delete xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">"
        "<Quiet>true</Quiet>"
        "<Object><Key>a/b</Key></Object>"
        "<Object><Key>&lt;&amp;&gt;'\"</Key></Object>"
        "<Object><Key>line&#10;end&#13;&#9;x</Key></Object></Delete>");
}

TEST_CASE("of an answer to a deletion, the complaints are read", "[unit]") {
  const auto complaints = stores::read_delete_answer(
      R"(<?xml version="1.0" encoding="UTF-8"?>
<DeleteResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/">
  <Deleted><Key>a</Key></Deleted>
  <Error><Key>b&amp;&#10;c</Key><Code>AccessDenied</Code>
    <Message>no</Message></Error>
  <Deleted><Key>d</Key><VersionId>1</VersionId></Deleted>
  <Error><Key>e</Key><Code>InternalError</Code></Error>
</DeleteResult>)");
  REQUIRE(complaints);
  REQUIRE(complaints->size() == 2);
  CHECK(complaints->at(0).key == "b&\nc");
  CHECK(complaints->at(0).code == "AccessDenied");
  CHECK(complaints->at(0).message == "no");
  CHECK(complaints->at(1).key == "e");
  CHECK(stores::read_delete_answer("<DeleteResult/>")->empty());
}

TEST_CASE("what is no answer to a deletion says nothing", "[unit]") {
  const char* const body =
      GENERATE("", "ok", "<html><body>404</body></html>", "<DeleteResult>",
               "<DeleteResult><Error><Key>a</Key></Error>",
               "<DeleteResult><Error></DeleteResult>",
               "<Error><Code>InternalError</Code></Error>",
               "<!-- <DeleteResult/> -->", "<!DOCTYPE DeleteResult [");
  CAPTURE(body);
  CHECK_FALSE(stores::read_delete_answer(body));
}

TEST_CASE("no entity of an answer is expanded", "[unit]") {
  const auto complaints = stores::read_delete_answer(R"(<?xml version="1.0"?>
<!DOCTYPE DeleteResult [
  <!ENTITY lol "lollollollollollollollollollol">
  <!ENTITY more "&lol;&lol;&lol;&lol;&lol;&lol;&lol;&lol;">
  <!ENTITY file SYSTEM "file:///etc/hostname">
]>
<DeleteResult><Error><Key>&more;</Key><Code>&file;</Code></Error>
</DeleteResult>)");
  REQUIRE(complaints);
  REQUIRE(complaints->size() == 1);
  CHECK(complaints->front().key == "&more;");
  CHECK(complaints->front().code == "&file;");
}

TEST_CASE("a very deep answer is no danger", "[unit]") {
  std::string body;
  for (int i = 0; i < 1'000'000; ++i)
    body += "<a>";
  CHECK_FALSE(stores::read_delete_answer(body));
  CHECK_FALSE(stores::read_complaint(body));
}

TEST_CASE("a complaint is read, and STS's too", "[unit]") {
  const auto complaint = stores::read_complaint(
      "<Error><Code>RequestTimeTooSkewed</Code><Message>m</Message>"
      "<ServerTime>2022-10-06T12:00:00Z</ServerTime></Error>");
  REQUIRE(complaint);
  CHECK(complaint->code == "RequestTimeTooSkewed");
  CHECK(complaint->server_time == "2022-10-06T12:00:00Z");
  CHECK(stores::read_complaint("<ErrorResponse><Error><Code>X</Code></Error>"
                               "</ErrorResponse>")
            ->code == "X");
  CHECK_FALSE(stores::read_complaint("<DeleteResult/>"));
  CHECK_FALSE(stores::read_complaint(""));
}

TEST_CASE("an upload is completed with the server's own names", "[unit]") {
  const std::vector<std::string> tags{"\"a&b\"", "c"};
  CHECK(stores::complete_request(tags) ==
        "<CompleteMultipartUpload "
        "xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">"
        "<Part><PartNumber>1</PartNumber><ETag>\"a&amp;b\"</ETag></Part>"
        "<Part><PartNumber>2</PartNumber><ETag>c</ETag></Part>"
        "</CompleteMultipartUpload>");
}
