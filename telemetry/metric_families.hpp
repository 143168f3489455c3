#pragma once

#include <prometheus/metric_family.h>

#include <map>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "telemetry/durations.hpp"

namespace telemetry {

/// All that is the same for every sample of a metric.
struct MetricKind {
  std::string_view name;
  prometheus::MetricType type;
  std::string_view help;
};

/// Every metric that we have.
std::span<const MetricKind> metric_kinds();

/// Metrics under construction.  Names must stand in metric_kinds(); each label
/// name once.
class MetricFamilies {
 public:
  using Labels = std::map<std::string, std::string>;

  void gauge(std::string_view name, double value, const Labels& labels = {});
  /// Raise it by \a value.
  void count(std::string_view name, double value, const Labels& labels = {});
  /// Add \a kind to it.
  void durations(std::string_view name, const Durations::Kind& kind,
                 const Labels& labels = {});

  [[nodiscard]] bool has(std::string_view name, const Labels& labels) const;
  [[nodiscard]] std::string text() const;

 private:
  prometheus::ClientMetric& metric(std::string_view name, const Labels& labels);

  std::vector<prometheus::MetricFamily> families_;
};

/// Add to \a families what \a text, an exposition of an earlier run, says; see
/// metrics_text().
void add_past(MetricFamilies& families, std::string_view text,
              const MetricFamilies::Labels& required);

/// Whether \a line is one that add_past() would take.
bool is_past(std::string_view line, const MetricFamilies::Labels& required);

}  // namespace telemetry
