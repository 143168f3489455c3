#include <catch2/catch.hpp>

#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <functional>
#include <string>
#include <vector>

#include "tests/support/s3_request.hpp"
#include "tests/support/s3_server.hpp"
#include "tests/support/tcp_proxy.hpp"

namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

// What a client that encodes too little, too much or twice gets wrong.
const std::vector<std::string> odd_keys{
    " ",        "a b+c%20d",     "a/../b", "../c",      "./d//e/",
    "%2e%2e/f", "line\nbreak\t", "\x01",   "ä/ö/☃",     "<&>'\"",
    "?a=1&b#c", "back\\slash",   "~*()!$", "a:b@c;d,e="};

milliseconds time_of(const std::function<void()>& work) {
  const auto begin = steady_clock::now();
  work();
  return std::chrono::duration_cast<milliseconds>(steady_clock::now() - begin);
}

std::vector<std::string> sorted(std::vector<std::string> keys) {
  std::sort(keys.begin(), keys.end());
  return keys;
}

void check_round_trip(const tests::S3Server& server) {
  tests::TestBucket bucket(server);
  for (const std::string& key : odd_keys) {
    CAPTURE(key);
    CHECK_FALSE(bucket.holds(key));
    CHECK_FALSE(bucket.get(key));
    bucket.put(key, "the bytes of " + key);
    CHECK(bucket.holds(key));
    CHECK(bucket.get(key) == "the bytes of " + key);
  }
  CHECK(sorted(bucket.keys()) == sorted(odd_keys));
  CHECK(bucket.keys("../") == std::vector<std::string>{"../c"});
  for (const std::string& key : odd_keys)
    bucket.remove(key);
  CHECK(bucket.count() == 0);
}

void check_versions_and_uploads(const tests::S3Server& server) {
  std::string name;
  {
    tests::TestBucket bucket(server);
    name = bucket.name();
    CHECK(bucket.list_uploads().empty());
    bucket.begin_upload("an upload");
    CHECK(bucket.list_uploads() == std::vector<std::string>{"an upload"});
    bucket.set_versioning(true);
    bucket.put("key");
    bucket.put("key");
    bucket.remove("key");
    CHECK_FALSE(bucket.holds("key"));
  }
  CHECK(tests::S3Connection(server).send("GET", "/" + name).status == 404);
}

}  // namespace

TEST_CASE("a bucket of Ceph takes odd keys, lists them and lets them go",
          "[s3]") {
  check_round_trip(tests::rgw_server());
}

TEST_CASE("a bucket of Swift takes odd keys, lists them and lets them go",
          "[s3]") {
  check_round_trip(tests::swift_server());
}

TEST_CASE("a bucket of Ceph goes with its versions and its open uploads",
          "[s3]") {
  check_versions_and_uploads(tests::rgw_server());
}

TEST_CASE("a bucket of Swift goes with its versions and its open uploads",
          "[s3]") {
  check_versions_and_uploads(tests::swift_server());
}

TEST_CASE("a bucket is filled by many hands and counted over several pages",
          "[s3]") {
  tests::TestBucket bucket(tests::rgw_server());
  std::vector<std::string> keys;
  for (int i = 0; i < 2100; ++i)
    keys.push_back((i % 2 == 0 ? "even/" : "odd/") + std::to_string(i));
  bucket.put_many(keys);
  CHECK(sorted(bucket.keys()) == sorted(keys));
  CHECK(bucket.count("even/") == 1050);
}

TEST_CASE("a policy denies one action on one key", "[s3]") {
  tests::TestBucket bucket(tests::rgw_server());
  bucket.put("denied");
  bucket.put("other");
  bucket.deny("s3:DeleteObject", "denied");
  CHECK_THROWS_WITH(bucket.remove("denied"), Catch::Contains("AccessDenied"));
  bucket.remove("other");
  CHECK(bucket.holds("denied"));
}

TEST_CASE("a user who is suspended is let in no more, at any gateway", "[s3]") {
  const std::string user = "user-" + std::to_string(::getpid());
  tests::S3Server server = tests::rgw_server();
  server.access_key = "KEY-OF-" + user;
  server.secret_key = "secret";
  tests::run_rgw({"user", user, server.access_key, server.secret_key});
  const tests::Gateway gateway;
  tests::S3Connection first(server);
  tests::S3Connection second(server.at(gateway.server().port()));
  CHECK(first.send("GET", "/").status == 200);
  CHECK(second.send("GET", "/").status == 200);
  tests::run_rgw({"suspend", user});
  CHECK(first.send("GET", "/").status == 403);
  CHECK(second.send("GET", "/").status == 403);
  tests::run_rgw({"enable", user});
  CHECK(first.send("GET", "/").status == 200);
  CHECK(second.send("GET", "/").status == 200);
}

TEST_CASE("a gateway that is stopped holds up its own clients only", "[s3]") {
  tests::TestBucket bucket(tests::rgw_server());
  bucket.put("key", "bytes");
  const tests::Gateway gateway;
  const std::string path = "/" + bucket.name() + "/key";
  tests::S3Connection patient(gateway.server());
  CHECK(patient.send("GET", path).body == "bytes");

  gateway.stop();
  CHECK_THROWS_WITH(tests::S3Connection(gateway.server(), milliseconds{300})
                        .send("GET", path),
                    Catch::Contains("Timeout"));
  // A gateway that listened to the others would hold this up for 30 s.
  CHECK(time_of([] { tests::TestBucket other(tests::rgw_server()); }) <
        milliseconds{5000});
  gateway.resume();
  CHECK(patient.send("GET", path).body == "bytes");

  gateway.kill();
  CHECK_THROWS(patient.send("GET", path));
  CHECK(bucket.get("key") == "bytes");
}

TEST_CASE("a proxy cuts one answer where it is told to", "[s3]") {
  tests::TestBucket bucket(tests::rgw_server());
  bucket.put("key", std::string(100'000, 'x'));
  tests::TcpProxy proxy("127.0.0.1", tests::rgw_server().port());
  tests::S3Connection connection(tests::rgw_server().at(proxy.port()));
  const std::string path = "/" + bucket.name() + "/key";
  CHECK(connection.send("GET", path).body.size() == 100'000);
  CHECK_FALSE(proxy.has_cut());

  proxy.cut(50'000, tests::HangUp::reset);
  CHECK_THROWS_WITH(connection.send("GET", path), Catch::Contains("receiving"));
  CHECK(proxy.has_cut());
  proxy.cut(50'000, tests::HangUp::close);
  CHECK_THROWS_WITH(connection.send("GET", path), Catch::Contains("partial"));
  CHECK(connection.send("GET", path).body.size() == 100'000);
  CHECK(proxy.connections() == 3);
}

TEST_CASE("a proxy delays, swallows and refuses", "[s3]") {
  const tests::S3Server server = tests::rgw_server();
  tests::TcpProxy proxy("127.0.0.1", server.port());
  tests::S3Connection connection(server.at(proxy.port()), milliseconds{2000});
  const auto ask = [&] { connection.send("GET", "/"); };

  proxy.delay(milliseconds{100});
  CHECK(time_of(ask) >= milliseconds{400});
  CHECK(time_of(ask) >= milliseconds{200});
  proxy.delay(milliseconds{0});
  CHECK(time_of(ask) < milliseconds{200});

  proxy.swallow(true);
  CHECK_THROWS_WITH(ask(), Catch::Contains("Timeout"));
  proxy.swallow(false);
  ask();

  proxy.refuse(true);
  proxy.hang_up();
  CHECK_THROWS_WITH(ask(), Catch::Contains("connect"));
  proxy.refuse(false);
  ask();
}

TEST_CASE("delays of many connections run side by side", "[s3]") {
  tests::TcpProxy proxy("127.0.0.1", tests::rgw_server().port());
  proxy.delay(milliseconds{100});
  const auto all = time_of([&] {
    tests::share_out(tests::rgw_server().at(proxy.port()), 40,
                     [](tests::S3Connection& connection, std::size_t) {
                       connection.send("GET", "/");
                     });
  });
  CHECK(all < milliseconds{4000});  // one after the other: 8 s
}
