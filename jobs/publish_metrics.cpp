#include "jobs/publish_metrics.hpp"

#include "stores/http.hpp"
#include "stores/small_file.hpp"
#include "stores/store.hpp"
#include "stores/written_file.hpp"
#include "telemetry/past_lines.hpp"
#include "telemetry/readable.hpp"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <filesystem>
#include <sstream>
#include <stdexcept>

namespace jobs {
namespace {

using namespace std::chrono_literals;

constexpr stores::HttpPatience gateway_patience{
    .connect = 5s, .silence = 5s, .whole = 7500ms};
using Labels = std::map<std::string, std::string>;

constexpr std::size_t longest_metrics_file = std::size_t{4} << 20;

stores::HttpAnswer ask_gateway(stores::HttpClient& http,
                               const stores::HttpRequest& request) {
  stores::HttpAnswer answer = http.send(request);
  if (answer.status / 100 != 2)
    throw std::runtime_error(fmt::format("it answers {} {}", answer.status,
                                         telemetry::in_quotes(answer.body)));
  return answer;
}

/// A gateway that was started anew has nothing; Prometheus knows a counter that
/// begins again.  It tells what all groups have, and can't be asked for one.
std::string kept_by_gateway(stores::HttpClient& http, const std::string& url,
                            const Labels& group) {
  telemetry::PastLines lines(group);
  try {
    ask_gateway(http, {.method = "GET",
                       .url = url + "/metrics",
                       .sink = [&lines](std::string_view bytes) {
                         lines.take(bytes);
                       }});
    return lines.text();
  } catch (const std::exception& error) {
    spdlog::warn("the counters begin anew: the gateway does not tell them: {}",
                 error.what());
    return {};
  }
}

/// The gateway, and the group of a run in it.
struct Group {
  std::string gateway;
  std::string path = "/metrics/job/ci-janitor";
};

Group group_at(const std::string& url) {
  const std::string trimmed = url.substr(0, url.find_last_not_of('/') + 1);
  const std::size_t path = trimmed.find("/metrics/job/");
  if (path == std::string::npos)
    return {.gateway = trimmed};
  return {.gateway = trimmed.substr(0, path), .path = trimmed.substr(path)};
}

/// Of "/metrics/job/NAME/LABEL/VALUE" the part behind "/metrics".
Labels labels_of(const std::string& path) {
  std::istringstream parts(path.substr(std::string_view("/metrics/").size()));
  Labels labels;
  for (std::string name; std::getline(parts, name, '/');)
    std::getline(parts, labels[name], '/');
  return labels;
}

}  // namespace

void push_metrics(const std::string& url, const std::string& shard,
                  const telemetry::Report& report,
                  const telemetry::RunEnd& end) {
  Group group = group_at(url);
  group.path += "/shard/" + shard;
  const Labels labels = labels_of(group.path);
  stores::HttpClient http(gateway_patience);
  const telemetry::PastRun past{
      .text = kept_by_gateway(http, group.gateway, labels), .labels = labels};
  const std::string text = telemetry::metrics_text(report, end, past);
  ask_gateway(http, {.method = "POST",
                     .url = group.gateway + group.path,
                     .headers = {{"content-type", "text/plain; version=0.0.4"}},
                     .body = text});
}

void write_metrics(const std::string& path, const telemetry::Report& report,
                   const telemetry::RunEnd& end) {
  telemetry::PastRun past;
  std::error_code none;
  if (std::filesystem::is_regular_file(path, none))
    past.text = stores::read_small_file(path, "the file", longest_metrics_file);
  stores::replace_file(path, telemetry::metrics_text(report, end, past));
}

}  // namespace jobs
