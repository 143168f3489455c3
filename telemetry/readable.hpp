#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace telemetry {

/// \a text as one line that commands no terminal: control characters (C0, DEL,
/// C1), line separators, and marks that turn the direction of writing become
/// "\n", "\x1b" or "\u202e"; a byte that is not UTF-8 becomes "\xff".  What is
/// escaped already stays as it is, so that escaping twice does no harm.
std::string escaped(std::string_view text);

/// \a text escaped, in single quotes, cut off after 200 bytes: for messages.
std::string in_quotes(std::string_view text);

/// \a text with U+FFFD for each byte that is not UTF-8, so that it can stand
/// in JSON.
std::string valid_utf8(std::string_view text);

/// "1,234,567"
std::string grouped(std::int64_t number);

/// \a bytes in MiB with one decimal: "1,024.5"
std::string mebibytes(std::int64_t bytes);

}  // namespace telemetry
