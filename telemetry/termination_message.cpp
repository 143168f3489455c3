#include "telemetry/termination_message.hpp"

#include "telemetry/readable.hpp"
#include "telemetry/summary.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>

namespace telemetry {
namespace {

using Document = nlohmann::ordered_json;

/// Not one of these can be shorter than 60 bytes.
constexpr std::size_t most_listed = longest_termination_message / 60;

std::string one_line(const Document& document) {
  return document.dump(-1, ' ', /*ensure_ascii=*/true,
                       Document::error_handler_t::replace) +
         '\n';
}

void cut_texts(Document& value, std::size_t longest) {
  if (value.is_structured()) {
    for (Document& part : value)
      cut_texts(part, longest);
  } else if (value.is_string()) {
    const auto& text = value.get_ref<const std::string&>();
    if (text.size() > longest)
      value = valid_utf8(text.substr(0, longest)) + "...";
  }
}

void drop_last(Document& list) {
  list.erase(list.size() - 1);
}

void cut_to_fit(Document& document) {
  Document none = Document::array();
  const bool has_passes = document.contains("passes");
  Document& problems = has_passes ? document["problems"] : none;
  Document& groups =
      has_passes ? document["passes"]["builds"]["waiting_resource_groups"]
                 : none;
  for (Document* const list : {&problems, &groups})
    while (list->size() > most_listed)
      drop_last(*list);
  const auto fits = [&] {
    return one_line(document).size() <= longest_termination_message;
  };
  cut_texts(document, 500);
  while (!fits() && !problems.empty())
    drop_last(problems);
  while (!fits() && !groups.empty())
    drop_last(groups);
  // What a control character is escaped to is six times as long.
  for (std::size_t longest = 250; !fits() && longest > 10; longest /= 2)
    cut_texts(document, longest);
}

}  // namespace

std::string termination_message(const Report& report, int exit_status,
                                const std::string& error) {
  Document document{{"program", "ci-janitor"},
                    {"version", CI_JANITOR_VERSION},
                    {"command", valid_utf8(report.command)},
                    {"run_id", valid_utf8(report.run_id)},
                    {"exit_status", exit_status}};
  if (!error.empty())
    document["error"] = valid_utf8(error);
  if (report.has_begun()) {
    const Document summary = summary_json(report);
    for (const auto& [name, value] : summary.items())
      document[name] = value;
  }
  cut_to_fit(document);
  return one_line(document);
}

}  // namespace telemetry
