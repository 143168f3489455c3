#include "telemetry/readable.hpp"
#include "telemetry/report_page.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace telemetry {
namespace {

constexpr double left_edge = 8, right_edge = 632;
constexpr double plot_height = 120, plot_gap = 44, top_edge = 24;
constexpr int most_bins = 60;

/// What the figures of \a moments were at \a seconds: on the straight line
/// between two of them.
struct Figures {
  double done = 0;
  double statements = 0;
  double statement_seconds = 0;
};

Figures figures_of(const Moment& moment) {
  return {static_cast<double>(moment.done),
          static_cast<double>(moment.statements), moment.statement_seconds};
}

Figures figures_at(const std::vector<Moment>& moments, double seconds) {
  const auto next =
      std::ranges::lower_bound(moments, seconds, {}, &Moment::seconds);
  if (next == moments.end())
    return figures_of(moments.back());
  const Moment before = next == moments.begin() ? Moment{} : *std::prev(next);
  const double span = next->seconds - before.seconds;
  const double part = span > 0 ? (seconds - before.seconds) / span : 1;
  const Figures a = figures_of(before);
  const Figures b = figures_of(*next);
  return {std::lerp(a.done, b.done, part),
          std::lerp(a.statements, b.statements, part),
          std::lerp(a.statement_seconds, b.statement_seconds, part)};
}

/// One value for each slice of the run.
struct Course {
  std::vector<double> rate;  ///< a second
  std::vector<double> mean;  ///< ms a statement
};

Course course_of(const std::vector<Moment>& moments) {
  const double whole = moments.back().seconds;
  const auto bins = std::clamp(static_cast<int>(moments.size()), 1, most_bins);
  Course course;
  Figures before;
  for (int bin = 1; bin <= bins; ++bin) {
    const Figures now = figures_at(moments, whole * bin / bins);
    const double statements = now.statements - before.statements;
    course.rate.push_back((now.done - before.done) * bins / whole);
    course.mean.push_back(
        statements > 0 ? (now.statement_seconds - before.statement_seconds) *
                             1000 / statements
                       : 0);
    before = now;
  }
  return course;
}

std::string plot(const std::vector<double>& values, double top,
                 std::string_view style, std::string_view unit) {
  const double most = std::max(*std::ranges::max_element(values), 1e-9);
  const double bottom = top + plot_height;
  const double step =
      (right_edge - left_edge) / static_cast<double>(values.size());
  std::string points;
  for (std::size_t i = 0; i < values.size(); ++i) {
    const double y = bottom - values[i] / most * plot_height;
    const double x = left_edge + step * static_cast<double>(i);
    points += fmt::format("{:.1f},{:.1f} {:.1f},{:.1f} ", x, y, x + step, y);
  }
  return fmt::format(
      "<line class=\"axis\" x1=\"{0}\" x2=\"{1}\" y1=\"{2}\" y2=\"{2}\"/>\n"
      "<text x=\"{0}\" y=\"{3}\">up to {4:.{5}f} {6}</text>\n"
      "<polyline class=\"{7}\" points=\"{8}\"/>\n",
      left_edge, right_edge, bottom, top - 8, most, most < 10 ? 2 : 0, unit,
      style, points);
}

/// A grey field behind what every second pass did, and its name below.
std::string bands(const std::vector<Moment>& moments, double bottom) {
  const double scale = (right_edge - left_edge) / moments.back().seconds;
  std::string text;
  double from = 0;
  int number = 0;
  for (std::size_t i = 0; i < moments.size(); ++i) {
    if (i + 1 < moments.size() && moments[i + 1].pass == moments[i].pass)
      continue;
    const double x = left_edge + from * scale;
    const double width = (moments[i].seconds - from) * scale;
    if (number++ % 2 == 0)
      text += fmt::format(
          "<rect class=\"band\" x=\"{:.1f}\" y=\"{}\" width=\"{:.1f}\" "
          "height=\"{}\"/>\n",
          x, top_edge, width, bottom - top_edge);
    if (width > 90)  // room for a name
      text += fmt::format("<text x=\"{:.1f}\" y=\"{}\">{}</text>\n", x + 4,
                          bottom + 22, html(moments[i].pass));
    from = moments[i].seconds;
  }
  return text;
}

}  // namespace

std::string plots_of_run(const std::vector<Moment>& moments) {
  if (moments.empty() || moments.back().seconds <= 0)
    return "<p>Nothing was done that could be drawn.</p>\n";
  const Course course = course_of(moments);
  const double second_top = top_edge + plot_height + plot_gap;
  const double bottom = second_top + plot_height;
  return fmt::format(
      "<svg viewBox=\"0 0 640 {}\" role=\"img\" aria-label=\"How many were "
      "done a second, and how long a statement took, over the {:.1f} seconds "
      "of the "
      "run\">\n{}{}{}<text x=\"{}\" y=\"{}\" text-anchor=\"end\">{:.1f} s"
      "</text>\n</svg>\n",
      bottom + 30, moments.back().seconds, bands(moments, bottom),
      plot(course.rate, top_edge, "rate",
           "rows, objects, jobs, traces a second"),
      plot(course.mean, second_top, "time", "ms a statement, on average"),
      right_edge, bottom + 22, moments.back().seconds);
}

}  // namespace telemetry
