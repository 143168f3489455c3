#include "stores/s3_credentials.hpp"

#include "tests/stores/aws_environment.hpp"
#include "tests/support/http_server.hpp"

#include <catch2/catch.hpp>

#include <atomic>
#include <condition_variable>
#include <future>
#include <mutex>
#include <thread>

using namespace tests;
using namespace std::chrono_literals;

namespace {

using stores::CredentialLender;
using stores::LentCredentials;
using stores::S3Credentials;

/// What a source does and how long it takes, told from outside.
class Script {
 public:
  std::atomic<int> fetches = 0;
  std::atomic<bool> fails = false;
  std::optional<std::chrono::seconds> lifetime = 1h;

  telemetry::Timestamp now() const {
    return telemetry::Timestamp{} + std::chrono::seconds{seconds_.load()};
  }
  void pass(std::chrono::seconds time) { seconds_ += time.count(); }

  /// From now on, a fetch waits for let_go().
  void hold() { held_ = true; }
  void let_go() {
    const std::lock_guard lock(mutex_);
    held_ = false;
    let_go_.notify_all();
  }

  LentCredentials fetch() {
    const int number = ++fetches;
    std::unique_lock lock(mutex_);
    let_go_.wait(lock, [this] { return !held_; });
    if (fails)
      throw stores::StoreUnreachable("the script fails");
    LentCredentials lent{{std::to_string(number), "secret", ""}, {}};
    if (lifetime)
      lent.expire_at = now() + *lifetime;
    return lent;
  }

 private:
  std::atomic<std::int64_t> seconds_ = 1'700'000'000;
  std::mutex mutex_;
  std::condition_variable let_go_;
  std::atomic<bool> held_ = false;
};

class ScriptedSource : public stores::CredentialSource {
 public:
  explicit ScriptedSource(Script& script) : script_(script) {}
  LentCredentials fetch() override { return script_.fetch(); }
  std::string description() const override { return "a script"; }

 private:
  Script& script_;
};

struct Fixture {
  Script script;
  CredentialLender lender{std::make_unique<ScriptedSource>(script),
                          [this] { return script.now(); }};

  /// Which fetch the credentials lent now are from.
  std::string lend() { return lender.lend().access_key; }
};

void wait_until(const std::function<bool()>& happens) {
  for (int i = 0; i < 10'000 && !happens(); ++i)
    std::this_thread::sleep_for(1ms);
}

}  // namespace

TEST_CASE_METHOD(Fixture, "credentials are fetched once, when they are needed",
                 "[unit]") {
  CHECK(script.fetches == 0);
  CHECK(lend() == "1");
  CHECK(lend() == "1");
  CHECK(lender.description() == "a script");
}

TEST_CASE_METHOD(Fixture, "credentials are renewed five minutes before the end",
                 "[unit]") {
  CHECK(lend() == "1");
  script.pass(55min - 1s);
  CHECK(lend() == "1");
  script.pass(1s);
  CHECK(lend() == "2");
  CHECK(lend() == "2");
}

TEST_CASE_METHOD(Fixture, "credentials without an end are never renewed",
                 "[unit]") {
  script.lifetime.reset();
  CHECK(lend() == "1");
  script.pass(24h * 365 * 100);
  CHECK(lend() == "1");
}

TEST_CASE_METHOD(Fixture, "old credentials are lent while others fail to come",
                 "[unit]") {
  lend();
  script.fails = true;
  script.pass(55min);
  CHECK(lend() == "1");
  CHECK(script.fetches == 2);

  script.pass(9s);  // the source is left alone
  CHECK(lend() == "1");
  CHECK(script.fetches == 2);
  script.pass(1s);
  CHECK(lend() == "1");
  CHECK(script.fetches == 3);

  script.pass(5min - 11s);
  CHECK(lend() == "1");
  script.pass(1s);
  CHECK_THROWS_AS(lend(), stores::StoreUnreachable);
  script.fails = false;
  CHECK(lend() == "6");
}

TEST_CASE_METHOD(Fixture,
                 "credentials that live shortly are not always fetched",
                 "[unit]") {
  script.lifetime = 4min;
  CHECK(lend() == "1");
  script.pass(9s);
  CHECK(lend() == "1");
  script.pass(1s);
  CHECK(lend() == "2");
  script.lifetime = 5s;
  script.pass(10s);
  CHECK(lend() == "3");
  script.pass(5s);
  CHECK(lend() == "4");
}

TEST_CASE_METHOD(Fixture, "rejected credentials are fetched anew, once",
                 "[unit]") {
  const S3Credentials first = lender.lend();
  lender.reject(first);
  CHECK(lend() == "2");
  lender.reject(first);
  CHECK(lend() == "2");

  script.fails = true;
  lender.reject(lender.lend());
  CHECK_THROWS_AS(lend(), stores::StoreUnreachable);
}

TEST_CASE_METHOD(Fixture, "of many who need credentials one fetches them",
                 "[unit]") {
  script.hold();
  std::atomic<int> lent = 0;
  std::vector<std::thread> threads;
  for (int i = 0; i < 8; ++i)
    threads.emplace_back([&] {
      if (lend() == "1")
        ++lent;
    });
  wait_until([&] { return script.fetches > 0; });
  std::this_thread::sleep_for(20ms);
  script.let_go();
  for (std::thread& thread : threads)
    thread.join();
  CHECK(lent == 8);
  CHECK(script.fetches == 1);
}

TEST_CASE_METHOD(Fixture, "nobody waits while credentials are renewed",
                 "[unit]") {
  lend();
  script.pass(56min);
  script.hold();
  std::thread renews([&] { lend(); });
  wait_until([&] { return script.fetches == 2; });
  auto lent = std::async(std::launch::async, [this] { return lend(); });
  CHECK(lent.wait_for(10s) == std::future_status::ready);
  script.let_go();
  CHECK(lent.get() == "1");
  renews.join();
  CHECK(lend() == "2");
}

TEST_CASE_METHOD(Fixture, "who waits for credentials hears why none come",
                 "[unit]") {
  script.hold();
  script.fails = true;
  std::atomic<int> heard = 0;
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i)
    threads.emplace_back([&] {
      const Refused refused = refusal_of([&] { lend(); });
      if (refused.kind == Kind::unreachable &&
          refused.what == "the script fails")
        ++heard;
    });
  wait_until([&] { return script.fetches > 0; });
  std::this_thread::sleep_for(200ms);
  script.let_go();
  for (std::thread& thread : threads)
    thread.join();
  CHECK(heard == 4);
  CHECK(script.fetches < 4);
  script.fails = false;
  CHECK_NOTHROW(lend());
}

TEST_CASE("credentials of an instance are renewed in the middle of a run",
          "[unit]") {
  std::atomic<int> handed = 0;
  HttpServer server([&handed](const HttpCall& call) {
    if (!call.target.ends_with("/janitor"))
      return HttpReply{.body = "janitor"};
    const auto end = ++handed == 1 ? 2s : 3600s;
    return HttpReply{.body = json_credentials(
                         "\"AccessKeyId\": \"" + std::to_string(handed) +
                         "\", \"Expiration\": \"" + time_in(end) + '"')};
  });
  const auto environment =
      aws_environment({{"AWS_EC2_METADATA_SERVICE_ENDPOINT", server.url()}});
  CredentialLender lender(stores::credentials_of_instance());
  CHECK(lender.lend().access_key == "1");
  CHECK(lender.lend().access_key == "1");
  std::this_thread::sleep_for(2100ms);
  CHECK(lender.lend().access_key == "2");
  CHECK(lender.lend().access_key == "2");
  CHECK(handed == 2);
}
