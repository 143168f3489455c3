#include "tests/stores/aws_environment.hpp"
#include "tests/support/http_server.hpp"

#include <catch2/catch.hpp>

#include <atomic>

using namespace tests;

namespace {

constexpr const char* roles = "/latest/meta-data/iam/security-credentials/";

/// Instance metadata, version 2, of an instance with a role.
HttpReply metadata(const HttpCall& call, const std::string& credentials,
                   const std::string& role = "janitor") {
  if (call.method == "PUT" && call.target == "/latest/api/token")
    return {.body = "metadata-token"};
  const auto sent = call.headers.find("x-aws-ec2-metadata-token");
  if (sent == call.headers.end() || sent->second != "metadata-token")
    return {.status = 401};
  if (call.target == roles)
    return {.body = role};
  return {.status = call.target == roles + role ? 200 : 404,
          .body = credentials};
}

/// Credentials of the instance whose metadata this server has.
class Instance {
 public:
  explicit Instance(const HttpServer& server)
      : environment_(aws_environment(
            {{"AWS_EC2_METADATA_SERVICE_ENDPOINT", server.url() + "/"}})),
        source_(stores::credentials_of_instance(impatience())) {}

  stores::LentCredentials fetch() { return source_->fetch(); }
  Refused refusal() {
    return refusal_of([this] { fetch(); });
  }
  std::string description() const { return source_->description(); }

 private:
  ScopedEnvironment environment_;
  std::unique_ptr<stores::CredentialSource> source_;
};

/// What an instance refuses whose server answers all requests so.
Refused refusal_by(const HttpReply& reply) {
  HttpServer server([reply](const HttpCall&) { return reply; });
  return Instance(server).refusal();
}

Refused refusal_of_credentials(const std::string& body) {
  HttpServer server(
      [body](const HttpCall& call) { return metadata(call, body); });
  return Instance(server).refusal();
}

}  // namespace

TEST_CASE("an instance's credentials come by version 2, past every proxy",
          "[unit]") {
  HttpServer server(
      [](const HttpCall& call) { return metadata(call, json_credentials()); });
  Instance instance(server);
  const stores::LentCredentials lent = instance.fetch();
  CHECK(lent.credentials == handed_out);
  CHECK(lent.expire_at.value() > stores::time_now());

  const std::vector<HttpCall> calls = server.calls();
  REQUIRE(calls.size() == 3);
  CHECK(calls[0].headers.at("x-aws-ec2-metadata-token-ttl-seconds") == "300");
  CHECK(calls[0].body.empty());
  CHECK(calls[1].target == roles);
  CHECK(calls[2].target == std::string(roles) + "janitor");
  CHECK(instance.description() ==
        "instance metadata at '" + server.url() + "'");
}

TEST_CASE("an instance without a role has no credentials", "[unit]") {
  HttpServer server([](const HttpCall& call) {
    return call.target == roles ? HttpReply{.status = 404} : metadata(call, "");
  });
  const Refused refused = Instance(server).refusal();
  CHECK(refused.kind == Kind::no_credentials);
  CHECK(refused.says("names no role"));
  CHECK(server.count() == 2);
}

TEST_CASE("metadata without version 2 is never asked by version 1", "[unit]") {
  for (const int status : {403, 404, 405}) {
    HttpServer server(
        [status](const HttpCall&) { return HttpReply{.status = status}; });
    const Refused refused = Instance(server).refusal();
    CHECK(refused.kind == Kind::no_credentials);
    CHECK(refused.says(std::to_string(status)));
    CHECK(server.count() == 1);
  }
}

TEST_CASE("instance metadata in trouble is asked again", "[unit]") {
  std::atomic<int> calls = 0;
  HttpServer server([&calls](const HttpCall& call) {
    if (++calls <= 2)
      return HttpReply{.status = calls == 1 ? 503 : 429};
    return metadata(call, json_credentials());
  });
  CHECK(Instance(server).fetch().credentials == handed_out);
  CHECK(server.count() == 5);
}

TEST_CASE("instance metadata that stays in trouble is given up", "[unit]") {
  HttpServer server([](const HttpCall&) { return HttpReply{.status = 500}; });
  CHECK(Instance(server).refusal().kind == Kind::unreachable);
  CHECK(server.count() == 3);
  CHECK(refusal_by({.close_after = 10}).kind == Kind::unreachable);
}

TEST_CASE("instance metadata that says nothing is not waited for", "[unit]") {
  const auto start = std::chrono::steady_clock::now();
  const Refused refused = refusal_by({.delay = std::chrono::seconds{60}});
  CHECK(std::chrono::steady_clock::now() - start < std::chrono::seconds{10});
  CHECK(refused.kind == Kind::unreachable);
  CHECK(refused.says("hop limit"));
}

TEST_CASE("credentials of an instance that make no sense are refused",
          "[unit]") {
  for (const char* body :
       {"", "{", "[]", "null", "\"text\"", "\xff\xfe", "<html></html>"})
    CHECK(refusal_of_credentials(body).says("something else than credentials"));
  CHECK(refusal_of_credentials(json_credentials(R"("Code": "Failed")"))
            .says("(Failed)"));
  CHECK(refusal_of_credentials(json_credentials(R"("Code": 1)"))
            .says("no credentials for us"));
  for (const char* name : {"AccessKeyId", "SecretAccessKey", "Token"})
    for (const char* value : {"null", "\"\"", "7", "[\"a\"]"})
      CHECK(refusal_of_credentials(
                json_credentials('"' + std::string(name) + "\": " + value))
                .kind == Kind::other);
  for (const char* value : {"null", "\"tomorrow\"", "1700000000"})
    CHECK(refusal_of_credentials(
              json_credentials(std::string("\"Expiration\": ") + value))
              .says("when its credentials expire"));
}

TEST_CASE("credentials of an instance that have expired are refused",
          "[unit]") {
  const Refused refused = refusal_of_credentials(json_credentials(
      "\"Expiration\": \"" + time_in(std::chrono::seconds{-1}) + '"'));
  CHECK(refused.kind == Kind::other);
  CHECK(refused.says("expired at"));
  CHECK(refused.says("clock"));
}

TEST_CASE("credentials that would break a header are refused, and not shown",
          "[unit]") {
  for (const char* more :
       {R"("AccessKeyId": "topsecret\r\nX-Evil: 1")",
        R"("AccessKeyId": "topsecret x")",
        R"("AccessKeyId": "topsecret\u00e9")",
        R"("SecretAccessKey": "topsecret\n")", R"("Token": "topsecret\u0000x")",
        R"("Token": "topsecret\nx")", R"("Code": "topsecret 1")",
        R"("Expiration": "topsecret")"}) {
    const Refused refused = refusal_of_credentials(json_credentials(more));
    CHECK(refused.kind == Kind::other);
    CHECK_FALSE(refused.says("secret\n"));
    CHECK_FALSE(refused.says("topsecret"));
    CHECK_FALSE(refused.says("tokensecret"));
  }
}

TEST_CASE("a metadata token that would break a header is not sent", "[unit]") {
  for (const char* token : {"", "secret\nX-Evil: 1", "secret\x80"}) {
    HttpServer server(
        [token](const HttpCall&) { return HttpReply{.body = token}; });
    const Refused refused = Instance(server).refusal();
    CHECK(refused.kind == Kind::other);
    CHECK_FALSE(refused.says("secret"));
    CHECK(server.count() == 1);
  }
}

TEST_CASE("a role's name leads nowhere else", "[unit]") {
  const std::string role = "../../x y?z\n";
  HttpServer server([&role](const HttpCall& call) {
    return metadata(call, json_credentials(), role);
  });
  CHECK(Instance(server).refusal().kind == Kind::no_credentials);
  CHECK(server.calls().at(2).target ==
        std::string(roles) + "..%2F..%2Fx%20y%3Fz");
}

TEST_CASE("an answer of instance metadata is not read without end", "[unit]") {
  CHECK(refusal_of_credentials(std::string(70'000, ' ') + json_credentials())
            .says("64 KiB"));
}

TEST_CASE("instance metadata may be elsewhere, or turned off", "[unit]") {
  const auto described =
      [](const std::vector<std::pair<std::string, std::string>>& variables) {
        const auto environment = aws_environment(variables);
        const auto source = stores::credentials_of_instance();
        return source ? source->description() : "";
      };
  CHECK(described({}) == "instance metadata at 'http://169.254.169.254'");
  CHECK(described({{"AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE", "IPv6"}}) ==
        "instance metadata at 'http://[fd00:ec2::254]'");
  CHECK(described({{"AWS_EC2_METADATA_DISABLED", "True"}}).empty());
  CHECK_FALSE(described({{"AWS_EC2_METADATA_DISABLED", "false"}}).empty());
  for (const char* url : {"169.254.169.254", "file:///etc/passwd", "http://a@b",
                          "http://a b", "http://a?b"})
    CHECK(refusal_of([&] {
            described({{"AWS_EC2_METADATA_SERVICE_ENDPOINT", url}});
          }).says("AWS_EC2_METADATA_SERVICE_ENDPOINT is no URL"));
}
