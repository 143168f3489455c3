#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "telemetry/timestamp.hpp"

namespace stores {

/// Where an object lies in its store: the two columns of ci_deleted_objects.
struct ObjectKey {
  std::string directory;  ///< store_dir: relative, without a slash at its ends
  std::string file;       ///< the last component

  /// directory/file, as a path below the root or an S3 key.
  [[nodiscard]] std::string path() const;
  bool operator==(const ObjectKey&) const = default;
};

/// The key of a pipeline artifact (GitLab's hashed path, E21 to E26):
/// H[0..1]/H[2..3]/H/pipelines/<pipeline>/artifacts/<artifact>/<file> with H
/// the SHA-256 of the project's id in decimal, in lower-case hex.
ObjectKey artifact_key(std::int64_t project_id, std::int64_t pipeline_id,
                       std::int64_t artifact_id, std::string file);

/// The key of a job's archived trace, which GitLab keeps as a job artifact:
/// H[0..1]/H[2..3]/H/<YYYY_MM_DD>/<job>/<artifact>/job.log with H as above and
/// the day, in UTC, on which the artifact was created.  Safe for every moment,
/// infinity too.
ObjectKey trace_key(std::int64_t project_id, telemetry::Timestamp created_at,
                    std::int64_t job_id, std::int64_t artifact_id);

/// The directory is one that artifact_key() makes: it was this one artifact's
/// own, and GitLab never uses it again.
bool is_artifact_directory(std::string_view directory);

/// The one rule for every store: a key is safe if its file is one component,
/// and its directory a relative path of components, none of them empty, "." or
/// "..", none with a NUL.  It asks for containment, not for a pattern, since
/// the queue holds every shape that GitLab ever wrote.
///
/// \return why the key is poison, as part of a sentence; nothing if it is safe.
std::optional<std::string> poison(const ObjectKey& key);

/// The same rule for the file name alone.
std::optional<std::string> poison_file(std::string_view file);

}  // namespace stores
