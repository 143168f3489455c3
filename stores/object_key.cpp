#include "stores/object_key.hpp"

#include "stores/digest.hpp"

#include <algorithm>
#include <utility>

namespace stores {
namespace {

std::string project_directory(std::int64_t project_id) {
  const std::string hash = sha256_hex(std::to_string(project_id));
  return hash.substr(0, 2) + '/' + hash.substr(2, 2) + '/' + hash;
}

/// The same, remembered: a worker goes through one project after the other, and
/// the hash costs as much as all the rest of a key.
const std::string& recent_project_directory(std::int64_t project_id) {
  thread_local std::int64_t last_id = project_id;
  thread_local std::string last = project_directory(project_id);
  if (last_id != project_id) {
    last = project_directory(project_id);
    last_id = project_id;
  }
  return last;
}

/// "2022_10_06"; a moment that is no day of a calendar is a word.
std::string day_directory(telemetry::Timestamp moment) {
  std::string day = telemetry::format_timestamp(moment);
  day.resize(std::min(day.find('T'), day.size()));
  std::replace(day.begin(), day.end(), '-', '_');
  return day;
}

const char* component_poison(std::string_view component) {
  if (component.empty())
    return "an empty component";
  if (component == ".")
    return "a component '.'";
  if (component == "..")
    return "a component '..'";
  return nullptr;
}

std::optional<std::string> poison_directory(std::string_view directory) {
  if (directory.empty())
    return "its directory is empty";
  if (directory.find('\0') != std::string_view::npos)
    return "its directory holds a NUL";

  for (std::size_t begin = 0; begin <= directory.size();) {
    const std::size_t end =
        std::min(directory.find('/', begin), directory.size());
    if (const char* why =
            component_poison(directory.substr(begin, end - begin)))
      return std::string("its directory holds ") + why;
    begin = end + 1;
  }
  return std::nullopt;
}

}  // namespace

std::string ObjectKey::path() const {
  std::string result;
  result.reserve(directory.size() + 1 + file.size());
  result.append(directory).append(1, '/').append(file);
  return result;
}

ObjectKey artifact_key(std::int64_t project_id, std::int64_t pipeline_id,
                       std::int64_t artifact_id, std::string file) {
  const std::string& project = recent_project_directory(project_id);
  const std::string pipeline = std::to_string(pipeline_id);
  const std::string artifact = std::to_string(artifact_id);

  ObjectKey key;
  key.directory.reserve(project.size() + pipeline.size() + artifact.size() +
                        22);
  key.directory.append(project).append("/pipelines/").append(pipeline);
  key.directory.append("/artifacts/").append(artifact);
  key.file = std::move(file);
  return key;
}

ObjectKey trace_key(std::int64_t project_id, telemetry::Timestamp created_at,
                    std::int64_t job_id, std::int64_t artifact_id) {
  std::string directory = recent_project_directory(project_id);
  directory.append(1, '/').append(day_directory(created_at));
  directory.append(1, '/').append(std::to_string(job_id));
  directory.append(1, '/').append(std::to_string(artifact_id));
  return {std::move(directory), "job.log"};
}

bool is_artifact_directory(std::string_view directory) {
  // Read from its end: .../pipelines/<digits>/artifacts/<digits>.
  for (const std::string_view name : {"/artifacts/", "/pipelines/"}) {
    const std::size_t digits = directory.find_last_not_of("0123456789") + 1;
    const std::string_view before = directory.substr(0, digits);
    if (digits == directory.size() || !before.ends_with(name))
      return false;
    directory = before.substr(0, before.size() - name.size());
  }
  return true;
}

std::optional<std::string> poison_file(std::string_view file) {
  if (file.empty())
    return "its file name is empty";
  if (file == "." || file == "..")
    return "its file name is '" + std::string(file) + "'";
  if (file.find('/') != std::string_view::npos)
    return "its file name holds a slash";
  if (file.find('\0') != std::string_view::npos)
    return "its file name holds a NUL";
  return std::nullopt;
}

std::optional<std::string> poison(const ObjectKey& key) {
  if (std::optional<std::string> why = poison_file(key.file))
    return why;
  return poison_directory(key.directory);
}

}  // namespace stores
