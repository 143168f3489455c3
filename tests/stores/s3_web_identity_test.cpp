#include "tests/stores/aws_environment.hpp"
#include "tests/support/http_server.hpp"
#include "tests/support/temporary_directory.hpp"

#include <catch2/catch.hpp>

#include <atomic>

using namespace tests;

namespace {

constexpr const char* role = "arn:aws:iam::123456789012:role/janitor";

/// What STS answers; each part may be replaced.
struct Assumed {
  std::string access_key = "ASIAKEY";
  std::string secret_key = "topsecret";
  std::string session_token = "tokensecret";
  std::string expiration = time_in(std::chrono::hours{1});

  [[nodiscard]] std::string xml() const {
    return "<AssumeRoleWithWebIdentityResponse "
           "xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\">\n"
           "  <AssumeRoleWithWebIdentityResult>\n"
           "    <Audience>client</Audience>\n    <Credentials>\n"
           "      <SessionToken>" +
           session_token + "</SessionToken>\n      <SecretAccessKey>" +
           secret_key + "</SecretAccessKey>\n      <Expiration>" + expiration +
           "</Expiration>\n      <AccessKeyId>" + access_key +
           "</AccessKeyId>\n    </Credentials>\n"
           "  </AssumeRoleWithWebIdentityResult>\n"
           "</AssumeRoleWithWebIdentityResponse>\n";
  }
};

HttpReply complaint(int status, const std::string& code) {
  return {.status = status,
          .body = "<ErrorResponse><Error><Type>Sender</Type><Code>" + code +
                  "</Code><Message>web-token is bad</Message></Error>"
                  "</ErrorResponse>"};
}

/// A pod with a token, whose role this STS knows.
class Pod {
 public:
  explicit Pod(const HttpServer& sts, const char* session = "")
      : token_file_(directory_.write("token", "web-token")),
        environment_(
            aws_environment({{"http_proxy", ""},
                             {"AWS_WEB_IDENTITY_TOKEN_FILE", token_file_},
                             {"AWS_ROLE_ARN", role},
                             {"AWS_ROLE_SESSION_NAME", session},
                             {"AWS_ENDPOINT_URL", "http://127.0.0.1:1"},
                             {"AWS_ENDPOINT_URL_STS", sts.url()}})),
        source_(stores::credentials_of_web_identity("", impatience())) {}

  stores::LentCredentials fetch() { return source_->fetch(); }
  Refused refusal() {
    return refusal_of([this] { fetch(); });
  }
  void write_token(const std::string& token) const {
    directory_.write("token", token);
  }
  std::string description() const { return source_->description(); }

 private:
  TemporaryDirectory directory_;
  std::string token_file_;
  ScopedEnvironment environment_;
  std::unique_ptr<stores::CredentialSource> source_;
};

Refused refusal_by_sts(const HttpReply& reply) {
  HttpServer sts([reply](const HttpCall&) { return reply; });
  return Pod(sts).refusal();
}

Refused refusal_of_body(const std::string& body) {
  return refusal_by_sts({.body = body});
}

}  // namespace

TEST_CASE("a web identity becomes credentials by STS, unsigned", "[unit]") {
  HttpServer sts(
      [](const HttpCall&) { return HttpReply{.body = Assumed{}.xml()}; });
  Pod pod(sts);
  const stores::LentCredentials lent = pod.fetch();
  CHECK(lent.credentials == handed_out);
  CHECK(lent.expire_at.value() > stores::time_now());
  CHECK(pod.description() ==
        "web identity of role '" + std::string(role) + "'");

  const HttpCall call = sts.calls().at(0);
  CHECK(call.method == "POST");
  CHECK(call.target == "/");
  CHECK(call.headers.count("authorization") == 0);
  CHECK(call.headers.at("content-type") == "application/x-www-form-urlencoded");
  CHECK(call.body ==
        "Action=AssumeRoleWithWebIdentity&Version=2011-06-15"
        "&RoleArn=arn%3Aaws%3Aiam%3A%3A123456789012%3Arole%2Fjanitor"
        "&RoleSessionName=ci-janitor&WebIdentityToken=web-token");
}

TEST_CASE("a web identity shows its token, as it is at that moment", "[unit]") {
  HttpServer sts(
      [](const HttpCall&) { return HttpReply{.body = Assumed{}.xml()}; });
  Pod pod(sts, "night shift");
  pod.fetch();
  CHECK(sts.calls().back().body.ends_with(
      "&RoleSessionName=night%20shift&WebIdentityToken=web-token"));
  pod.write_token("a&b=c+d\n");
  pod.fetch();
  CHECK(sts.calls().back().body.ends_with("&WebIdentityToken=a%26b%3Dc%2Bd"));
  pod.write_token("");
  CHECK(pod.refusal().says("AWS_WEB_IDENTITY_TOKEN_FILE"));
}

TEST_CASE("STS's expiration may be exact to the nanosecond", "[unit]") {
  Assumed assumed;
  assumed.expiration = "2199-01-02T03:04:05.123456789Z";
  HttpServer sts(
      [&](const HttpCall&) { return HttpReply{.body = assumed.xml()}; });
  CHECK(telemetry::format_timestamp(Pod(sts).fetch().expire_at.value()) ==
        "2199-01-02T03:04:05.123456Z");
}

TEST_CASE("STS in trouble is asked again", "[unit]") {
  std::atomic<int> calls = 0;
  HttpServer sts([&calls](const HttpCall&) {
    switch (++calls) {
      case 1:
        return complaint(400, "IDPCommunicationError");
      case 2:
        return complaint(400, "Throttling");
      default:
        return HttpReply{.body = Assumed{}.xml()};
    }
  });
  CHECK(Pod(sts).fetch().credentials == handed_out);
  CHECK(refusal_by_sts({.status = 503}).kind == Kind::unreachable);
  CHECK(refusal_by_sts({.close_after = 0}).kind == Kind::unreachable);
}

TEST_CASE("what STS refuses is told with what to do, and without the token",
          "[unit]") {
  const std::pair<const char*, const char*> advice[] = {
      {"ExpiredTokenException", "written anew"},
      {"InvalidIdentityToken", "identity provider in IAM"},
      {"AccessDenied", "trust policy"},
      {"RegionDisabledException", "AWS_ENDPOINT_URL_STS"},
      {"ValidationError", "AWS_ROLE_ARN"}};
  for (const auto& [code, what_to_do] : advice) {
    const Refused refused = refusal_by_sts(complaint(400, code));
    CHECK(refused.kind == Kind::other);
    CHECK(refused.says("(" + std::string(code) + ")"));
    CHECK(refused.says(what_to_do));
    CHECK_FALSE(refused.says("web-token"));
  }
  CHECK(refusal_by_sts(complaint(400, "web-token")).says("(HTTP status 400)"));
  CHECK(refusal_by_sts({.status = 404, .body = "web-token"}).kind ==
        Kind::other);
}

TEST_CASE("what is no answer of STS is refused", "[unit]") {
  for (const char* body : {"", "{}", "<html/>", "\xff", "<Assume",
                           "<AssumeRoleWithWebIdentityResponse/>"})
    CHECK(refusal_of_body(body).says("something else than credentials"));
  Assumed assumed;
  assumed.session_token = "";
  CHECK(refusal_of_body(assumed.xml()).says("something else"));
  assumed = {};
  assumed.expiration = "soon";
  CHECK(refusal_of_body(assumed.xml()).says("something else"));
  assumed.expiration = time_in(std::chrono::seconds{-1});
  CHECK(refusal_of_body(assumed.xml()).says("expired at"));
  assumed = {};
  assumed.access_key = "ASIAKEY\nX-Evil: 1";
  const Refused refused = refusal_of_body(assumed.xml());
  CHECK(refused.says("access key with a line break"));
  CHECK_FALSE(refused.says("secret"));
}

TEST_CASE("entities of STS's answer are not expanded", "[unit]") {
  Assumed assumed;
  assumed.session_token = "&bomb;";
  const std::string body =
      "<!DOCTYPE x [<!ENTITY bomb SYSTEM \"file:///etc/passwd\">]>" +
      assumed.xml();
  HttpServer sts([&](const HttpCall&) { return HttpReply{.body = body}; });
  CHECK(Pod(sts).fetch().credentials.session_token == "&bomb;");
}

TEST_CASE("a web identity needs a role, and an STS that there is", "[unit]") {
  const auto refusal =
      [](const std::vector<std::pair<std::string, std::string>>& variables,
         const std::string& region) {
        const auto environment = aws_environment(variables);
        return refusal_of([&] { stores::credentials_of_web_identity(region); });
      };
  const std::pair<std::string, std::string> file{"AWS_WEB_IDENTITY_TOKEN_FILE",
                                                 "/token"};
  CHECK(refusal({file}, "us-east-1").says("AWS_ROLE_ARN is not"));
  CHECK(refusal({file, {"AWS_ROLE_ARN", role}}, "evil.example.com/")
            .says("no region 'evil.example.com/'"));
  CHECK(refusal({file, {"AWS_ROLE_ARN", role}}, "us-east-1").kind ==
        Kind::none);
  CHECK(refusal({file,
                 {"AWS_ROLE_ARN", role},
                 {"AWS_ENDPOINT_URL", "sts.example.com"}},
                "us-east-1")
            .says("AWS_ENDPOINT_URL is no URL"));
  CHECK(refusal({file,
                 {"AWS_ROLE_ARN", role},
                 {"AWS_ENDPOINT_URL", "http://127.0.0.1"},
                 {"AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", "TRUE"}},
                "no region")
            .says("no region 'no region'"));

  const auto environment = aws_environment({{"AWS_ROLE_ARN", role}});
  CHECK(stores::credentials_of_web_identity("us-east-1") == nullptr);
}
