#include "db/error.hpp"

#include <array>
#include <string_view>

namespace db {
namespace {

/// libpq ends its messages with a newline, and adds LINE and HINT lines.
std::string first_line(const std::string& message) {
  return message.substr(0, message.find('\n'));
}

template <std::size_t n>
bool is_among(const std::string& sqlstate,
              const std::array<std::string_view, n>& states) {
  for (const std::string_view state : states)
    if (sqlstate == state)
      return true;
  return false;
}

// https://www.postgresql.org/docs/15/errcodes-appendix.html
constexpr std::array<std::string_view, 3> transient{"40001", "40P01", "55P03"};
// 25006: the server has become a standby, which is as good as gone.
constexpr std::array<std::string_view, 4> gone{"57P01", "57P02", "57P03",
                                               "25006"};
constexpr std::array<std::string_view, 6> unfit{"42P01", "42703", "42501",
                                                "42883", "3F000", "428C9"};

// A table, a column or a schema that is not there; an id that is generated now;
// NULL in a new column.
constexpr std::array<std::string_view, 5> other_schema{
    "42P01", "42703", "3F000", "428C9", "23502"};

}  // namespace

Error::Error(std::string query, std::string sqlstate,
             const std::string& message)
    : std::runtime_error(query + ": " + first_line(message)),
      query_(std::move(query)),
      sqlstate_(std::move(sqlstate)) {}

bool Error::is_transient() const {
  return is_among(sqlstate_, transient);
}

bool Error::timed_out() const {
  return sqlstate_ == "57014";
}

bool Error::took_too_long() const {
  return timed_out() && message().find("timeout") != std::string::npos;
}

bool Error::connection_lost() const {
  return sqlstate_.empty() || sqlstate_.starts_with("08") ||
         is_among(sqlstate_, gone);
}

bool Error::is_unfit() const {
  return is_among(sqlstate_, unfit);
}

bool Error::tells_other_schema() const {
  return is_among(sqlstate_, other_schema);
}

CommitUnknown::CommitUnknown(std::string query, const std::string& message,
                             std::string transaction, bool rows_complete)
    : Error(std::move(query), "", message),
      transaction_(std::move(transaction)),
      rows_complete_(rows_complete) {}

}  // namespace db
