#pragma once

#include <cstdint>

namespace db {

/// How project_statistics follows what is destroyed: pipeline_artifacts_size
/// and storage_size, the first alone (17.x on), or neither.
enum class StatisticsWay : std::uint8_t { with_storage, alone, off };

}  // namespace db
