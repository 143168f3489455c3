#include "stores/http.hpp"

#include "tests/support/http_server.hpp"
#include "tests/support/scoped_environment.hpp"

#include <catch2/catch.hpp>

#include <cstring>
#include <stdexcept>
#include <thread>

using std::chrono::milliseconds;
using stores::HttpClient;
using stores::HttpFailure;
using tests::HttpCall;
using tests::HttpReply;
using tests::HttpServer;

namespace {

HttpReply echo(const HttpCall& call) {
  return {.headers = {{"X-Method", call.method}}, .body = call.body};
}

stores::HttpRequest get(const std::string& url) {
  return {.method = "GET", .url = url};
}

/// What it says when nothing came of a request.
std::string failure(HttpClient& client, const stores::HttpRequest& request) {
  try {
    client.send(request);
  } catch (const HttpFailure& error) {
    return error.what();
  }
  return "it succeeded";
}

}  // namespace

TEST_CASE("every method is sent as it is named", "[unit]") {
  HttpServer server(echo);
  HttpClient client;
  for (const char* const method : {"GET", "PUT", "POST", "DELETE", "HEAD"}) {
    auto request = get(server.url() + "/a%20b/../c?x=%2F");
    request.method = method;
    const auto answer = client.send(request);
    CHECK(answer.status == 200);
    CHECK(answer.headers.at("x-method") == method);
  }
  for (const HttpCall& call : server.calls())
    CHECK(call.target == "/a%20b/../c?x=%2F");
  CHECK(server.connections() == 1);
}

TEST_CASE("a body is sent from memory or by a reader", "[unit]") {
  HttpServer server(echo);
  HttpClient client;
  auto request = get(server.url());
  request.method = "POST";
  request.body = "the body";
  CHECK(client.send(request).body == "the body");

  const std::string large(300'000, 'x');
  request.method = "PUT";
  request.reader = [&](std::int64_t offset, char* to, std::size_t size) {
    return std::string_view(large)
        .substr(static_cast<std::size_t>(offset))
        .copy(to, size);
  };
  request.reader_size = std::ssize(large);
  CHECK((client.send(request).body == large));
  CHECK_FALSE(server.calls()[1].headers.contains("expect"));
}

TEST_CASE("a body begins anew where a kept connection was closed", "[unit]") {
  HttpServer server([](const HttpCall& call) {
    HttpReply reply = echo(call);
    reply.headers["Connection"] = "close";
    return reply;
  });
  HttpClient client;
  auto request = get(server.url());
  request.method = "PUT";
  request.reader = [](std::int64_t offset, char* to, std::size_t size) {
    return std::string_view("abc").substr(std::size_t(offset)).copy(to, size);
  };
  request.reader_size = 3;
  for (int i = 0; i < 3; ++i)
    CHECK(client.send(request).body == "abc");
}

TEST_CASE("a sink takes what succeeded, and nothing else", "[unit]") {
  std::atomic<int> status{200};
  HttpServer server([&](const HttpCall&) {
    return HttpReply{.status = status, .body = "bytes"};
  });
  HttpClient client;
  std::string sunk;
  auto request = get(server.url());
  request.sink = [&](std::string_view bytes) { sunk += bytes; };
  CHECK(client.send(request).body.empty());
  CHECK(sunk == "bytes");
  status = 404;
  CHECK(client.send(request).body == "bytes");
  CHECK(sunk == "bytes");
}

TEST_CASE("what a sink or a reader throws goes on", "[unit]") {
  HttpServer server([](const HttpCall&) { return HttpReply{.body = "x"}; });
  HttpClient client;
  auto request = get(server.url());
  request.sink = [](std::string_view) { throw std::out_of_range("full"); };
  CHECK_THROWS_AS(client.send(request), std::out_of_range);
  request.sink = {};
  request.method = "PUT";
  request.reader = [](std::int64_t, char*, std::size_t) -> std::size_t {
    throw std::out_of_range("empty");
  };
  request.reader_size = 3;
  CHECK_THROWS_AS(client.send(request), std::out_of_range);
  request.reader = {};
  CHECK(client.send(request).status == 200);
}

TEST_CASE("who does not answer is said not to", "[unit]") {
  HttpClient client({.connect = milliseconds{500},
                     .silence = milliseconds{1000},
                     .whole = milliseconds{1000}});
  CHECK(failure(client, get("http://127.0.0.1:1/"))
            .starts_with("does not answer ("));
  HttpServer server([](const HttpCall&) {
    return HttpReply{.delay = std::chrono::seconds{20}};
  });
  CHECK(failure(client, get(server.url()))
            .starts_with("does not answer in time"));
  CHECK(failure(client, get("ftp://127.0.0.1/"))
            .starts_with("does not answer ("));
  CHECK(failure(client, get("file:///etc/hostname"))
            .starts_with("does not answer ("));
}

TEST_CASE("a proxy is what the usual variables say", "[unit]") {
  HttpServer proxy([](const HttpCall& call) {
    return HttpReply{.body = "through " + call.target};
  });
  const tests::ScopedEnvironment through(
      {{"http_proxy", proxy.url()}, {"no_proxy", "127.0.0.1"}});
  HttpClient client;
  CHECK(client.send(get("http://bucket.invalid/x")).body ==
        "through http://bucket.invalid/x");
  HttpServer server(echo);
  CHECK(client.send(get(server.url())).body.empty());  // NO_PROXY

  HttpClient direct({.connect = milliseconds{500}}, HttpClient::Proxy::never);
  CHECK(failure(direct, get("http://bucket.invalid/x")) != "it succeeded");
  CHECK(proxy.count() == 1);
}

TEST_CASE("threads send at the same time, each on a connection of its own",
          "[unit]") {
  HttpServer server(echo);
  HttpClient client;
  std::vector<std::thread> threads;
  std::vector<int> wrong(4);
  for (std::size_t i = 0; i < wrong.size(); ++i)
    threads.emplace_back([&, i] {
      const std::string body(1000 + i, static_cast<char>('a' + i));
      auto request = get(server.url());
      request.method = "POST";
      request.body = body;
      for (int round = 0; round < 50; ++round)
        wrong[i] += client.send(request).body == body ? 0 : 1;
    });
  for (std::thread& thread : threads)
    thread.join();
  CHECK(wrong == std::vector<int>(4));
  CHECK(server.connections() <= 4);
}
