#include "tests/stores/aws_environment.hpp"
#include "tests/support/http_server.hpp"
#include "tests/support/temporary_directory.hpp"

#include <catch2/catch.hpp>

using namespace tests;

namespace {

using Variables = std::vector<std::pair<std::string, std::string>>;

constexpr const char* full_uri = "AWS_CONTAINER_CREDENTIALS_FULL_URI";
constexpr const char* relative_uri = "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI";
constexpr const char* token = "AWS_CONTAINER_AUTHORIZATION_TOKEN";
constexpr const char* token_file = "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE";

/// Hands out credentials to whoever asks.
HttpReply hand_out(const HttpCall&) {
  return {.body = json_credentials()};
}

stores::S3Credentials fetch_with(
    const Variables& variables, const std::string& ecs = "http://127.0.0.1:1") {
  const auto environment = aws_environment(variables);
  return stores::credentials_of_container(impatience(), ecs)
      ->fetch()
      .credentials;
}

Refused refusal_with(const Variables& variables) {
  return refusal_of([&] { fetch_with(variables); });
}

std::string sent_token(const HttpServer& server) {
  const auto headers = server.calls().back().headers;
  const auto found = headers.find("authorization");
  return found == headers.end() ? "none" : found->second;
}

}  // namespace

TEST_CASE("a container's credentials come past every proxy", "[unit]") {
  HttpServer server(hand_out);
  CHECK(fetch_with({{full_uri, server.url() + "/v1/credentials?id=1"}}) ==
        handed_out);
  const HttpCall call = server.calls().at(0);
  CHECK(call.method == "GET");
  CHECK(call.target == "/v1/credentials?id=1");
  CHECK(sent_token(server) == "none");
}

TEST_CASE("a relative URI of a container is asked of ECS, and comes first",
          "[unit]") {
  HttpServer server(hand_out);
  CHECK(fetch_with({{relative_uri, "/v2/credentials/id"},
                    {full_uri, "http://127.0.0.1:1"}},
                   server.url()) == handed_out);
  CHECK(server.calls().at(0).target == "/v2/credentials/id");

  const auto environment = aws_environment({{relative_uri, "/v2/id"}});
  CHECK(stores::credentials_of_container()->description() ==
        "the container's endpoint at 'http://169.254.170.2'");
}

TEST_CASE("a container shows its token, as it is at that moment", "[unit]") {
  HttpServer server(hand_out);
  const TemporaryDirectory directory;
  const auto file = directory.write("token", "first");
  const auto environment = aws_environment({{full_uri, server.url()},
                                            {token, "never sent"},
                                            {token_file, file.string()}});
  const auto source = stores::credentials_of_container(impatience());
  source->fetch();
  CHECK(sent_token(server) == "first");
  directory.write("token", "second\n");
  source->fetch();
  CHECK(sent_token(server) == "second");
}

TEST_CASE("a container's token may be in the environment", "[unit]") {
  HttpServer server(hand_out);
  fetch_with({{full_uri, server.url()}, {token, "Basic secret"}});
  CHECK(sent_token(server) == "Basic secret");
}

TEST_CASE("a container's token that would break a header is not sent",
          "[unit]") {
  HttpServer server(hand_out);
  const TemporaryDirectory directory;
  for (const char* text :
       {"secret\nX-Evil: 1", "secret\r\n\r\nx", "secret\x7f"}) {
    const Refused refused =
        refusal_with({{full_uri, server.url()}, {token, text}});
    CHECK(refused.says("AWS_CONTAINER_AUTHORIZATION_TOKEN has a line break"));
    CHECK_FALSE(refused.says("secret"));
    const auto file = directory.write("token", text);
    CHECK(refusal_with({{full_uri, server.url()}, {token_file, file.string()}})
              .says("TOKEN_FILE has a line break"));
  }
  CHECK(server.count() == 0);
}

TEST_CASE("a container's token file that is no good is named", "[unit]") {
  HttpServer server(hand_out);
  const TemporaryDirectory directory;
  const auto refusal = [&](const std::string& file) {
    return refusal_with({{full_uri, server.url()}, {token_file, file}});
  };
  const std::string missing = (directory.path() / "missing").string();
  CHECK(refusal(missing).says("'" + missing + "' can't be opened"));
  CHECK(refusal(directory.path().string()).says("is a directory"));
  CHECK(refusal(directory.write("empty", " \n").string()).says("is empty"));
  CHECK(refusal(directory.write("big", std::string(70'000, 'x')).string())
            .says("65,536 bytes"));
  CHECK(server.count() == 0);
}

TEST_CASE("a container's token goes over no network in the clear", "[unit]") {
  const auto is_refused = [](const std::string& url) {
    const auto environment = aws_environment({{full_uri, url}});
    return refusal_of([] { stores::credentials_of_container(); })
        .says("AWS_CONTAINER_CREDENTIALS_FULL_URI may not be asked");
  };
  for (const char* url : {"http://localhost/x", "http://127.0.0.1",
                          "http://127.9.9.9:80?a=b", "http://[::1]:8080/",
                          "http://169.254.170.2/v1", "http://169.254.170.23/v1",
                          "http://[fd00:ec2::23]/v1", "https://example.com/v1"})
    CHECK_FALSE(is_refused(url));
  for (const char* url :
       {"http://example.com", "http://[::1]@example.com", "http://[::1].com",
        "http://169.254.169.254/", "http://10.0.0.1",
        "http://127.0.0.1.example.com/", "http://127.0.0.1@example.com/",
        "http://localhost.example.com", "http://127.0.0.1\\@example.com",
        "http://[::2]/", "http://[::1", "http://126.0.0.1", "http://128.0.0.1",
        "http://", "http://2130706433/", "ftp://127.0.0.1/", "127.0.0.1",
        "https://a b/", "http://127.0.0.1#@example.com"}) {
    INFO(url);
    CHECK(is_refused(url));
  }
  for (const char* path : {"@example.com/", ".example.com/", "/a b"}) {
    const auto environment = aws_environment({{relative_uri, path}});
    CHECK(refusal_of([] {
            stores::credentials_of_container();
          }).says("no path that begins with '/'"));
  }
}

TEST_CASE("a container that is refused hears what to look at", "[unit]") {
  HttpServer server([](const HttpCall&) {
    return HttpReply{.status = 403, .body = "secret"};
  });
  const Refused refused =
      refusal_with({{full_uri, server.url() + "/path-like-a-secret"}});
  CHECK(refused.kind == Kind::other);
  CHECK(refused.says("HTTP status 403"));
  CHECK_FALSE(refused.says("secret"));
  CHECK(server.count() == 1);
}

TEST_CASE("a container's endpoint that does not answer may do so later",
          "[unit]") {
  int port = 0;
  {
    const HttpServer server(hand_out);
    port = server.port();
  }
  const Refused refused = refusal_with(
      {{full_uri, "http://127.0.0.1:" + std::to_string(port) + "/secret"}});
  CHECK(refused.kind == Kind::unreachable);
  CHECK_FALSE(refused.says("secret"));
}

TEST_CASE("a container without credentials in its environment has none",
          "[unit]") {
  const auto environment = aws_environment({{token, "secret"}});
  CHECK(stores::credentials_of_container() == nullptr);
}
