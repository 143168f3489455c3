#include "stores/s3_error.hpp"

#include <catch2/catch.hpp>

#include <chrono>
#include <string>

namespace {

using std::chrono::seconds;
using stores::S3Error;

S3Error s3_error(int status, const std::string& code,
                 const std::string& more = "",
                 const stores::HttpHeaders& headers = {}) {
  return stores::error_of(
      {status, headers,
       "<Error><Code>" + code + "</Code>" + more + "</Error>"});
}

const stores::S3Asked asked{.store = "bucket 'b' at http://h",
                            .region = "us-east-1",
                            .credentials = "the environment",
                            .clock = "2022-10-06T12:30:00Z"};

std::string sentence(const S3Error& error) {
  try {
    raise(error, asked);
  } catch (const stores::StoreError& raised) {
    return raised.what();
  }
}

bool says(const std::string& text, const std::string& part) {
  INFO(text);
  return text.find(part) != std::string::npos;
}

}  // namespace

TEST_CASE("what a store asks us to do later may pass", "[unit]") {
  for (const char* const code : {"SlowDown", "ServiceUnavailable",
                                 "TooManyRequests", "RequestLimitExceeded"}) {
    CHECK(s3_error(503, code).is_busy());
    CHECK(may_pass(stores::S3Complaint{.code = code}));
    CHECK_THROWS_AS(raise(s3_error(503, code), asked), stores::StoreBusy);
  }
  for (const char* const code : {"InternalError", "RequestTimeout"}) {
    CHECK_FALSE(s3_error(500, code).is_busy());
    CHECK(s3_error(500, code).may_pass());
    CHECK(may_pass(stores::S3Complaint{.code = code}));
    CHECK_THROWS_AS(raise(s3_error(500, code), asked),
                    stores::StoreUnreachable);
  }
  for (const int status : {408, 429, 500, 502, 503, 504})
    CHECK(stores::error_of({status, {}, "<html>"}).may_pass());
  for (const char* const code : {"AccessDenied", "NoSuchBucket", ""}) {
    CHECK_FALSE(s3_error(403, code).may_pass());
    CHECK_FALSE(may_pass(stores::S3Complaint{.code = code}));
  }
}

TEST_CASE("Retry-After is seconds or a date", "[unit]") {
  const auto wait = [](const std::string& text) {
    return s3_error(503, "SlowDown", "", {{"retry-after", text}}).retry_after;
  };
  CHECK(wait("7") == seconds{7});
  CHECK(wait("99999999") == seconds{3600});
  CHECK(wait("-3") == seconds{0});
  CHECK(wait("soon") == seconds{0});
  CHECK(wait("Wed, 21 Oct 2015 07:28:00 GMT") == seconds{0});
  CHECK(wait("Wed, 21 Oct 2037 07:28:00 GMT") == seconds{3600});
  CHECK(s3_error(503, "SlowDown").retry_after == seconds{0});
}

TEST_CASE("each refusal has a sentence of its own", "[unit]") {
  CHECK(says(sentence(s3_error(404, "NoSuchBucket")), "no such bucket"));
  CHECK(says(sentence(s3_error(403, "InvalidAccessKeyId")),
             "does not know the access key"));
  CHECK(says(sentence(s3_error(403, "SignatureDoesNotMatch")),
             "does not belong to the access key"));
  CHECK(says(sentence(s3_error(400, "ExpiredToken")), "token has expired"));
  CHECK(says(sentence(s3_error(403, "AccessDenied")), "grant s3:DeleteObject"));
  CHECK(says(sentence(s3_error(403, "UserSuspended")), "suspended"));
  CHECK(says(sentence(s3_error(400, "AuthorizationHeaderMalformed",
                               "<Region>eu-west-1</Region>")),
             "give --object-store-region eu-west-1"));
  CHECK(says(sentence(stores::error_of(
                 {301, {{"x-amz-bucket-region", "eu-west-3"}}, ""})),
             "give --object-store-region eu-west-3"));
  CHECK(says(sentence(stores::error_of({404, {}, "<html>not here</html>"})),
             "is it an S3 server?"));
}

TEST_CASE("clocks that differ are both named", "[unit]") {
  const std::string text =
      sentence(s3_error(403, "RequestTimeTooSkewed",
                        "<ServerTime>2022-10-06T13:30:00Z</ServerTime>"));
  CHECK(says(text, "2022-10-06T12:30:00Z here"));
  CHECK(says(text, "2022-10-06T13:30:00Z there"));
  CHECK(says(sentence(s3_error(403, "RequestTimeTooSkewed", "",
                               {{"date", "Thu, 06 Oct 2022 13:30:00 GMT"}})),
             "Thu, 06 Oct 2022 13:30:00 GMT there"));
}

TEST_CASE("what a server wrote stays on one line, and short", "[unit]") {
  const std::string text =
      sentence(s3_error(400, "Evil\n\x1b[31mCode" + std::string(1000, 'x')));
  CHECK(text.find('\n') == std::string::npos);
  CHECK(text.find('\x1b') == std::string::npos);
  CHECK(text.size() < 600);
}
