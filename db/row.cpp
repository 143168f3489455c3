#include "db/row.hpp"

#include "db/binary.hpp"

#include <libpq-fe.h>

#include <cassert>

namespace db {

bool Row::is_null(int column) const {
  return PQgetisnull(result_, number_, column) != 0;
}

bool Row::boolean(int column) const {
  assert(PQgetlength(result_, number_, column) == 1);
  return *PQgetvalue(result_, number_, column) != 0;
}

std::int64_t Row::integer(int column) const {
  const char* const bytes = PQgetvalue(result_, number_, column);
  switch (PQgetlength(result_, number_, column)) {
    case 2:
      return read_big_endian<std::int16_t>(bytes);
    case 4:
      return read_big_endian<std::int32_t>(bytes);
    default:
      assert(PQgetlength(result_, number_, column) == 8);
      return read_big_endian<std::int64_t>(bytes);
  }
}

std::optional<std::int64_t> Row::maybe_integer(int column) const {
  if (is_null(column))
    return std::nullopt;
  return integer(column);
}

std::string_view Row::text(int column) const {
  return {PQgetvalue(result_, number_, column),
          static_cast<std::size_t>(PQgetlength(result_, number_, column))};
}

telemetry::Timestamp Row::moment(int column) const {
  assert(PQgetlength(result_, number_, column) == 8);
  return from_postgres(
      read_big_endian<std::int64_t>(PQgetvalue(result_, number_, column)));
}

std::vector<std::int64_t> Row::integers(int column) const {
  // array_send's format; see array_header() in parameters.cpp.
  constexpr int header = 20, element = 12;
  const std::string_view bytes = text(column);
  std::vector<std::int64_t> values;
  for (std::size_t at = header; at + element <= bytes.size(); at += element)
    values.push_back(read_big_endian<std::int64_t>(bytes.data() + at + 4));
  return values;
}

}  // namespace db
