#include "telemetry/readable.hpp"

#include <fmt/format.h>

namespace telemetry {

namespace {

struct CodePoint {
  char32_t value = 0;
  std::size_t length = 0;  ///< 0: no UTF-8 here
};

constexpr unsigned byte_at(std::string_view text, std::size_t index) {
  return static_cast<unsigned char>(text[index]);
}

constexpr std::size_t sequence_length(unsigned lead) {
  if (lead < 0x80)
    return 1;
  if (lead < 0xC2 || lead > 0xF4)
    return 0;
  return lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : 2;
}

// Overlong forms and surrogates are as wrong as a lone continuation byte.
constexpr bool is_well_formed(char32_t value, std::size_t length) {
  if (length == 3)
    return value >= 0x800 && (value < 0xD800 || value > 0xDFFF);
  return length < 4 || (value >= 0x10000 && value <= 0x10FFFF);
}

CodePoint decode(std::string_view text) {
  const unsigned lead = byte_at(text, 0);
  const std::size_t length = sequence_length(lead);
  if (length <= 1)
    return {lead, length};
  if (text.size() < length)
    return {};

  char32_t value = lead & (0xFFU >> (length + 1));
  for (std::size_t i = 1; i < length; ++i) {
    if ((byte_at(text, i) & 0xC0U) != 0x80U)
      return {};
    value = (value << 6U) | (byte_at(text, i) & 0x3FU);
  }
  return is_well_formed(value, length) ? CodePoint{value, length} : CodePoint{};
}

constexpr bool is_harmless(char32_t value) {
  const bool control = value < 0x20 || (value >= 0x7F && value <= 0x9F);
  const bool direction = value == 0x61C || value == 0x200E || value == 0x200F ||
                         (value >= 0x202A && value <= 0x202E) ||
                         (value >= 0x2066 && value <= 0x2069);
  const bool line = value == 0x2028 || value == 0x2029;
  return !control && !direction && !line;
}

std::string escape_of(char32_t value) {
  switch (value) {
    case '\n':
      return "\\n";
    case '\r':
      return "\\r";
    case '\t':
      return "\\t";
    default:
      return value < 0x80
                 ? fmt::format("\\x{:02x}", static_cast<unsigned>(value))
                 : fmt::format("\\u{:04x}", static_cast<unsigned>(value));
  }
}

}  // namespace

std::string escaped(std::string_view text) {
  std::string result;
  while (!text.empty()) {
    const CodePoint point = decode(text);
    if (point.length == 0)
      result += fmt::format("\\x{:02x}", byte_at(text, 0));
    else if (is_harmless(point.value))
      result += text.substr(0, point.length);
    else
      result += escape_of(point.value);
    text.remove_prefix(point.length == 0 ? 1 : point.length);
  }
  return result;
}

std::string in_quotes(std::string_view text) {
  constexpr std::size_t longest = 200;
  const bool fits = text.size() <= longest;
  return fmt::format("'{}{}'", escaped(text.substr(0, longest)),
                     fits ? "" : "...");
}

std::string valid_utf8(std::string_view text) {
  std::string result;
  while (!text.empty()) {
    const std::size_t length = decode(text).length;
    if (length == 0)
      result += "\xEF\xBF\xBD";
    else
      result += text.substr(0, length);
    text.remove_prefix(length == 0 ? 1 : length);
  }
  return result;
}

std::string grouped(std::int64_t number) {
  std::string digits = fmt::format("{}", number);
  const std::size_t first = number < 0 ? 1 : 0;
  for (std::size_t at = digits.size(); at > first + 3;) {
    at -= 3;
    digits.insert(at, 1, ',');
  }
  return digits;
}

std::string mebibytes(std::int64_t bytes) {
  constexpr std::int64_t mebibyte = std::int64_t{1024} * 1024;
  // Rounded to tenths before it is split, so that 1.96 becomes 2.0.
  const std::int64_t whole = bytes / mebibyte;
  const std::int64_t tenths = (bytes % mebibyte * 10 + mebibyte / 2) / mebibyte;
  return fmt::format("{}.{}", grouped(whole + tenths / 10), tenths % 10);
}

}  // namespace telemetry
