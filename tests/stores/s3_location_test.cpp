#include "stores/s3_location.hpp"

#include <catch2/catch.hpp>

#include <string>

using stores::parse_s3_endpoint;
using stores::parse_s3_url;
using stores::S3Endpoint;
using stores::S3Url;

TEST_CASE("a bucket's URL names the bucket and the prefix", "[unit]") {
  CHECK(parse_s3_url("s3://artifacts") == S3Url{"artifacts", ""});
  CHECK(parse_s3_url("s3://artifacts/") == S3Url{"artifacts", ""});
  CHECK(parse_s3_url("s3://a.b-c_9/x") == S3Url{"a.b-c_9", "x"});
  CHECK(parse_s3_url("s3://art/gitlab/prod") == S3Url{"art", "gitlab/prod"});
  CHECK(parse_s3_url("s3://art/gitlab/prod/") == S3Url{"art", "gitlab/prod"});
}

TEST_CASE("what is no bucket's URL is refused", "[unit]") {
  const char* const text = GENERATE(
      "", "artifacts", "s3:artifacts", "S3://artifacts", "http://artifacts",
      "s3://", "s3:///x", "s3://ab", "s3://-ab", "s3://ab-", "s3://a..b",
      "s3://a b c", "s3://user:secret@art", "s3://art//x", "s3://art/../x",
      "s3://art/x/./y", "s3://art/x//");
  CAPTURE(text);
  CHECK_FALSE(parse_s3_url(text));
}

TEST_CASE("an endpoint is a scheme and a host", "[unit]") {
  CHECK(parse_s3_endpoint("https://s3.example.com") ==
        S3Endpoint{"https", "s3.example.com"});
  CHECK(parse_s3_endpoint("http://127.0.0.1:9000/") ==
        S3Endpoint{"http", "127.0.0.1:9000"});
  CHECK(parse_s3_endpoint("http://[fd00::1]:80") ==
        S3Endpoint{"http", "[fd00::1]:80"});
  CHECK(parse_s3_endpoint("http://[fd00::1]") ==
        S3Endpoint{"http", "[fd00::1]"});
}

TEST_CASE("what is no endpoint is refused", "[unit]") {
  const char* const text = GENERATE(
      "", "s3.example.com", "ftp://host", "https://", "https:///", "file:///x",
      "https://user:secret@host", "https://host/path", "https://host?x",
      "https://host:0", "https://host:65536", "https://host:x", "https://ho st",
      "https://[::1", "https://host\r\nX: y");
  CAPTURE(text);
  CHECK_FALSE(parse_s3_endpoint(text));
}

TEST_CASE("a bucket does not stand before every host", "[unit]") {
  const S3Endpoint named{"https", "s3.example.com:9000"};
  CHECK_FALSE(stores::needs_path_style(named, "artifacts"));
  CHECK(stores::needs_path_style(named, "my.artifacts"));
  for (const char* const host : {"127.0.0.1", "127.0.0.1:9000", "[::1]:9000",
                                 "localhost", "localhost:9000"})
    CHECK(stores::needs_path_style({"http", host}, "artifacts"));
}

TEST_CASE("AWS has an endpoint in each region", "[unit]") {
  CHECK(stores::aws_endpoint("eu-west-1").host == "s3.eu-west-1.amazonaws.com");
  CHECK(stores::aws_endpoint("cn-north-1").host ==
        "s3.cn-north-1.amazonaws.com.cn");
  CHECK(stores::is_s3_region("eu-west-1"));
  for (const char* const text : {"", "eu west", "eu/west", "a.b"})
    CHECK_FALSE(stores::is_s3_region(text));
}
