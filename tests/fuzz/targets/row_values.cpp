#include "db/parameters.hpp"
#include "db/row.hpp"
#include "tests/fuzz/fuzzing.hpp"
#include "tests/fuzz/targets.hpp"

#include <libpq-fe.h>

#include <memory>
#include <vector>

namespace fuzz {
namespace {

using Result = std::unique_ptr<PGresult, decltype(&PQclear)>;

/// A row of one column that holds these bytes.
Result row_of(std::string_view bytes) {
  Result result(PQmakeEmptyPGresult(nullptr, PGRES_TUPLES_OK), PQclear);
  char name[] = "c";
  PGresAttDesc column{name, 0, 0, 1, 1016, -1, -1};
  must(PQsetResultAttrs(result.get(), 1, &column) != 0, "no column");
  std::string value(bytes);
  must(PQsetvalue(result.get(), 0, 0, value.data(),
                  static_cast<int>(value.size())) != 0,
       "no value");
  return result;
}

/// What is sent is what is read back.
void try_numbers(Input input) {
  std::vector<std::int64_t> values;
  while (!input.is_empty())
    values.push_back(input.number());
  db::Parameters parameters;
  parameters.add(values);
  const Result result =
      row_of({parameters.values()[0],
              static_cast<std::size_t>(parameters.lengths()[0])});
  must(db::Row(result.get(), 0).integers(0) == values,
       "an array is read as another one");
}

}  // namespace

void row_values(std::string_view bytes) {
  const Result result = row_of(bytes);
  const db::Row row(result.get(), 0);
  must(!row.is_null(0) && row.text(0) == bytes, "a text is read as another");
  must(row.integers(0).size() <= bytes.size() / 12, "more than was sent");
  if (bytes.size() == 1)
    static_cast<void>(row.boolean(0));
  if (bytes.size() == 2 || bytes.size() == 4 || bytes.size() == 8)
    must(row.maybe_integer(0) ==
             Input(bytes).number(static_cast<int>(bytes.size())),
         "a number is read as another");
  if (bytes.size() == 8)
    static_cast<void>(row.moment(0));
  try_numbers(Input(bytes));
}

}  // namespace fuzz
