#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string_view>
#include <vector>

#include "telemetry/timestamp.hpp"

struct pg_result;

namespace db {

/// One row of a result in binary format; valid while the sink it was handed to
/// runs.  Columns are counted from 0.  A wrong type is a programmer's mistake
/// and is asserted; NULL is read by the optional forms only.
class Row {
 public:
  Row(const pg_result* result, int number) : result_(result), number_(number) {}

  [[nodiscard]] bool is_null(int column) const;
  [[nodiscard]] bool boolean(int column) const;
  /// smallint, integer or bigint.
  [[nodiscard]] std::int64_t integer(int column) const;
  [[nodiscard]] std::optional<std::int64_t> maybe_integer(int column) const;
  [[nodiscard]] std::string_view text(int column) const;  ///< NULL: ""
  [[nodiscard]] telemetry::Timestamp moment(int column) const;
  /// bigint[] without NULLs; NULL: empty.
  [[nodiscard]] std::vector<std::int64_t> integers(int column) const;

 private:
  const pg_result* result_;
  int number_;
};

/// Takes the rows of a result one by one, as they arrive.
using RowSink = std::function<void(const Row&)>;

}  // namespace db
