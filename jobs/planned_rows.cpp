#include "jobs/planned_rows.hpp"

#include "jobs/options.hpp"
#include "jobs/path_look.hpp"
#include "telemetry/readable.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <fstream>
#include <functional>
#include <limits>
#include <optional>
#include <string_view>

namespace jobs {
namespace {

using nlohmann::json;

/// What is wrong with a line; the caller knows its number.
class BadLine : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

std::int64_t whole_number(const json& line, const char* name) {
  const auto found = line.find(name);
  if (found == line.end() || !found->is_number_integer() ||
      (found->is_number_unsigned() &&
       found->get<std::uint64_t>() >
           static_cast<std::uint64_t>(
               std::numeric_limits<std::int64_t>::max())))
    throw BadLine(fmt::format("'{}' is not a whole number", name));
  return found->get<std::int64_t>();
}

std::string text_of(const json& line, const char* name) {
  const auto found = line.find(name);
  if (found == line.end() || !found->is_string())
    throw BadLine(fmt::format("'{}' is not a text", name));
  return found->get<std::string>();
}

std::uint64_t checksum(const std::string& listed) {
  return std::hash<std::string>{}(listed);
}

/// As `plan` lists it, where bytes that are not UTF-8 are replaced.
std::string listed_artifact(std::int64_t project, std::int64_t pipeline,
                            std::int64_t bytes, std::int64_t store,
                            const std::string& key) {
  return fmt::format("{} {} {} {} {}", project, pipeline, bytes, store,
                     telemetry::valid_utf8(key));
}

std::string listed_job(std::int64_t project, std::int64_t pipeline,
                       std::int64_t user, const std::string& status) {
  return fmt::format("{} {} {} {}", project, pipeline, user, status);
}

/// Lines of bounded length, without their ends.
class Lines {
 public:
  explicit Lines(std::istream& stream) : stream_(stream) {}

  /// \return nothing at the end of the file.
  std::optional<std::string_view> next() {
    stream_.getline(buffer_.data(),
                    static_cast<std::streamsize>(buffer_.size()));
    const auto got = static_cast<std::size_t>(stream_.gcount());
    if (stream_.bad() || (stream_.eof() && got == 0))
      return std::nullopt;
    if (stream_.eof())
      throw BadLine("it has no end: the file is cut short");
    if (stream_.fail())
      throw BadLine("it is too long");
    return std::string_view(buffer_.data(), got - 1);
  }

 private:
  std::istream& stream_;
  std::vector<char> buffer_ = std::vector<char>(PlannedRows::longest_line + 1);
};

}  // namespace

PlannedRows::PlannedRows(std::istream& lines, const std::string& name,
                         const db::Filter& filter) {
  std::int64_t number = 1;
  try {
    Lines all(lines);
    for (auto line = all.next(); line; ++number, line = all.next())
      take(std::string(*line), filter);
  } catch (const BadLine& error) {
    throw UsageError(fmt::format(
        "--plan {}, line {}: {}; give what plan --output jsonl printed",
        telemetry::in_quotes(name), number, error.what()));
  }
  settle(name);
}

void PlannedRows::take(const std::string& line, const db::Filter& filter) {
  const json row = json::parse(line, nullptr, /*allow_exceptions=*/false);
  if (!row.is_object())
    throw BadLine("it is not a JSON object");
  const std::string kind = text_of(row, "kind");
  if (kind == "artifact")
    take_artifact(row, filter);
  else if (kind == "build")
    take_job(row, filter);
  else
    throw BadLine("'kind' is neither artifact nor build");
}

void PlannedRows::take_artifact(const json& row, const db::Filter& filter) {
  const std::int64_t id = whole_number(row, "id");
  const std::int64_t project = whole_number(row, "project_id");
  const std::int64_t store = whole_number(row, "store");
  const std::string listed =
      listed_artifact(project, whole_number(row, "pipeline_id"),
                      whole_number(row, "bytes"), store, text_of(row, "key"));
  const std::string pass = text_of(row, "pass");
  if (pass != "unlocked" && pass != "legacy")
    throw BadLine("'pass' is neither unlocked nor legacy");
  if (!filter.leaves_in(project, store))
    return;
  ++of_all_shards_;
  if (!filter.shard.takes(project))
    return;
  (pass == "unlocked" ? unlocked_ : legacy_).push_back(id);
  artifacts_.push_back({id, checksum(listed)});
}

void PlannedRows::take_job(const json& row, const db::Filter& filter) {
  const std::int64_t id = whole_number(row, "id");
  const std::int64_t project = whole_number(row, "project_id");
  const std::int64_t pipeline = whole_number(row, "pipeline_id");
  const std::string listed = listed_job(
      project, pipeline, whole_number(row, "user_id"), text_of(row, "status"));
  // A job is in no store.
  if (!filter.leaves_in(project, filter.stores.front()) ||
      !filter.shard.takes(pipeline))
    return;
  jobs_.push_back({id, checksum(listed)});
  pipelines_.push_back(pipeline);
}

/// Put all in order; a file that is two plans in one may name a row twice, but
/// in one way only.
void PlannedRows::settle(const std::string& name) {
  for (auto* const ids : {&unlocked_, &legacy_, &pipelines_}) {
    std::ranges::sort(*ids);
    ids->erase(std::unique(ids->begin(), ids->end()), ids->end());
  }
  std::erase_if(legacy_, [this](std::int64_t id) {
    return std::ranges::binary_search(unlocked_, id);
  });
  for (auto* const rows : {&artifacts_, &jobs_}) {
    std::ranges::sort(*rows);
    rows->erase(std::unique(rows->begin(), rows->end()), rows->end());
    const auto twice = std::ranges::adjacent_find(*rows, {}, &Row::id);
    if (twice != rows->end())
      throw UsageError(
          fmt::format("--plan {} names {} {} twice, and not as the same",
                      telemetry::in_quotes(name),
                      rows == &artifacts_ ? "artifact" : "build", twice->id));
  }
}

const std::vector<std::int64_t>& PlannedRows::artifacts(
    db::Selection selection) const {
  return selection == db::Selection::unlocked ? unlocked_ : legacy_;
}

std::int64_t PlannedRows::artifacts() const {
  return static_cast<std::int64_t>(artifacts_.size());
}

bool PlannedRows::contains(const Rows& rows, const Row& row) {
  return std::ranges::binary_search(rows, row);
}

PlannedRows::Row PlannedRows::row_of(const db::Artifact& artifact) {
  return {artifact.id,
          checksum(listed_artifact(artifact.project_id, artifact.pipeline_id,
                                   artifact.size, artifact.file_store,
                                   key_of(artifact).path()))};
}

PlannedRows::Row PlannedRows::row_of(const db::Job& job) {
  return {job.id, checksum(listed_job(job.project_id, job.pipeline_id,
                                      job.user_id, job.status))};
}

bool PlannedRows::names(const db::Artifact& artifact) const {
  return contains(artifacts_, row_of(artifact));
}

bool PlannedRows::names(const db::Job& job) const {
  return contains(jobs_, row_of(job));
}

bool PlannedRows::names_pipeline(std::int64_t pipeline) const {
  return std::ranges::binary_search(pipelines_, pipeline);
}

PlannedRows read_plan(const std::string& path, const db::Filter& filter) {
  std::ifstream file(path, std::ios::binary);
  const auto refuse = [&] {
    throw UsageError(
        fmt::format("--plan names the file {}, which can't be read",
                    telemetry::in_quotes(path)));
  };
  if (!file)
    refuse();
  PlannedRows rows(file, path, filter);
  if (file.bad())  // as of a directory
    refuse();
  return rows;
}

}  // namespace jobs
