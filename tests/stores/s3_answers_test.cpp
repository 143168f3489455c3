#include "stores/s3_store.hpp"

#include "stores/digest.hpp"
#include "tests/stores/s3_subject.hpp"
#include "tests/stores/store_suite.hpp"
#include "tests/support/http_server.hpp"

#include <algorithm>

namespace {

using stores::ObjectKey;
using tests::HttpCall;
using tests::HttpReply;
using tests::HttpServer;

bool is_deletion_of_many(const HttpCall& call) {
  return call.method == "POST" && call.target == "/bucket?delete=";
}

stores::S3Store store_at(const HttpServer& server) {
  return stores::S3Store(std::make_shared<stores::S3Client>(
      tests::account_at({server.url(), "key", "secret", "us-east-1"}, "bucket",
                        tests::short_patience)));
}

/// Answers each deletion of many keys so, and takes every other request.
HttpServer::Handler answering(HttpReply to_many) {
  return [=](const HttpCall& call) {
    return is_deletion_of_many(call) ? to_many : HttpReply{.status = 204};
  };
}

HttpReply with_body(std::string body, int status = 200) {
  return {.status = status, .body = std::move(body)};
}

HttpReply refusal(int status, const std::string& code,
                  const std::string& message = "") {
  return with_body("<Error><Code>" + code + "</Code><Message>" + message +
                       "</Message></Error>",
                   status);
}

std::ptrdiff_t count(const HttpServer& server, const std::string& method) {
  return std::ranges::count(server.calls(), method, &HttpCall::method);
}

}  // namespace

TEST_CASE("many keys go in one request, with their checksum", "[unit]") {
  HttpServer server(answering(with_body("<DeleteResult/>")));
  auto store = store_at(server);
  CHECK(store.remove(tests::some_keys(2500)).left.empty());
  const auto calls = server.calls();
  REQUIRE(calls.size() == 3);
  for (const HttpCall& call : calls) {
    CHECK(is_deletion_of_many(call));
    stores::Digest md5("MD5");
    md5.update(call.body);
    CHECK(call.headers.at("content-md5") == stores::base64_of(md5.bytes()));
  }
  CHECK(server.connections() == 1);
}

TEST_CASE("a server that does not know DeleteObjects is asked once", "[unit]") {
  const auto reply =
      GENERATE(refusal(501, "NotImplemented"), refusal(405, "MethodNotAllowed"),
               with_body("<html>what?</html>", 405));
  HttpServer server(answering(reply));
  auto store = store_at(server);
  CHECK(store.keys_a_request() == 1000);
  CHECK(store.remove(tests::some_keys(3)).left.empty());
  CHECK(store.remove(tests::some_keys(2)).left.empty());
  CHECK(count(server, "POST") == 1);
  CHECK(count(server, "DELETE") == 5);
  CHECK(store.keys_a_request() == 1);
}

TEST_CASE("a server that wants another checksum gets it", "[unit]") {
  HttpServer server([](const HttpCall& call) {
    return call.headers.contains("x-amz-checksum-sha256")
               ? with_body("<DeleteResult/>")
               : refusal(400, "InvalidRequest", "Missing checksum");
  });
  auto store = store_at(server);
  CHECK(store.remove(tests::some_keys(3)).left.empty());
  CHECK(store.remove(tests::some_keys(3)).left.empty());
  CHECK(count(server, "POST") == 3);
  CHECK(store.keys_a_request() == 1000);
}

TEST_CASE("a server that takes no checksum gets one key at a time", "[unit]") {
  HttpServer server(answering(refusal(400, "BadDigest")));
  auto store = store_at(server);
  CHECK(store.remove(tests::some_keys(3)).left.empty());
  CHECK(count(server, "POST") == 2);
  CHECK(count(server, "DELETE") == 3);
}

TEST_CASE("keys that XML can't carry go one by one", "[unit]") {
  HttpServer server(answering(with_body("<DeleteResult/>")));
  auto store = store_at(server);
  const std::vector<ObjectKey> keys{
      {"a", "b"}, {"a", "\x1b[31m"}, {"a", "\xff"}, {"a", "line\nbreak"}};
  CHECK(store.remove(keys).left.empty());
  CHECK(count(server, "POST") == 1);
  CHECK(count(server, "DELETE") == 2);
}

TEST_CASE("an answer that makes no sense forgets no key", "[unit]") {
  const auto* const body =
      GENERATE("", "ok", "<html/>", "<DeleteResult>",
               "<DeleteResult><Error><Key>a</Key><Code>Acc");
  HttpServer server(answering(with_body(body)));
  const auto removal = store_at(server).remove(tests::some_keys(3));
  CHECK(tests::indexes(removal.left) == std::vector<std::size_t>{0, 1, 2});
  CHECK(std::ranges::all_of(removal.left, &stores::KeyReason::may_pass));
}

TEST_CASE("a complaint about an unknown key is looked into", "[unit]") {
  HttpServer server([](const HttpCall& call) {
    if (is_deletion_of_many(call))
      return with_body(
          "<DeleteResult><Error><Key>&other;</Key>"
          "<Code>AccessDenied</Code></Error></DeleteResult>");
    return call.target.find("1002") == std::string::npos
               ? HttpReply{.status = 204}
               : refusal(403, "AccessDenied");
  });
  const auto removal = store_at(server).remove(tests::some_keys(3));
  CHECK(tests::indexes(removal.left) == std::vector<std::size_t>{1});
  CHECK_FALSE(removal.left.front().may_pass);
}

TEST_CASE("complaints are taken key by key", "[unit]") {
  const auto keys = tests::some_keys(4);
  std::string body = "<DeleteResult>";
  for (const auto& [index, code] :
       {std::pair{3, "SlowDown"}, {1, "AccessDenied"}, {0, "NoSuchKey"}})
    body += "<Error><Key>" + keys[index].path() + "</Key><Code>" + code +
            "</Code></Error>";
  HttpServer server(answering(with_body(body + "</DeleteResult>")));
  const auto removal = store_at(server).remove(keys);
  CHECK(removal.absent == std::vector<std::size_t>{0});
  REQUIRE(tests::indexes(removal.left) == std::vector<std::size_t>{3, 1});
  CHECK(removal.left[0].may_pass);
  CHECK_FALSE(removal.left[1].may_pass);
  CHECK(removal.left[1].reason == "access denied (AccessDenied)");
}

TEST_CASE("an error in an answer of status 200 is an error", "[unit]") {
  HttpServer server(answering(refusal(200, "InternalError")));
  CHECK_THROWS_AS(store_at(server).remove(tests::some_keys(3)),
                  stores::StoreUnreachable);
}

TEST_CASE("a web server is not taken for an empty bucket", "[unit]") {
  HttpServer server(
      [](const HttpCall&) { return with_body("<html>not found</html>", 404); });
  auto store = store_at(server);
  CHECK_THROWS_AS(store.remove(tests::some_keys(3)), stores::StoreError);
  const auto trouble = store.trouble();
  REQUIRE(trouble);
  CHECK(trouble->find("is it an S3 server?") != std::string::npos);
}

TEST_CASE("an answer of 100 MB is given up", "[unit]") {
  const std::string piece(1 << 20, 'x');
  HttpServer server(answering(
      {.pieces = [piece] { return piece; }, .pieces_size = 100 << 20}));
  CHECK_THROWS_AS(store_at(server).remove(tests::some_keys(3)),
                  stores::StoreError);
}

TEST_CASE("an answer that breaks off leaves its keys in doubt", "[unit]") {
  const std::string body = "<DeleteResult><Deleted><Key>a</Key></Deleted>" +
                           std::string(1000, ' ') + "</DeleteResult>";
  const std::size_t after = GENERATE(0, 10, 200, 600);
  const bool reset = GENERATE(true, false);
  HttpReply reply = with_body(body);
  reply.close_after = after;
  reply.reset = reset;
  HttpServer server(answering(reply));
  CHECK_THROWS_AS(store_at(server).remove(tests::some_keys(3)),
                  stores::StoreUnreachable);
}

TEST_CASE("what a server asks for is heard", "[unit]") {
  HttpReply reply = refusal(503, "SlowDown");
  reply.headers["Retry-After"] = "7";
  HttpServer server(answering(reply));
  try {
    store_at(server).remove(tests::some_keys(3));
    FAIL("nothing was thrown");
  } catch (const stores::StoreBusy& busy) {
    CHECK(busy.retry_after() == std::chrono::seconds{7});
  }
}

TEST_CASE("a redirect is not followed", "[unit]") {
  HttpServer elsewhere([](const HttpCall&) { return HttpReply{}; });
  HttpReply reply = with_body("", 307);
  reply.headers["Location"] = elsewhere.url() + "/bucket?delete=";
  HttpServer server(answering(reply));
  CHECK_THROWS_AS(store_at(server).remove(tests::some_keys(3)),
                  stores::StoreError);
  CHECK(elsewhere.count() == 0);
}

TEST_CASE("credentials that expired are replaced in the middle", "[unit]") {
  class Renewing : public stores::CredentialSource {
   public:
    stores::LentCredentials fetch() override {
      return {{"key" + std::to_string(++fetched_), "secret", ""}, {}};
    }
    [[nodiscard]] std::string description() const override { return "test"; }

   private:
    int fetched_ = 0;
  };
  HttpServer server([](const HttpCall& call) {
    return call.headers.at("authorization").find("key2/") != std::string::npos
               ? with_body("<DeleteResult/>")
               : refusal(400, "ExpiredToken");
  });
  auto account = tests::account_at(
      {server.url(), "unused", "unused", "us-east-1"}, "bucket");
  account.credentials =
      std::make_shared<stores::CredentialLender>(std::make_unique<Renewing>());
  stores::S3Store store(std::make_shared<stores::S3Client>(account));
  CHECK(store.remove(tests::some_keys(3)).left.empty());
  CHECK(store.remove(tests::some_keys(3)).left.empty());
  CHECK(server.count() == 3);
}
