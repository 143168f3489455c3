#include "telemetry/log.hpp"

#include "telemetry/audit.hpp"
#include "telemetry/readable.hpp"
#include "telemetry/standard_error.hpp"
#include "telemetry/timestamp.hpp"

#include <fmt/chrono.h>
#include <fmt/format.h>
#include <spdlog/details/null_mutex.h>
#include <spdlog/sinks/base_sink.h>
#include <spdlog/spdlog.h>
#include <nlohmann/json.hpp>

#include <atomic>
#include <chrono>
#include <memory>
#include <stdexcept>
#include <string_view>
#include <utility>

namespace telemetry {

namespace {

using Message = spdlog::details::log_msg;

// Not a view, whose two halves another thread could see apart.
std::atomic<const char*> pass_under_way{""};

/// Of the message that this thread logs right now: spdlog hands messages to the
/// sink at once, and has no place for more than text.
thread_local const nlohmann::ordered_json* fields_at_hand = nullptr;

std::string_view view(spdlog::string_view_t text) {
  return {text.data(), text.size()};
}

std::string text_line(const Message& message) {
  const std::tm local =
      fmt::localtime(std::chrono::system_clock::to_time_t(message.time));
  return fmt::format("{:%H:%M:%S} {}: {}", local,
                     view(spdlog::level::to_string_view(message.level)),
                     escaped(view(message.payload)));
}

std::string json_line(const Message& message, const std::string& run_id) {
  nlohmann::ordered_json line{
      {"time", format_timestamp(std::chrono::floor<std::chrono::microseconds>(
                   message.time))},
      {"level", view(spdlog::level::to_string_view(message.level))}};
  if (const std::string_view pass = pass_under_way.load(); !pass.empty())
    line["pass"] = pass;
  line["run_id"] = run_id;
  line["message"] = view(message.payload);
  if (fields_at_hand != nullptr)
    line["fields"] = *fields_at_hand;
  // In ASCII, since JSON lets DEL and C1 control characters through.
  return line.dump(-1, ' ', /*ensure_ascii=*/true,
                   nlohmann::ordered_json::error_handler_t::replace);
}

/// Writes where the bar is drawn too.  It needs no lock of its own: lines are
/// made from the message alone, and print_line() has one.
class StandardErrorSink
    : public spdlog::sinks::base_sink<spdlog::details::null_mutex> {
 public:
  StandardErrorSink(LogFormat format, std::string run_id)
      : format_(format), run_id_(std::move(run_id)) {}

 private:
  void sink_it_(const Message& message) override {
    print_line(format_ == LogFormat::json ? json_line(message, run_id_)
                                          : text_line(message));
  }
  void flush_() override {}

  LogFormat format_;
  std::string run_id_;
};

spdlog::level::level_enum level_named(const std::string& name) {
  constexpr std::pair<std::string_view, spdlog::level::level_enum> levels[] = {
      {"trace", spdlog::level::trace}, {"debug", spdlog::level::debug},
      {"info", spdlog::level::info},   {"warning", spdlog::level::warn},
      {"error", spdlog::level::err},   {"off", spdlog::level::off}};
  for (const auto& [known, level] : levels)
    if (known == name)
      return level;
  throw std::invalid_argument("there is no log level " + in_quotes(name));
}

}  // namespace

void set_up_log(LogFormat format, const std::string& level,
                const std::string& run_id) {
  auto logger = std::make_shared<spdlog::logger>(
      "ci-janitor", std::make_shared<StandardErrorSink>(format, run_id));
  logger->set_level(level_named(level));
  set_up_audit(
      format == LogFormat::json && logger->should_log(spdlog::level::info),
      run_id);
  spdlog::set_default_logger(std::move(logger));
}

void set_log_pass(std::string_view pass) {
  pass_under_way = pass.data();
}

void log_with(const std::string& level, const std::string& message,
              const nlohmann::ordered_json& fields) {
  fields_at_hand = &fields;
  spdlog::log(level_named(level), "{}", message);
  fields_at_hand = nullptr;
}

}  // namespace telemetry
