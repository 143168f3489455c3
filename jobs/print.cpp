#include "jobs/print.hpp"

#include "jobs/path_look.hpp"
#include "telemetry/summary.hpp"

#include <fmt/format.h>
#include <spdlog/spdlog.h>
#include <nlohmann/json.hpp>

#include <cerrno>
#include <cstdio>
#include <system_error>

namespace jobs {
namespace {

using nlohmann::json;

/// What rows say may not be UTF-8; a result must be JSON all the same.  In
/// ASCII, since it may end on a terminal, and JSON lets DEL, C1 control
/// characters and marks that turn the direction of writing through.
std::string dump(const nlohmann::ordered_json& document, int indent) {
  return document.dump(indent, ' ', true, json::error_handler_t::replace);
}

/// A reader that goes away (`| head`) is no reason to stop looking.
void print_line(const std::string& line) {
  static bool readable = true;
  try {
    if (readable)
      fmt::print("{}\n", line);
  } catch (const std::system_error& error) {
    readable = false;
    spdlog::error("the list is cut short: {}", error.what());
  }
}

void print_artifact(telemetry::Pass pass, const db::Artifact& artifact) {
  const nlohmann::ordered_json line{{"kind", "artifact"},
                                    {"pass", telemetry::name_of(pass)},
                                    {"id", artifact.id},
                                    {"project_id", artifact.project_id},
                                    {"pipeline_id", artifact.pipeline_id},
                                    {"bytes", artifact.size},
                                    {"store", artifact.file_store},
                                    {"key", key_of(artifact).path()}};
  print_line(dump(line, -1));
}

void print_job(const db::Job& job) {
  const nlohmann::ordered_json line{{"kind", "build"},
                                    {"id", job.id},
                                    {"project_id", job.project_id},
                                    {"pipeline_id", job.pipeline_id},
                                    {"status", job.status},
                                    {"user_id", job.user_id}};
  print_line(dump(line, -1));
}

void write_summary(const Options& options, const telemetry::Report& report) {
  if (options.output == Output::json)
    fmt::print("{}\n", dump(telemetry::summary_json(report), 2));
  else
    fmt::print(options.output == Output::jsonl ? stderr : stdout, "{}",
               telemetry::summary_text(report));
  if (std::fflush(stdout) != 0)
    throw std::system_error(errno, std::generic_category());
}

}  // namespace

void print_summary(const Options& options, const telemetry::Report& report) {
  // What was done is done, and the exit status tells of that alone.
  try {
    write_summary(options, report);
  } catch (const std::system_error& error) {
    spdlog::error("the result could not be written to standard output: {}",
                  error.code().message());
  }
}

Listing listing_for(const Options& options) {
  if (options.output == Output::jsonl)
    return {.artifact = print_artifact, .job = print_job};
  return {};
}

}  // namespace jobs
