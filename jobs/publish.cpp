#include "jobs/publish.hpp"

#include "jobs/options_table.hpp"
#include "jobs/publish_metrics.hpp"
#include "stores/written_file.hpp"
#include "telemetry/readable.hpp"
#include "telemetry/report_page.hpp"
#include "telemetry/termination_message.hpp"

#include <spdlog/spdlog.h>

#include <exception>
#include <functional>
#include <string_view>
#include <vector>

namespace jobs {
namespace {

using telemetry::in_quotes;

void attempt(const std::string& what, const std::function<void()>& work) {
  try {
    work();
  } catch (const std::exception& error) {
    spdlog::error("{}: {}", what, error.what());
  }
}

}  // namespace

void publish(const Options& options, const telemetry::Report& report,
             const telemetry::RunEnd& end, const std::string& error) {
  // First, since after SIGTERM there may be little time.
  if (const auto& path = options.termination_log)
    attempt("the termination log " + in_quotes(*path) + " is not written", [&] {
      stores::overwrite_file(*path, telemetry::termination_message(
                                        report, end.exit_status, error));
    });
  if (const auto& path = options.report;
      path && report.has_begun() &&
      report.outcome() != telemetry::Outcome::skipped)
    attempt("the report " + in_quotes(*path) + " is not written", [&] {
      stores::replace_file(*path, telemetry::report_page(report));
    });
  if (const auto& path = options.metrics_file)
    attempt("the metrics " + in_quotes(*path) + " are not written",
            [&] { write_metrics(*path, report, end); });
  if (const auto& url = options.metrics_push)
    attempt("the metrics are not pushed to " + in_quotes(*url), [&] {
      push_metrics(*url, std::to_string(options.shard.value_or(0)), report,
                   end);
    });
}

std::optional<std::string> termination_log_of(int argc,
                                              const char* const argv[],
                                              const char* const environment[]) {
  const OptionRow& row = *find_option("termination-log");
  const std::vector<std::string> words(argv, argv + argc);
  const std::string option = row.on_command_line();
  for (std::size_t i = 0; i < words.size(); ++i) {
    if (words[i].starts_with(option + '='))
      return words[i].substr(option.size() + 1);
    if (words[i] == option && i + 1 < words.size())
      return words[i + 1];
  }
  const std::string variable = row.in_environment() + '=';
  for (; *environment != nullptr; ++environment)
    if (std::string_view(*environment).starts_with(variable))
      return std::string(*environment).substr(variable.size());
  return std::nullopt;
}

}  // namespace jobs
