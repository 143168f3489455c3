#include "stores/gitlab_connection.hpp"

#include "stores/store.hpp"
#include "tests/support/temporary_directory.hpp"

#include <catch2/catch.hpp>

#include <chrono>

using stores::GitlabConnection;
using stores::S3Credentials;

namespace {

GitlabConnection read(const std::string& yaml) {
  const tests::TemporaryDirectory directory;
  return stores::read_gitlab_connection(directory.write("settings.yml", yaml));
}

/// Why these settings are refused; empty if they are not.
std::string refusal(const std::string& yaml) {
  try {
    read(yaml);
    return {};
  } catch (const stores::StoreError& error) {
    return error.what();
  }
}

constexpr const char* amazon = R"(
provider: AWS
region: eu-central-1
aws_access_key_id: AKIAKEY
aws_secret_access_key: topsecret
)";

const S3Credentials amazon_keys{"AKIAKEY", "topsecret", ""};

/// The same, further in.
std::string below(const std::string& inner, const std::string& text) {
  std::string indented = inner;
  for (const char letter : text)
    indented +=
        letter == '\n' ? std::string("\n        ") : std::string(1, letter);
  return indented + '\n';
}

void check_amazon(const std::string& yaml) {
  INFO(yaml);
  const GitlabConnection connection = read(yaml);
  CHECK(connection.credentials == amazon_keys);
  CHECK(connection.region == "eu-central-1");
  CHECK_FALSE(connection.use_iam_profile);
  CHECK_FALSE(connection.endpoint);
  CHECK_FALSE(connection.path_style);
}

}  // namespace

TEST_CASE("GitLab's connection is found wherever GitLab has it", "[unit]") {
  check_amazon(amazon);
  check_amazon(below("connection:", amazon));
  check_amazon(below("object_store:\n  enabled: true\n  connection:", amazon));
  check_amazon(below("artifacts:\n  object_store:\n    connection:", amazon));
  check_amazon(
      below("production: &base\n  object_store:\n    connection:", amazon) +
      "test:\n  <<: *base\n");
}

TEST_CASE("GitLab's connection may be JSON, or have symbols as keys",
          "[unit]") {
  check_amazon(R"({"connection": {"provider": "AWS", "region": "eu-central-1",
    "aws_access_key_id": "AKIAKEY", "aws_secret_access_key": "topsecret"}})");
  check_amazon(
      ":provider: AWS\n:region: eu-central-1\n:aws_access_key_id: AKIAKEY\n"
      ":aws_secret_access_key: topsecret\n");
  check_amazon(std::string("---\n") + amazon +
               "enable_signature_v4_streaming: "
               "true\nunknown: [1, {a: b}]\nhost:\n");
}

TEST_CASE("of GitLab's connections that of the artifacts counts, if it is on",
          "[unit]") {
  const std::string other = R"(
object_store:
  enabled: true
  connection: {provider: aws, region: other}
)";
  const std::string artifacts =
      below("artifacts:\n  object_store:\n    enabled: true\n    connection:",
            amazon);
  check_amazon(other + artifacts);
  CHECK(read(other + below("artifacts:\n  object_store:\n    enabled: false\n"
                           "    connection:",
                           amazon))
            .region == "other");
  CHECK(read(other + "artifacts:\n  object_store:\n    connection: {}\n")
            .region == "other");
}

TEST_CASE("GitLab's connection may say where the server is", "[unit]") {
  const GitlabConnection minio = read(
      "{provider: AWS, endpoint: 'http://127.0.0.1:9000', path_style: "
      "true, aws_signature_version: 4, aws_session_token: token, "
      "aws_access_key_id: a, aws_secret_access_key: b}");
  CHECK(minio.endpoint == "http://127.0.0.1:9000");
  CHECK(minio.path_style == true);
  CHECK(minio.credentials == S3Credentials{"a", "b", "token"});
  CHECK(read("{provider: AWS, path_style: false}").path_style == false);

  CHECK(read("{provider: AWS, host: s3.example.com}").endpoint ==
        "https://s3.example.com");
  CHECK(read("{provider: AWS, host: h, scheme: http, port: 9000}").endpoint ==
        "http://h:9000");
  CHECK(read("{provider: AWS, host: h, endpoint: 'https://e'}").endpoint ==
        "https://e");
  CHECK_FALSE(read("{provider: AWS, host: s3.amazonaws.com}").endpoint);
}

TEST_CASE("GitLab's connection may leave the keys to a role", "[unit]") {
  const GitlabConnection role =
      read(std::string(amazon) + "use_iam_profile: true\n");
  CHECK(role.use_iam_profile);
  CHECK_FALSE(role.credentials);
  CHECK_FALSE(read("{provider: AWS}").use_iam_profile);
  CHECK_FALSE(read("{provider: AWS, aws_access_key_id: ''}").credentials);
}

TEST_CASE("a connection that GitLab would not make so is refused by its key",
          "[unit]") {
  const std::pair<const char*, const char*> wrong[] = {
      {"provider: Google", "provider must be AWS"},
      {"provider: AzureRM", "provider must be AWS"},
      {"aws_signature_version: 2", "aws_signature_version must be 4"},
      {"use_iam_profile: maybe", "use_iam_profile must be true or false"},
      {"path_style: [true]", "path_style must be true or false"},
      {"region: {a: b}", "region must be a plain value"},
      {"aws_secret_access_key: <%= secret %>",
       "aws_secret_access_key must be a plain value"},
      {"aws_secret_access_key:", "aws_secret_access_key is missing"},
      {"aws_access_key_id: ''", "aws_access_key_id is missing"},
      {"aws_access_key_id: \"a\\nb\"", "access key with a line break"},
      {"aws_session_token: \"a\\rb\"", "session token with a line break"}};
  for (const auto& [line, why] : wrong) {
    const std::string what = refusal(std::string(amazon) + line + '\n');
    CHECK_THAT(what, Catch::Contains(why) && Catch::Contains("settings.yml'"));
    CHECK_THAT(what,
               !Catch::Contains("secret>") && !Catch::Contains("topsecret"));
  }
}

TEST_CASE("what holds no connection of GitLab is refused", "[unit]") {
  for (const char* yaml :
       {"", "text", "[a, b]", "a: b", "{}", "object_store: {enabled: true}",
        "connection: [provider, AWS]",
        "object_store: {enabled: false, connection: {provider: AWS}}"})
    CHECK_THAT(refusal(yaml), Catch::Contains("are not there"));
  CHECK_THAT(refusal("connection: {region: x}"),
             Catch::Contains("provider must be AWS"));
  CHECK_THAT(refusal("object_store:\n  connection: <%= YAML.load_file(1) %>"),
             Catch::Contains("template"));
  CHECK_THAT(refusal("a: b\n\ntopsecret: 'x"),
             Catch::Contains("are not YAML") && !Catch::Contains("topsecret"));
}

TEST_CASE("a file of settings that can't be read is named", "[unit]") {
  const auto refusal_of_path = [](const std::string& path) -> std::string {
    try {
      stores::read_gitlab_connection(path);
      return {};
    } catch (const stores::StoreError& error) {
      return error.what();
    }
  };
  CHECK_THAT(refusal_of_path("/nowhere/x.yml"),
             Catch::Contains("'/nowhere/x.yml' can't be opened"));
  CHECK_THAT(refusal_of_path("/"), Catch::Contains("is a directory"));
  CHECK_THAT(refusal(std::string(300'000, '#')),
             Catch::Contains("262,144 bytes"));
}

TEST_CASE("settings made to explode do not", "[unit]") {
  std::string bomb = "a0: &a0 [x, x]\n";
  for (int i = 1; i < 60; ++i) {
    const std::string before = "*a" + std::to_string(i - 1);
    bomb += "a" + std::to_string(i) + ": &a" + std::to_string(i) + " [" +
            before + ", " + before + ", " + before + "]\n";
  }
  const auto start = std::chrono::steady_clock::now();
  check_amazon(bomb + amazon + "region: *a59\nregion: eu-central-1\n");
  CHECK_THAT(refusal(bomb + "connection: *a59\n"),
             Catch::Contains("are not there"));
  for (const char* deep : {"[", "{", "- ", "? ", "{a: "}) {
    std::string text;
    while (text.size() < 200'000)
      text += deep;
    CHECK_FALSE(refusal(text).empty());
  }
  CHECK(std::chrono::steady_clock::now() - start < std::chrono::seconds{30});
}
