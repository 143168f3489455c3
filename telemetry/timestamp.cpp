#include "telemetry/timestamp.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstdint>

namespace telemetry {

namespace {

using std::chrono::days;
using std::chrono::hours;
using std::chrono::microseconds;
using std::chrono::minutes;
using std::chrono::seconds;

// std::chrono::year ends at 32,767 and PostgreSQL's calendar at 294,276, so
// dates are moved by whole cycles of the calendar into 2000 to 2399.
constexpr std::int64_t years_per_cycle = 400;
constexpr std::int64_t days_per_cycle = 146'097;
constexpr std::int64_t first_of_cycle = 2000;
constexpr std::int64_t start_of_cycle =
    std::chrono::sys_days{std::chrono::year{2000} / 1 / 1}
        .time_since_epoch()
        .count();

constexpr std::int64_t floor_divide(std::int64_t a, std::int64_t b) {
  return a / b - (a % b < 0 ? 1 : 0);
}

std::optional<std::int64_t> days_since_epoch(std::int64_t year, unsigned month,
                                             unsigned day) {
  const std::int64_t cycle =
      floor_divide(year - first_of_cycle, years_per_cycle);
  const std::chrono::year_month_day date{
      std::chrono::year{static_cast<int>(year - cycle * years_per_cycle)},
      std::chrono::month{month}, std::chrono::day{day}};
  if (!date.ok())
    return std::nullopt;
  return std::chrono::sys_days{date}.time_since_epoch().count() +
         cycle * days_per_cycle;
}

/// Takes what it can read off the front of a text.
class Reader {
 public:
  explicit Reader(std::string_view text) : text_(text) {}

  [[nodiscard]] bool at_end() const { return text_.empty(); }

  bool take(std::string_view any_of) {
    if (text_.empty() || any_of.find(text_.front()) == std::string_view::npos)
      return false;
    text_.remove_prefix(1);
    return true;
  }

  bool take_word(std::string_view word) {
    if (!text_.starts_with(word))
      return false;
    text_.remove_prefix(word.size());
    return true;
  }

  /// A number of \a least to \a most digits; nothing if there are fewer.
  std::optional<std::int64_t> number(std::size_t least, std::size_t most) {
    const std::size_t length =
        std::min({text_.find_first_not_of("0123456789"), text_.size(), most});
    if (length < least)
      return std::nullopt;
    std::int64_t value = 0;
    for (const char digit : text_.substr(0, length))
      value = value * 10 + (digit - '0');
    text_.remove_prefix(length);
    last_length_ = length;
    return value;
  }

  /// A number of two digits up to \a largest; else nothing is taken.
  std::optional<std::int64_t> two_digits(std::int64_t largest) {
    const std::string_view before = text_;
    const std::optional<std::int64_t> value = number(2, 2);
    if (value && *value <= largest)
      return value;
    text_ = before;
    return std::nullopt;
  }

  [[nodiscard]] std::size_t last_length() const { return last_length_; }

 private:
  std::string_view text_;
  std::size_t last_length_ = 0;
};

struct Date {
  std::int64_t year = 0;
  unsigned month = 0;
  unsigned day = 0;
};

std::optional<Date> read_date(Reader& reader) {
  const auto year = reader.number(4, 6);  // there is no year 0000
  if (!year || *year == 0 || !reader.take("-"))
    return std::nullopt;
  const auto month = reader.two_digits(12);
  if (!month || !reader.take("-"))
    return std::nullopt;
  const auto day = reader.two_digits(31);
  if (!day)
    return std::nullopt;
  return Date{*year, static_cast<unsigned>(*month),
              static_cast<unsigned>(*day)};
}

std::optional<microseconds> read_fraction(Reader& reader) {
  auto value = reader.number(1, 6);
  if (!value)
    return std::nullopt;
  for (std::size_t length = reader.last_length(); length < 6; ++length)
    *value *= 10;
  return microseconds{*value};
}

std::optional<microseconds> read_time(Reader& reader) {
  const auto hour = reader.two_digits(23);
  if (!hour || !reader.take(":"))
    return std::nullopt;
  const auto minute = reader.two_digits(59);
  if (!minute)
    return std::nullopt;
  const microseconds whole = hours{*hour} + minutes{*minute};
  if (!reader.take(":"))
    return whole;

  const auto second = reader.two_digits(59);
  if (!second)
    return std::nullopt;
  if (!reader.take("."))
    return whole + seconds{*second};
  const auto fraction = read_fraction(reader);
  if (!fraction)
    return std::nullopt;
  return whole + seconds{*second} + *fraction;
}

std::optional<minutes> read_offset(Reader& reader) {
  if (reader.take("Zz"))
    return minutes{0};
  const bool west = reader.take("-");
  if (!west && !reader.take("+"))
    return minutes{0};

  const auto hour = reader.two_digits(15);  // PostgreSQL's bound
  if (!hour)
    return std::nullopt;
  const bool colon = reader.take(":");
  const auto minute = reader.two_digits(59);
  if (colon && !minute)
    return std::nullopt;
  const minutes offset = hours{*hour} + minutes{minute.value_or(0)};
  return west ? -offset : offset;
}

// Microseconds since the epoch end in the years 292277 and -290308.
std::optional<Timestamp> at(std::int64_t day, microseconds since_midnight) {
  std::int64_t count = 0;
  if (__builtin_mul_overflow(day, microseconds{days{1}}.count(), &count) ||
      __builtin_add_overflow(count, since_midnight.count(), &count))
    return std::nullopt;
  return Timestamp{microseconds{count}};
}

std::string format_fraction(std::int64_t fraction) {
  if (fraction == 0)
    return {};
  std::string text = fmt::format(".{:06}", fraction);
  text.erase(text.find_last_not_of('0') + 1);
  return text;
}

}  // namespace

std::string format_timestamp(Timestamp moment) {
  if (moment == Timestamp::min())
    return "-infinity";
  if (moment == Timestamp::max())
    return "infinity";

  constexpr std::int64_t length = microseconds{days{1}}.count();
  const std::int64_t count = moment.time_since_epoch().count();
  const std::int64_t day = floor_divide(count, length);
  const std::chrono::hh_mm_ss time{
      microseconds{(count % length + length) % length}};

  const std::int64_t cycle = floor_divide(day - start_of_cycle, days_per_cycle);
  const std::chrono::year_month_day date{
      std::chrono::sys_days{days{day - cycle * days_per_cycle}}};
  const std::int64_t year = int{date.year()} + cycle * years_per_cycle;

  return fmt::format(
      "{:04}-{:02}-{:02}T{:02}:{:02}:{:02}{}Z{}", year > 0 ? year : 1 - year,
      unsigned{date.month()}, unsigned{date.day()}, time.hours().count(),
      time.minutes().count(), time.seconds().count(),
      format_fraction(time.subseconds().count()), year > 0 ? "" : " BC");
}

std::optional<Timestamp> parse_timestamp(std::string_view text) {
  if (text == "infinity")
    return Timestamp::max();
  if (text == "-infinity")
    return Timestamp::min();

  Reader reader(text);
  std::optional<Date> date = read_date(reader);
  if (!date || !reader.take("Tt "))
    return std::nullopt;
  const std::optional<microseconds> time = read_time(reader);
  if (!time)
    return std::nullopt;
  const std::optional<minutes> offset = read_offset(reader);
  if (!offset)
    return std::nullopt;
  if (reader.take_word(" BC"))
    date->year = 1 - date->year;
  if (!reader.at_end())
    return std::nullopt;

  const auto day = days_since_epoch(date->year, date->month, date->day);
  return day ? at(*day, *time - *offset) : std::nullopt;
}

}  // namespace telemetry
