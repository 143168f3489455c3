#include "telemetry/readable.hpp"
#include "tests/fuzz/fuzzing.hpp"
#include "tests/fuzz/targets.hpp"

namespace fuzz {

void readable(std::string_view bytes) {
  const std::string text(bytes);
  const std::string escaped = telemetry::escaped(text);
  must_be_harmless(escaped);
  must(telemetry::escaped(escaped) == escaped, "what is escaped is escaped");
  must(telemetry::valid_utf8(escaped) == escaped, "escaped, and no UTF-8");
  const std::string valid = telemetry::valid_utf8(text);
  must(telemetry::valid_utf8(valid) == valid, "valid, and yet not");
  const std::string quoted = telemetry::in_quotes(text);
  must_be_harmless(quoted);
  must(quoted.size() < 1300, "an endless quotation");
  must(telemetry::valid_utf8(quoted) == quoted, "quoted, and no UTF-8");
  if (bytes.size() <= 8) {
    const std::int64_t number = Input(bytes).number();
    std::string grouped = telemetry::grouped(number);
    std::erase(grouped, ',');
    must(grouped == std::to_string(number), "a number with other digits");
    must_be_harmless(telemetry::mebibytes(number));
  }
}

}  // namespace fuzz
