#include "telemetry/metrics.hpp"
#include "telemetry/metric_families.hpp"
#include "tests/fuzz/fuzzing.hpp"
#include "tests/fuzz/targets.hpp"

#include <algorithm>

namespace fuzz {
namespace {

/// "ci_janitor_run_seconds": of a sample or a comment about it.
std::string name_in(const std::string& line) {
  Input words(line);
  if (line.starts_with("# ")) {
    words.up_to(' ');
    words.up_to(' ');
  }
  const std::string word(words.up_to(' '));
  return word.substr(0, word.find('{'));
}

bool is_ours(const std::string& name) {
  return std::ranges::any_of(telemetry::metric_kinds(),
                             [&](const telemetry::MetricKind& kind) {
                               return name.starts_with(kind.name) &&
                                      (name.size() == kind.name.size() ||
                                       name[kind.name.size()] == '_');
                             });
}

/// Each line is one that Prometheus takes, about a metric of ours.
void must_be_exposition(const std::string& text) {
  for (Input lines(text); !lines.is_empty();) {
    const std::string line(lines.up_to('\n'));
    if (!is_ours(name_in(line)))
      found("a line about no metric of ours: " + line);
    must(line.find(' ') != line.npos && !line.ends_with(' '),
         "a line without a value");
  }
}

}  // namespace

/// What a file or a gateway kept of the run before.
void metrics(std::string_view bytes) {
  Input input(bytes);
  telemetry::PastRun past;
  if (input.byte() % 2 == 1)
    past.labels = {{"job", "ci-janitor"}};
  past.text = input.rest();
  const telemetry::Report report;
  const std::string text = telemetry::metrics_text(report, {}, past);
  must_be_exposition(text);
  must_be_exposition(telemetry::metrics_text(report, {}, {text, {}}));
}

}  // namespace fuzz
