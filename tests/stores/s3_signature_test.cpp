#include "stores/s3_signature.hpp"

#include "stores/digest.hpp"

#include <catch2/catch.hpp>

using namespace stores;

/// The examples that AWS publishes in "Signature Calculations for the
/// Authorization Header: Transferring Payload in a Single Chunk".
namespace {

const S3Credentials example{"AKIAIOSFODNN7EXAMPLE",
                            "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY", ""};

std::string authorization(S3Request request, std::string_view body = "",
                          const S3Credentials& credentials = example) {
  request.host = "examplebucket.s3.amazonaws.com";
  sign(request, sha256_hex(body), credentials, "us-east-1", "s3",
       telemetry::parse_timestamp("2013-05-24T00:00:00Z").value());
  return request.headers.at("authorization");
}

std::string expected(const std::string& names, const std::string& signature) {
  return "AWS4-HMAC-SHA256 "
         "Credential=AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/aws4_request,"
         "SignedHeaders=" +
         names + ",Signature=" + signature;
}

S3Request asking(std::string method, std::string path) {
  S3Request request;
  request.method = std::move(method);
  request.path = std::move(path);
  return request;
}

}  // namespace

TEST_CASE("a GET of a range is signed as AWS publishes it", "[unit]") {
  S3Request request = asking("GET", "/test.txt");
  request.headers["range"] = "bytes=0-9";
  CHECK(
      authorization(request) ==
      expected(
          "host;range;x-amz-content-sha256;x-amz-date",
          "f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41"));
}

TEST_CASE("a PUT of a name with a dollar is signed as AWS publishes it",
          "[unit]") {
  S3Request request = asking("PUT", "/test$file.text");
  request.headers["date"] = "Fri, 24 May 2013 00:00:00 GMT";
  request.headers["x-amz-storage-class"] = "REDUCED_REDUNDANCY";
  CHECK(
      authorization(request, "Welcome to Amazon S3.") ==
      expected(
          "date;host;x-amz-content-sha256;x-amz-date;x-amz-storage-class",
          "98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd"));
}

TEST_CASE("a query without a value is signed as AWS publishes it", "[unit]") {
  S3Request request = asking("GET", "/");
  request.query["lifecycle"] = "";
  CHECK(request.target() == "/?lifecycle=");
  CHECK(
      authorization(request) ==
      expected(
          "host;x-amz-content-sha256;x-amz-date",
          "fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543"));
}

TEST_CASE("a query of two names is signed as AWS publishes it", "[unit]") {
  S3Request request = asking("GET", "/");
  request.query = {{"prefix", "J"}, {"max-keys", "2"}};
  CHECK(request.target() == "/?max-keys=2&prefix=J");
  CHECK(
      authorization(request) ==
      expected(
          "host;x-amz-content-sha256;x-amz-date",
          "34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7"));
}

TEST_CASE("a session token is sent, and signed with the rest", "[unit]") {
  S3Credentials temporary = example;
  temporary.session_token = "token";
  const std::string signed_with =
      authorization(asking("GET", "/"), "", temporary);
  CHECK(signed_with.find("x-amz-date;x-amz-security-token,") !=
        std::string::npos);
  CHECK(signed_with != authorization(asking("GET", "/")));
}

TEST_CASE("every byte of a key is encoded but the unreserved", "[unit]") {
  CHECK(percent_encoded("AZaz09-._~") == "AZaz09-._~");
  CHECK(percent_encoded("a/b", false) == "a/b");
  CHECK(percent_encoded("a/b") == "a%2Fb");
  CHECK(percent_encoded(" +%\xff\n") == "%20%2B%25%FF%0A");
  CHECK(asking("GET", "/b/Größe?#").target() == "/b/Gr%C3%B6%C3%9Fe%3F%23");
}
