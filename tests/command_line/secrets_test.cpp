#include "tests/command_line/janitor.hpp"
#include "tests/support/http_server.hpp"

#include <fmt/format.h>
#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include <filesystem>
#include <fstream>
#include <thread>

/// Secrets are planted wherever one may be, everything is made to fail, and
/// nobody says a word of them.
namespace {

namespace fs = std::filesystem;
using tests::Ended;
using Environment = tests::Program::Environment;

constexpr const char* secret = "s3cr3t";
/// Nothing listens there.
constexpr const char* nowhere = "127.0.0.1:1";

struct Failure {
  std::string name;
  std::vector<std::string> words;
  Environment environment;
};

struct Planted {
  /// A file that only its owner may read, as libpq wants it.
  std::string file(const std::string& name, const std::string& content) {
    const fs::path path = files.write(name, content);
    fs::permissions(path, fs::perms::owner_read | fs::perms::owner_write);
    return path.string();
  }

  Failure conninfo(const std::string& name, const std::string& text) {
    return {"conninfo: " + name,
            {"--main-conninfo-file", file("conninfo " + name, text)},
            {}};
  }
  Failure redis(const std::string& name, const std::string& text) {
    return {"redis: " + name,
            {"--redis", "file:" + file("redis " + name, text)},
            {}};
  }
  Failure bucket(const std::string& name, const std::string& endpoint,
                 const Environment& environment) {
    return {
        "s3: " + name,
        {"--object-store", "s3://bucket", "--object-store-endpoint", endpoint},
        environment};
  }
  Failure config(const std::string& name, const std::string& text) {
    Failure failure = bucket("config, " + name, url(), {});
    failure.words.insert(failure.words.end(), {"--object-store-config",
                                               file("config " + name, text)});
    return failure;
  }
  [[nodiscard]] std::string url() const { return server.url(); }

  tests::TemporaryDirectory files;
  /// It refuses, and says back all that it was told.
  tests::HttpServer server{[](const tests::HttpCall& call) {
    std::string said;
    for (const auto& [name, value] : call.headers)
      said += name + ": " + value + "\n";
    return tests::HttpReply{
        .status = 403,
        .body = "<Error><Code>AccessDenied</Code><Message>" + said +
                "</Message></Error>"};
  }};
};

const Environment aws_keys{
    {"AWS_ACCESS_KEY_ID", "AKIDEXAMPLE"},
    {"AWS_SECRET_ACCESS_KEY", secret},
    {"AWS_SESSION_TOKEN", std::string("token-") + secret}};

std::vector<Failure> database_failures(Planted& planted) {
  const std::string service = planted.file(
      "service", fmt::format("[main]\nhost=127.0.0.1\nport=1\nuser=me\n"
                             "password={}\nnonsense={}\n",
                             secret, secret));
  return {
      {"PGPASSWORD",
       {},
       {{"PGHOST", "127.0.0.1"}, {"PGPORT", "1"}, {"PGPASSWORD", secret}}},
      {"PGPASSFILE",
       {},
       {{"PGHOST", "127.0.0.1"},
        {"PGPORT", "1"},
        {"PGPASSFILE",
         planted.file("passfile", std::string("*:*:*:*:") + secret + "\n")}}},
      {"service", {}, {{"PGSERVICE", "main"}, {"PGSERVICEFILE", service}}},
      {"main service",
       {"--main-service", "main"},
       {{"PGSERVICEFILE", service}}},
      planted.conninfo(
          "unreachable",
          fmt::format("host=127.0.0.1 port=1 password={}", secret)),
      planted.conninfo("without an equals sign",
                       fmt::format("host=127.0.0.1 password=a {}", secret)),
      planted.conninfo("unknown keyword",
                       fmt::format("host=127.0.0.1 {}=1", secret)),
      planted.conninfo("open quote",
                       fmt::format("password='{} host=127.0.0.1", secret)),
      planted.conninfo("nothing but a password", secret),
      planted.conninfo(
          "URI", fmt::format("postgresql://me:{}@{}/db", secret, nowhere)),
      planted.conninfo("URI with a slash in the password",
                       fmt::format("postgresql://me:{}/x@127.0.0.1:1", secret)),
      planted.conninfo("URI with an open bracket",
                       fmt::format("postgresql://me:{}@[::1/db", secret)),
      planted.conninfo(
          "URI with a wrong query",
          fmt::format("postgresql://me:{0}@{1}/db?{0}=1", secret, nowhere)),
      planted.conninfo(
          "URI with a wrong percent",
          fmt::format("postgresql://me:{}%zz@{}/db", secret, nowhere))};
}

std::vector<Failure> store_failures(Planted& planted) {
  Environment proxy = aws_keys;
  proxy["HTTP_PROXY"] = proxy["http_proxy"] = proxy["HTTPS_PROXY"] =
      fmt::format("http://me:{}@{}", secret, nowhere);
  const std::string connection = fmt::format(
      "provider: AWS\naws_access_key_id: AKID\naws_secret_access_key: {}\n",
      secret);
  return {
      planted.redis("unreachable",
                    fmt::format("redis://:{}@{}/0", secret, nowhere)),
      planted.redis("wrong port",
                    fmt::format("redis://:{}@127.0.0.1:port", secret)),
      planted.redis("wrong database",
                    fmt::format("redis://:{}@127.0.0.1/zero", secret)),
      planted.redis("nonsense", secret),
      planted.redis("wrong scheme", fmt::format("http://:{}@host", secret)),
      {"redis in the environment",
       {},
       {{"CI_JANITOR_REDIS", fmt::format("redis://:{}@:{}", secret, secret)}}},
      planted.bucket("refused", planted.url(), aws_keys),
      planted.bucket("unreachable", std::string("http://") + nowhere, aws_keys),
      planted.bucket("by a proxy", "http://s3.example.com", proxy),
      planted.config("refused", connection),
      planted.config("not YAML", connection + "  - [" + secret + "\n"),
      planted.config("another provider",
                     fmt::format("provider: {}\nkey: {}\n", secret, secret)),
      planted.config("a list for a key",
                     fmt::format("provider: AWS\naws_access_key_id: A\n"
                                 "aws_secret_access_key: [{}]\n",
                                 secret))};
}

/// The processes whose command line holds \a word, each by its directory.
std::vector<fs::path> processes_with(const std::string& word) {
  std::vector<fs::path> found;
  std::error_code gone;
  for (const auto& entry : fs::directory_iterator("/proc", gone)) {
    std::ifstream file(entry.path() / "cmdline");
    const std::string line{std::istreambuf_iterator<char>(file), {}};
    if (line.starts_with(JANITOR_PROGRAM) && tests::contains(line, word))
      found.push_back(entry.path());
  }
  return found;
}

/// Every other one in text, every third one as check.
std::unique_ptr<tests::Program> start(const tests::World& world,
                                      const Failure& failure,
                                      std::size_t which) {
  std::vector<std::string> words{
      JANITOR_PROGRAM, which % 3 == 0 ? "check" : "run",
      "--local-store", world.store.path().string(),
      "--output",      "json",
      "--log-level",   "trace",
      "--log-format",  which % 2 == 0 ? "text" : "json"};
  words.insert(words.end(), failure.words.begin(), failure.words.end());
  return std::make_unique<tests::Program>(words, failure.environment);
}

}  // namespace

TEST_CASE("no secret is in anything that is said about what fails",
          "[postgres][program]") {
  tests::World world;
  world.add_live();
  Planted planted;
  std::vector<Failure> failures = database_failures(planted);
  std::ranges::move(store_failures(planted), std::back_inserter(failures));
  // Side by side: most of them try for some seconds before they give up.
  std::vector<std::unique_ptr<tests::Program>> programs;
  for (const Failure& failure : failures)
    programs.push_back(start(world, failure, programs.size()));
  for (std::size_t i = 0; i < failures.size(); ++i) {
    const Ended ended = programs[i]->wait();
    INFO(failures[i].name << "\n" << ended.out << ended.err);
    CHECK(ended.status != 0);
    CHECK_FALSE(tests::contains(ended.out + ended.err, secret));
    CHECK((ended.out + ended.err).size() > 50);
  }
}

TEST_CASE("a process has no secret in its words, and leaves no core file",
          "[postgres][program]") {
  tests::World world;
  world.add();
  tests::TestSession other;
  other.begin();
  other.run("LOCK TABLE ci_pipeline_artifacts IN ACCESS EXCLUSIVE MODE");
  const tests::Program program(
      {JANITOR_PROGRAM, "run", "--local-store", world.store.path().string(),
       "--lock-timeout", "60000", "--statement-timeout", "60000"},
      {{"PGPASSWORD", secret}});

  std::vector<fs::path> found;
  for (int tries = 0; tries < 200 && found.empty(); ++tries) {
    std::this_thread::sleep_for(std::chrono::milliseconds{50});
    found = processes_with(world.store.path().string());
  }
  REQUIRE(found.size() == 1);
  std::string limits;
  for (int tries = 0; tries < 100; ++tries) {
    limits = tests::read_file(found[0] / "limits");
    const std::size_t at = limits.find("Max core file size");
    REQUIRE(at != std::string::npos);
    limits = limits.substr(at, limits.find('\n', at) - at);
    if (limits.find("unlimited") == std::string::npos)
      break;
    std::this_thread::sleep_for(std::chrono::milliseconds{50});
  }
  CHECK_THAT(limits, Catch::Matches("Max core file size +0 +0 +bytes *"));
  CHECK_FALSE(tests::contains(tests::read_file(found[0] / "cmdline"), secret));
}
