#include "db/parameters.hpp"

#include "db/binary.hpp"

namespace db {
namespace {

// pg_type.dat of PostgreSQL: these never change.
constexpr unsigned bigint_type = 20, text_type = 25, timestamptz_type = 1184;
constexpr unsigned bigint_array_type = 1016, text_array_type = 1009;

/// array_recv's format: dimensions, "has nulls", element type, and for the one
/// dimension its length and lower bound; an empty array has no dimension.
std::string array_header(unsigned element_type, std::size_t length) {
  std::string bytes;
  append_big_endian<std::int32_t>(bytes, length == 0 ? 0 : 1);
  append_big_endian<std::int32_t>(bytes, 0);
  append_big_endian<std::uint32_t>(bytes, element_type);
  if (length == 0)
    return bytes;
  append_big_endian<std::int32_t>(bytes, static_cast<std::int32_t>(length));
  append_big_endian<std::int32_t>(bytes, 1);
  return bytes;
}

}  // namespace

Parameters& Parameters::add(std::int64_t value) {
  std::string bytes;
  append_big_endian(bytes, value);
  return add(bigint_type, std::move(bytes));
}

Parameters& Parameters::add(std::string_view value) {
  return add(text_type, std::string(value));
}

Parameters& Parameters::add(telemetry::Timestamp value) {
  std::string bytes;
  append_big_endian(bytes, to_postgres(value));
  return add(timestamptz_type, std::move(bytes));
}

Parameters& Parameters::add(const std::vector<std::int64_t>& values) {
  std::string bytes = array_header(bigint_type, values.size());
  bytes.reserve(bytes.size() + values.size() * 12);
  for (const std::int64_t value : values) {
    append_big_endian<std::int32_t>(bytes, sizeof value);
    append_big_endian(bytes, value);
  }
  return add(bigint_array_type, std::move(bytes));
}

Parameters& Parameters::add(const std::vector<std::string>& values) {
  std::string bytes = array_header(text_type, values.size());
  for (const std::string& value : values) {
    append_big_endian(bytes, static_cast<std::int32_t>(value.size()));
    bytes += value;
  }
  return add(text_array_type, std::move(bytes));
}

Parameters& Parameters::add(unsigned type, std::string bytes) {
  types_.push_back(type);
  bytes_.push_back(std::move(bytes));
  return *this;
}

std::vector<const char*> Parameters::values() const {
  std::vector<const char*> values;
  for (const std::string& bytes : bytes_)
    values.push_back(bytes.data());
  return values;
}

std::vector<int> Parameters::lengths() const {
  std::vector<int> lengths;
  for (const std::string& bytes : bytes_)
    lengths.push_back(static_cast<int>(bytes.size()));
  return lengths;
}

std::vector<int> Parameters::formats() const {
  std::vector<int> formats(types_.size(), 1);
  return formats;
}

}  // namespace db
