#include "telemetry/log.hpp"

#include "telemetry/standard_error.hpp"
#include "telemetry/timestamp.hpp"
#include "tests/telemetry/captured_standard_error.hpp"

#include <spdlog/spdlog.h>
#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include <regex>
#include <sstream>
#include <thread>
#include <vector>

using telemetry::LogFormat;
using telemetry::set_up_log;

namespace {

/// Puts the default logger back where it was.
class LoggerRestored {
 public:
  LoggerRestored() : before_(spdlog::default_logger()) {}
  ~LoggerRestored() { spdlog::set_default_logger(before_); }
  LoggerRestored(const LoggerRestored&) = delete;
  LoggerRestored& operator=(const LoggerRestored&) = delete;

 private:
  std::shared_ptr<spdlog::logger> before_;
};

std::vector<std::string> lines_of(const std::string& text) {
  std::istringstream stream(text);
  std::vector<std::string> lines;
  for (std::string line; std::getline(stream, line);)
    lines.push_back(line);
  return lines;
}

}  // namespace

TEST_CASE("a log line for people has the time, the level and the message",
          "[unit]") {
  const LoggerRestored restored;
  const std::string text = tests::standard_error_of([] {
    set_up_log(LogFormat::text, "info", "run-1");
    spdlog::warn("{} rows are held", 3);
  });
  CHECK(std::regex_match(
      text, std::regex("\\d\\d:\\d\\d:\\d\\d warning: 3 rows are held\n")));
}

TEST_CASE("a log line for people commands no terminal and stays one line",
          "[unit]") {
  const LoggerRestored restored;
  const std::string text = tests::standard_error_of([] {
    set_up_log(LogFormat::text, "info", "run-1");
    spdlog::info("{}", "a\x1b[2J\nb\r\xff");
  });
  CHECK(text.ends_with("info: a\\x1b[2J\\nb\\r\\xff\n"));
  CHECK(lines_of(text).size() == 1);
}

TEST_CASE("a log line for machines is JSON whatever the message holds",
          "[unit]") {
  const LoggerRestored restored;
  const std::string text = tests::standard_error_of([] {
    set_up_log(LogFormat::json, "info", "run \"1\"");
    spdlog::error("{}",
                  "quote \" back \\ \x1b\n\x7f\xc2\x9b \xff \xe2\x82\xac");
  });
  REQUIRE(text.find('\n') == text.size() - 1);
  for (const char byte : text.substr(0, text.size() - 1))
    CHECK((byte >= ' ' && byte < '\x7f'));

  const auto line = nlohmann::json::parse(text);
  CHECK(line.size() == 4);
  CHECK(telemetry::parse_timestamp(line["time"].get<std::string>()));
  CHECK(line["level"] == "error");
  CHECK(line["run_id"] == "run \"1\"");
  CHECK(line["message"] ==
        "quote \" back \\ \x1b\n\x7f\xc2\x9b \xef\xbf\xbd \xe2\x82\xac");
}

TEST_CASE("a log line for machines has its pass and its figures", "[unit]") {
  const LoggerRestored restored;
  const auto lines = lines_of(tests::standard_error_of([] {
    set_up_log(LogFormat::json, "debug", "run-1");
    telemetry::set_log_pass("legacy");
    telemetry::log_with("debug", "a {} batch", {{"rows", 5}, {"why", "\xff"}});
    spdlog::info("plain");
    telemetry::set_log_pass("");
    spdlog::info("after it");
  }));
  REQUIRE(lines.size() == 3);
  const auto batch = nlohmann::json::parse(lines[0]);
  CHECK(batch["level"] == "debug");
  CHECK(batch["pass"] == "legacy");
  CHECK(batch["message"] == "a {} batch");
  CHECK(batch["fields"]["rows"] == 5);
  CHECK(batch["fields"]["why"] == "\xef\xbf\xbd");
  const auto plain = nlohmann::json::parse(lines[1]);
  CHECK(plain["pass"] == "legacy");
  CHECK_FALSE(plain.contains("fields"));
  CHECK_FALSE(nlohmann::json::parse(lines[2]).contains("pass"));
}

TEST_CASE("what is below the level is not logged, and off logs nothing",
          "[unit]") {
  const LoggerRestored restored;
  const auto lines_at = [](const std::string& level) {
    return lines_of(tests::standard_error_of([&] {
             set_up_log(LogFormat::text, level, "run-1");
             spdlog::trace("one");
             spdlog::debug("two");
             spdlog::info("three");
             spdlog::warn("four");
             spdlog::error("five");
           }))
        .size();
  };
  CHECK(lines_at("trace") == 5);
  CHECK(lines_at("debug") == 4);
  CHECK(lines_at("info") == 3);
  CHECK(lines_at("warning") == 2);
  CHECK(lines_at("error") == 1);
  CHECK(lines_at("off") == 0);
  CHECK_THROWS_AS(set_up_log(LogFormat::text, "loud", "run-1"),
                  std::invalid_argument);
}

TEST_CASE("lines of several threads are never mixed", "[unit]") {
  const LoggerRestored restored;
  const std::string text = tests::standard_error_of([] {
    set_up_log(LogFormat::json, "info", "run-1");
    std::vector<std::thread> threads;
    for (int thread = 0; thread < 4; ++thread)
      threads.emplace_back([] {
        for (int i = 0; i < 200; ++i)
          spdlog::info("{}", std::string(500, 'x'));
      });
    for (std::thread& thread : threads)
      thread.join();
  });
  const std::vector<std::string> lines = lines_of(text);
  CHECK(lines.size() == 800);
  for (const std::string& line : lines)
    REQUIRE(nlohmann::json::accept(line));
}

TEST_CASE("a log line clears the bar, and the bar is drawn again below it",
          "[unit]") {
  const std::string text = tests::standard_error_of([] {
    telemetry::show_bar("[==>  ]");
    telemetry::print_line("line");
    telemetry::finish_bar();
    telemetry::print_line("last");
  });
  CHECK(text == "\r\x1b[K[==>  ]\r\x1b[Kline\n[==>  ]\nlast\n");
}

TEST_CASE("a standard error that can't be written stops nobody", "[unit]") {
  const int full = ::open("/dev/full", O_WRONLY);
  REQUIRE(full >= 0);
  {
    const tests::StandardErrorTo redirection(full);
    telemetry::print_line("lost");
  }
  ::close(full);
}
