#include "telemetry/metric_families.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <optional>

namespace telemetry {
namespace {

using Labels = MetricFamilies::Labels;

/// One line of an exposition.
struct Sample {
  std::string_view name;
  Labels labels;
  double value = 0;
};

bool take_character(std::string_view& text, char wanted) {
  if (!text.starts_with(wanted))
    return false;
  text.remove_prefix(1);
  return true;
}

/// A quoted value, with \\, \" and \n in it.
std::optional<std::string> take_value(std::string_view& text) {
  if (!take_character(text, '"'))
    return std::nullopt;
  std::string value;
  while (!text.empty() && text.front() != '"') {
    char letter = text.front();
    text.remove_prefix(1);
    if (letter == '\\' && !text.empty()) {
      letter = text.front() == 'n' ? '\n' : text.front();
      text.remove_prefix(1);
    }
    value += letter;
  }
  return take_character(text, '"') ? std::optional(value) : std::nullopt;
}

/// {a="b",c="d"}, or nothing at all, which is no labels.
std::optional<Labels> take_labels(std::string_view& text) {
  Labels labels;
  if (!take_character(text, '{'))
    return labels;
  while (!take_character(text, '}')) {
    const std::size_t equals = text.find('=');
    if (equals == std::string_view::npos)
      return std::nullopt;
    const std::string name(text.substr(0, equals));
    text.remove_prefix(equals + 1);
    const auto value = take_value(text);
    if (!value)
      return std::nullopt;
    labels[name] = *value;
    take_character(text, ',');
  }
  return labels;
}

std::optional<double> read_value(std::string_view text) {
  double value = 0;
  const char* const end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, value);
  if (error != std::errc{} || stop != end || !std::isfinite(value) || value < 0)
    return std::nullopt;
  return value;
}

std::optional<Sample> read_sample(std::string_view line) {
  const std::size_t name_end = line.find_first_of("{ ");
  if (line.starts_with('#') || name_end == std::string_view::npos)
    return std::nullopt;
  Sample sample{.name = line.substr(0, name_end), .labels = {}};
  line.remove_prefix(name_end);
  auto labels = take_labels(line);
  if (!labels || !take_character(line, ' '))
    return std::nullopt;
  const auto value = read_value(line);
  if (!value)
    return std::nullopt;
  sample.labels = std::move(*labels);
  sample.value = *value;
  return sample;
}

/// Whether a gateway keeps it for us; then it is as we sent it.
bool is_ours(Labels& labels, const Labels& required) {
  for (const auto& [name, value] : required) {
    const auto found = labels.find(name);
    if (found == labels.end() || found->second != value)
      return false;
    labels.erase(found);
  }
  if (!required.empty())
    labels.erase("instance");  // a gateway adds an empty one
  return true;
}

/// The kind that \a name is a sample of, and which: "_bucket", "_sum" and
/// "_count" of a histogram, "" of others.
std::pair<const MetricKind*, std::string_view> kind_and_part(
    std::string_view name) {
  for (const MetricKind& kind : metric_kinds()) {
    if (!name.starts_with(kind.name))
      continue;
    const std::string_view part = name.substr(kind.name.size());
    const bool is_histogram = kind.type == prometheus::MetricType::Histogram;
    if (is_histogram ? part == "_bucket" || part == "_sum" : part.empty())
      return {&kind, part};
  }
  return {nullptr, {}};
}

/// More than a double counts exactly is no number of ours.
constexpr double largest_count = 9007199254740992;

/// Buckets count what is below their bound; one of \a value more means as much
/// in the one and as much less in the next.
void add_histogram_part(MetricFamilies& families, const MetricKind& kind,
                        std::string_view part, Sample sample) {
  Durations::Kind addend;
  if (part == "_sum") {
    addend.seconds = sample.value;
    return families.durations(kind.name, addend, sample.labels);
  }
  if (sample.value > largest_count)
    return;
  const std::string bound = sample.labels["le"];
  sample.labels.erase("le");
  const auto within = static_cast<std::int64_t>(sample.value);
  if (bound == "+Inf") {
    addend.counts.back() = within;
    return families.durations(kind.name, addend, sample.labels);
  }
  const auto value = read_value(bound);
  const auto* const found =
      std::ranges::find(Durations::bounds, value.value_or(-1));
  if (found == Durations::bounds.end())
    return;
  const auto index =
      static_cast<std::size_t>(found - Durations::bounds.begin());
  addend.counts[index] = within;
  addend.counts[index + 1] = -within;
  families.durations(kind.name, addend, sample.labels);
}

}  // namespace

bool is_past(std::string_view line, const Labels& required) {
  // Most lines of a gateway are others': their names alone are read.
  const auto name = line.substr(0, line.find_first_of("{ "));
  if (kind_and_part(name).first == nullptr)
    return false;
  auto sample = read_sample(line);
  return sample && is_ours(sample->labels, required);
}

void add_past(MetricFamilies& families, std::string_view text,
              const Labels& required) {
  const MetricFamilies told = families;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    auto sample = read_sample(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
    if (!sample || !is_ours(sample->labels, required))
      continue;
    const auto [kind, part] = kind_and_part(sample->name);
    if (kind == nullptr)
      continue;
    if (kind->type == prometheus::MetricType::Histogram)
      add_histogram_part(families, *kind, part, std::move(*sample));
    else if (kind->type == prometheus::MetricType::Counter)
      families.count(kind->name, sample->value, sample->labels);
    else if (!told.has(kind->name, sample->labels))
      families.gauge(kind->name, sample->value, sample->labels);
  }
}

}  // namespace telemetry
