#include "stores/s3_credentials.hpp"

#include "tests/stores/aws_environment.hpp"
#include "tests/support/http_server.hpp"

#include <catch2/catch.hpp>

#include <atomic>

using namespace tests;

namespace {

using Variables = std::vector<std::pair<std::string, std::string>>;

const Variables keys{{"AWS_ACCESS_KEY_ID", "AKIAKEY"},
                     {"AWS_SECRET_ACCESS_KEY", "topsecret"}};
const Variables identity{{"AWS_WEB_IDENTITY_TOKEN_FILE", "/token"},
                         {"AWS_ROLE_ARN", "arn:role"}};
const Variables container{
    {"AWS_CONTAINER_CREDENTIALS_FULL_URI", "http://127.0.0.1:1/x"}};
const Variables no_instance{{"AWS_EC2_METADATA_DISABLED", "true"}};

Variables together(std::initializer_list<Variables> parts) {
  Variables all;
  for (const Variables& part : parts)
    all.insert(all.end(), part.begin(), part.end());
  return all;
}

/// Where the chain finds credentials, or why it does not.
std::string found_with(const Variables& variables) {
  const auto environment = aws_environment(variables);
  try {
    return stores::credentials_of_environment("us-east-1")->description();
  } catch (const stores::StoreError& error) {
    return error.what();
  }
}

std::string role_with(const Variables& variables) {
  const auto environment = aws_environment(variables);
  return stores::credentials_of_role("us-east-1")->description();
}

void check_names_all_ways(const std::string& what) {
  for (const char* way :
       {"AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "--object-store-config",
        "AWS_WEB_IDENTITY_TOKEN_FILE", "AWS_ROLE_ARN",
        "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "instance"})
    CHECK_THAT(what, Catch::Contains(way));
}

}  // namespace

TEST_CASE("the first source of credentials that is set up is taken", "[unit]") {
  CHECK(found_with(together({keys, identity, container})) == "the environment");
  CHECK(found_with(together({identity, container})) ==
        "web identity of role 'arn:role'");
  CHECK(found_with(container) ==
        "the container's endpoint at 'http://127.0.0.1:1'");
  CHECK(found_with({}) == "instance metadata at 'http://169.254.169.254'");
}

TEST_CASE("a role's credentials are never keys of the environment", "[unit]") {
  CHECK(role_with(together({keys, identity})) ==
        "web identity of role 'arn:role'");
  CHECK(role_with(together({keys, container})) ==
        "the container's endpoint at 'http://127.0.0.1:1'");
  CHECK(role_with(keys) == "instance metadata at 'http://169.254.169.254'");
  const auto environment = aws_environment(together({keys, no_instance}));
  const Refused refused =
      refusal_of([] { stores::credentials_of_role("us-east-1"); });
  CHECK(refused.says("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI"));
  CHECK_FALSE(refused.says("AWS_ACCESS_KEY_ID"));
}

TEST_CASE("where no credentials are set up, all ways are named", "[unit]") {
  const std::string what = found_with(no_instance);
  CHECK_THAT(what, Catch::Contains("AWS_EC2_METADATA_DISABLED"));
  check_names_all_ways(what);
}

TEST_CASE("where there is no instance metadata, all ways are named", "[unit]") {
  for (const HttpReply& reply :
       {HttpReply{.status = 404}, HttpReply{.close_after = 0}}) {
    HttpServer server([&reply](const HttpCall&) { return reply; });
    const auto environment =
        aws_environment({{"AWS_EC2_METADATA_SERVICE_ENDPOINT", server.url()}});
    const auto source = stores::credentials_of_environment("us-east-1");
    const Refused refused = refusal_of([&] { source->fetch(); });
    CHECK(refused.kind == Kind::other);
    CHECK(refused.says("instance metadata at '" + server.url()));
    check_names_all_ways(refused.what);
  }
}

TEST_CASE("instance metadata that was there may come back", "[unit]") {
  std::atomic<bool> fails = false;
  HttpServer server([&fails](const HttpCall& call) {
    if (fails)
      return HttpReply{.status = 500};
    return HttpReply{.body = call.target.ends_with("/janitor")
                                 ? json_credentials()
                                 : "janitor"};
  });
  const auto environment =
      aws_environment({{"AWS_EC2_METADATA_SERVICE_ENDPOINT", server.url()}});
  const auto source = stores::credentials_of_environment("us-east-1");
  CHECK(source->fetch().credentials == handed_out);
  fails = true;
  const Refused refused = refusal_of([&] { source->fetch(); });
  CHECK(refused.kind == Kind::unreachable);
  CHECK_FALSE(refused.says("AWS_ACCESS_KEY_ID"));
}

TEST_CASE("keys of the environment are lent for ever", "[unit]") {
  const auto environment =
      aws_environment(together({keys, {{"AWS_SESSION_TOKEN", "token"}}}));
  const stores::LentCredentials lent =
      stores::credentials_of_environment("us-east-1")->fetch();
  CHECK(lent.credentials ==
        stores::S3Credentials{"AKIAKEY", "topsecret", "token"});
  CHECK_FALSE(lent.expire_at);
}

TEST_CASE("half of the keys is refused, in favour of nothing", "[unit]") {
  CHECK_THAT(found_with(together({{keys[0]}, container})),
             Catch::StartsWith("AWS_SECRET_ACCESS_KEY is not set"));
  CHECK_THAT(found_with(together({{keys[1]}, container})),
             Catch::StartsWith("AWS_ACCESS_KEY_ID is not set"));
  CHECK(found_with(together({{{"AWS_SESSION_TOKEN", "token"}}, container})) ==
        "the container's endpoint at 'http://127.0.0.1:1'");
}

TEST_CASE("keys that would break a header are refused, and not shown",
          "[unit]") {
  const Variables broken[] = {{{"AWS_ACCESS_KEY_ID", "secret\n"}},
                              {{"AWS_ACCESS_KEY_ID", "secret x"}},
                              {{"AWS_ACCESS_KEY_ID", "secret\xc3\xa9"}},
                              {{"AWS_SECRET_ACCESS_KEY", "secret\r"}},
                              {{"AWS_SESSION_TOKEN", "secret\nX-Evil: 1"}}};
  for (const Variables& variable : broken) {
    const std::string what = found_with(together({keys, variable}));
    CHECK_THAT(what, Catch::Contains("with a line break"));
    CHECK_THAT(what, !Catch::Contains("secret\n") &&
                         !Catch::Contains("topsecret") &&
                         !Catch::Contains("Evil"));
  }
  CHECK(found_with(
            together({keys, {{"AWS_SECRET_ACCESS_KEY", "pass phrase é"}}})) ==
        "the environment");
}

TEST_CASE("credentials that were given must be such that they can be sent",
          "[unit]") {
  const auto source =
      stores::fixed_credentials({"key", "secret", ""}, "the file 'x'");
  CHECK(source->description() == "the file 'x'");
  CHECK(source->fetch().credentials ==
        stores::S3Credentials{"key", "secret", ""});
  CHECK(refusal_of([] {
          stores::fixed_credentials({"", "s", ""}, "x");
        }).says("x has no access key"));
  CHECK(refusal_of([] {
          stores::fixed_credentials({"k", "", ""}, "x");
        }).says("x has no secret key"));
}
