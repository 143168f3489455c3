#include "tests/support/s3_server.hpp"

#include "tests/support/program.hpp"
#include "tests/support/s3_request.hpp"

#include <fmt/format.h>
#include <unistd.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <atomic>
#include <csignal>
#include <cstdlib>
#include <random>
#include <sstream>
#include <stdexcept>
#include <utility>

namespace tests {
namespace {

// What tests/support/rgw and tests/support/swift print for their verb env.
std::string exported(const std::string& server, const std::string& name) {
  const std::string variable = "JANITOR_" + server + "_" + name;
  if (const char* const value = std::getenv(variable.c_str()))
    return value;
  const std::string script =
      server == "RGW" ? "tests/support/rgw" : "tests/support/swift";
  throw std::runtime_error(
      fmt::format("{} is not set: this test needs an S3 server; start it with "
                  "'{} with DIR ctest ...', or run './dev test'",
                  variable, script));
}

S3Server server_called(const std::string& name) {
  return {exported(name, "ENDPOINT"), exported(name, "ACCESS_KEY"),
          exported(name, "SECRET_KEY"), "us-east-1"};
}

// Unlike that of any other test, also of one that runs at the same time.
std::string unique_name(const std::string& what) {
  static std::atomic<int> number{0};
  return fmt::format("{}-{}-{}-{:08x}", what, ::getpid(), ++number,
                     std::random_device{}());
}

// Ceph leaves apostrophes to XML.
std::string decoded(const std::string& text) {
  return percent_decoded(unescaped(text));
}

std::vector<std::string> keys_in(const std::string& list) {
  std::vector<std::string> keys = elements(list, "Key");
  std::transform(keys.begin(), keys.end(), keys.begin(), decoded);
  return keys;
}

/// What is to be asked for to be rid of one thing in a bucket.
struct Removal {
  std::string key;
  std::string query;
};

/// \param list    an answer that lists what is in a bucket
/// \param element what one thing is called there
/// \param query   names it by what stands in its element \a id
void add_removals(std::vector<Removal>& removals, const std::string& list,
                  const std::string& element, const std::string& query = "",
                  const std::string& id = "") {
  for (const std::string& thing : elements(list, element)) {
    Removal& removal =
        removals.emplace_back(decoded(elements(thing, "Key").at(0)), query);
    if (!id.empty())
      removal.query += percent_encoded(elements(thing, id).at(0));
  }
}

bool is_truncated(const std::string& list) {
  return elements(list, "IsTruncated") == std::vector<std::string>{"true"};
}

}  // namespace

int S3Server::port() const {
  return std::stoi(endpoint.substr(endpoint.rfind(':') + 1));
}

S3Server S3Server::at(int other_port) const {
  S3Server other = *this;
  other.endpoint = endpoint.substr(0, endpoint.find("//")) +
                   "//127.0.0.1:" + std::to_string(other_port);
  return other;
}

S3Server rgw_server() {
  return server_called("RGW");
}

S3Server swift_server() {
  return server_called("SWIFT");
}

std::string run_rgw(std::vector<std::string> words) {
  words.insert(words.begin() + 1, exported("RGW", "DIR"));
  words.insert(words.begin(), exported("RGW", "SCRIPT"));
  const Ended ended = run_program(words);
  if (ended.status != 0)
    throw std::runtime_error(
        fmt::format("tests/support/rgw {}: {}", words.at(1), ended.err));
  return ended.out;
}

TestBucket::TestBucket(const S3Server& server)
    : server_(server),
      name_(unique_name("janitor")),
      connection_(std::make_unique<S3Connection>(server)) {
  connection_->expect({200}, "PUT", "/" + name_);
}

TestBucket::~TestBucket() {
  // Best effort: it goes with its server at the latest.  Swift may take 10 ms
  // for an object.
  const auto end = Clock::now() + std::chrono::seconds{30};
  try {
    connection_->send("DELETE", "/" + name_, "policy=");
    while (Clock::now() < end && remove_some(end)) {
    }
    connection_->send("DELETE", "/" + name_);
  } catch (const std::exception&) {
  }
}

std::string TestBucket::path(const std::string& key) const {
  return "/" + name_ + "/" + percent_encoded(key, /*slashes=*/true);
}

void TestBucket::put(const std::string& key, const std::string& bytes) {
  connection_->expect({200}, "PUT", path(key), "", bytes);
}

void TestBucket::put_many(const std::vector<std::string>& keys,
                          const std::string& bytes) {
  share_out(server_, keys.size(), [&](S3Connection& connection, std::size_t i) {
    connection.expect({200}, "PUT", path(keys[i]), "", bytes);
  });
}

std::optional<std::string> TestBucket::get(const std::string& key) {
  S3Answer answer = connection_->expect({200, 404}, "GET", path(key));
  if (answer.status == 404)
    return std::nullopt;
  return std::move(answer.body);
}

bool TestBucket::holds(const std::string& key) {
  return connection_->expect({200, 404}, "HEAD", path(key)).status == 200;
}

void TestBucket::remove(const std::string& key) {
  connection_->expect({204}, "DELETE", path(key));
}

std::vector<std::string> TestBucket::keys(const std::string& prefix) {
  std::vector<std::string> all;
  for (std::string after;;) {
    const std::string list =
        connection_
            ->expect({200}, "GET", "/" + name_,
                     "encoding-type=url&list-type=2&prefix=" +
                         percent_encoded(prefix) +
                         "&start-after=" + percent_encoded(after))
            .body;
    const auto page = keys_in(list);
    all.insert(all.end(), page.begin(), page.end());
    if (page.empty() || !is_truncated(list))
      return all;
    after = page.back();
  }
}

std::size_t TestBucket::count(const std::string& prefix) {
  return keys(prefix).size();
}

std::string TestBucket::begin_upload(const std::string& key) {
  const std::string begun =
      connection_->expect({200}, "POST", path(key), "uploads=").body;
  return elements(begun, "UploadId").at(0);
}

std::vector<std::string> TestBucket::list_uploads() {
  const std::string list =
      connection_
          ->expect({200}, "GET", "/" + name_, "encoding-type=url&uploads=")
          .body;
  return keys_in(list);
}

void TestBucket::set_policy(const std::string& json) {
  connection_->expect({200, 204}, "PUT", "/" + name_, "policy=", json);
}

void TestBucket::deny(const std::string& action, const std::string& key) {
  const nlohmann::json policy = {
      {"Version", "2012-10-17"},
      {"Statement",
       {{{"Effect", "Deny"},
         {"Principal", "*"},
         {"Action", action},
         {"Resource", "arn:aws:s3:::" + name_ + "/" + key}}}}};
  set_policy(policy.dump());
}

void TestBucket::set_versioning(bool on) {
  versioned_ = true;
  connection_->expect(
      {200}, "PUT", "/" + name_, "versioning=",
      fmt::format("<VersioningConfiguration "
                  "xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">"
                  "<Status>{}</Status></VersioningConfiguration>",
                  on ? "Enabled" : "Suspended"));
}

bool TestBucket::remove_some(Clock::time_point end) {
  const auto list = [this](const std::string& what) {
    return connection_->expect({200}, "GET", "/" + name_, what).body;
  };
  std::vector<Removal> removals;
  add_removals(removals, list("encoding-type=url&uploads="), "Upload",
               "uploadId=", "UploadId");
  if (versioned_) {
    const std::string versions = list("encoding-type=url&versions=");
    add_removals(removals, versions, "Version", "versionId=", "VersionId");
    add_removals(removals, versions, "DeleteMarker", "versionId=", "VersionId");
  } else {
    add_removals(removals, list("encoding-type=url&list-type=2"), "Contents");
  }
  share_out(server_, removals.size(),
            [&](S3Connection& connection, std::size_t i) {
              if (Clock::now() < end)
                connection.expect({204, 404}, "DELETE", path(removals[i].key),
                                  removals[i].query);
            });
  return !removals.empty();
}

Gateway::Gateway(const std::vector<std::string>& settings,
                 const std::string& pem)
    : name_(unique_name("g")), server_(rgw_server()) {
  std::vector<std::string> words{"gateway", name_};
  if (!pem.empty())
    words.insert(words.end(), {"--tls", pem});
  words.insert(words.end(), settings.begin(), settings.end());
  std::istringstream(run_rgw(words)) >> server_.endpoint >> process_;
}

Gateway::~Gateway() {
  try {
    run_rgw({"end-gateway", name_});
  } catch (const std::exception&) {  // it goes with its cluster at the latest
  }
}

void Gateway::stop() const {
  ::kill(process_, SIGSTOP);
}

void Gateway::resume() const {
  ::kill(process_, SIGCONT);
}

void Gateway::kill() const {
  ::kill(process_, SIGKILL);
}

}  // namespace tests
