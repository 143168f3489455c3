#include "telemetry/audit.hpp"

#include "telemetry/standard_error.hpp"
#include "telemetry/timestamp.hpp"

#include <nlohmann/json.hpp>

#include <chrono>

namespace telemetry {

namespace {

struct Audit {
  bool wanted = false;
  std::string run_id;
};

Audit& the_audit() {
  static Audit audit;
  return audit;
}

}  // namespace

void set_up_audit(bool wanted, const std::string& run_id) {
  the_audit() = {wanted, run_id};
}

bool is_audited() {
  return the_audit().wanted;
}

void audit(const char* message, const nlohmann::ordered_json& fields) {
  if (!is_audited())
    return;
  nlohmann::ordered_json line{
      {"time", format_timestamp(std::chrono::floor<std::chrono::microseconds>(
                   std::chrono::system_clock::now()))},
      {"level", "info"},
      {"run_id", the_audit().run_id},
      {"message", message}};
  line.update(fields);
  // In ASCII, as the log: keys come from rows.
  print_line(line.dump(-1, ' ', /*ensure_ascii=*/true,
                       nlohmann::ordered_json::error_handler_t::replace));
}

}  // namespace telemetry
