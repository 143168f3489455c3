#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "telemetry/timestamp.hpp"

namespace db {

/// The values of $1, $2, ... in order, in PostgreSQL's binary format.  Values
/// travel apart from the SQL and are never pasted into it.
///
///     connection.execute(session, query, Parameters().add(ids).add(horizon));
class Parameters {
 public:
  Parameters& add(std::int64_t value);                       ///< bigint
  Parameters& add(std::string_view value);                   ///< text
  Parameters& add(telemetry::Timestamp value);               ///< timestamptz
  Parameters& add(const std::vector<std::int64_t>& values);  ///< bigint[]
  Parameters& add(const std::vector<std::string>& values);   ///< text[]

  [[nodiscard]] int count() const { return static_cast<int>(types_.size()); }
  [[nodiscard]] const unsigned* types() const { return types_.data(); }
  [[nodiscard]] std::vector<const char*> values() const;
  [[nodiscard]] std::vector<int> lengths() const;
  [[nodiscard]] std::vector<int> formats() const;

 private:
  Parameters& add(unsigned type, std::string bytes);

  std::vector<unsigned> types_;
  std::vector<std::string> bytes_;
};

}  // namespace db
