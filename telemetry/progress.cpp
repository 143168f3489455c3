#include "telemetry/progress.hpp"

#include "telemetry/readable.hpp"
#include "telemetry/standard_error.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <utility>

namespace telemetry {

namespace {

constexpr std::chrono::milliseconds between_bars{200};
constexpr std::chrono::seconds between_lines{10};

/// "0:07", "1:02:03"
std::string clock_time(double seconds) {
  const auto whole = static_cast<std::int64_t>(std::llround(seconds));
  if (whole < 3600)
    return fmt::format("{}:{:02}", whole / 60, whole % 60);
  return fmt::format("{}:{:02}:{:02}", whole / 3600, whole / 60 % 60,
                     whole % 60);
}

double rows_per_second(const ProgressState& state) {
  const double seconds = state.elapsed.count();
  return seconds > 0 ? static_cast<double>(state.done) / seconds : 0;
}

/// The time left, if that can be told; the time taken, where it is over.
std::string time_of(const ProgressState& state) {
  if (state.finished)
    return "in " + clock_time(state.elapsed.count());
  const double rate = rows_per_second(state);
  if (state.expected == 0 || rate <= 0)
    return {};
  const std::int64_t left =
      std::max<std::int64_t>(0, state.expected - state.done);
  return clock_time(static_cast<double>(left) / rate) + " left";
}

/// Rate, size and time, each after \a separator.
std::string figures(const ProgressState& state, std::string_view separator) {
  std::string text;
  const auto rate =
      static_cast<std::int64_t>(std::llround(rows_per_second(state)));
  if (rate > 0)
    text += fmt::format("{}{}/s", separator, grouped(rate));
  if (state.bytes > 0)
    text += fmt::format("{}{} MiB", separator, mebibytes(state.bytes));
  if (const std::string time = time_of(state); !time.empty())
    text += fmt::format("{}{}", separator, time);
  return text;
}

double share_done(const ProgressState& state) {
  if (state.expected == 0)
    return 0;
  return std::min(1.0, static_cast<double>(state.done) /
                           static_cast<double>(state.expected));
}

std::string bar_of(double share, std::size_t columns) {
  const auto full =
      static_cast<std::size_t>(share * static_cast<double>(columns));
  std::string bar(full, '=');
  if (full < columns)
    bar += '>';
  bar.resize(columns, ' ');
  return "[" + bar + "]  ";
}

}  // namespace

std::string bar_line(const ProgressState& state, unsigned width) {
  const std::string left = escaped(state.what) + "  ";
  std::string right = grouped(state.done);
  if (state.expected > 0)
    right += "/" + grouped(state.expected);
  right += figures(state, "  ");

  // The last column stays free: writing there makes some terminals wrap.
  constexpr std::size_t frame = 4;
  constexpr std::size_t shortest = 10;
  const std::size_t room = std::max(width, 1U) - 1;
  const std::size_t taken = left.size() + right.size() + frame;
  if (state.expected == 0 || room < taken + shortest)
    return (left + right).substr(0, room);
  return left + bar_of(share_done(state), room - taken) + right;
}

std::string plain_line(const ProgressState& state) {
  std::string line =
      fmt::format("{}: {}", escaped(state.what), grouped(state.done));
  if (state.expected > 0)
    line += fmt::format(" of {} ({:.0f} %)", grouped(state.expected),
                        100 * share_done(state));
  return line + figures(state, ", ");
}

Progress::Progress(ProgressStyle style)
    : style_(style != ProgressStyle::automatic ? style
             : is_terminal()                   ? ProgressStyle::bar
                                               : ProgressStyle::none) {}

Progress::~Progress() {
  end();
}

void Progress::begin(const std::string& what, std::int64_t expected) {
  const std::lock_guard lock(mutex_);
  finish();
  under_way_ = true;
  state_ = {.what = what, .expected = std::max<std::int64_t>(0, expected)};
  began_ = Clock::now();
  drawn_ = began_;
  if (style_ == ProgressStyle::bar)
    draw(began_);
}

void Progress::advance(std::int64_t rows, std::int64_t bytes) {
  const std::lock_guard lock(mutex_);
  if (!under_way_)
    return;
  state_.done += rows;
  state_.bytes += bytes;
  if (state_.expected > 0)
    state_.expected = std::max(state_.expected, state_.done);

  if (style_ == ProgressStyle::none)
    return;
  const Clock::time_point now = Clock::now();
  const auto since = now - drawn_;
  if (style_ == ProgressStyle::bar ? since >= between_bars
                                   : since >= between_lines)
    draw(now);
}

void Progress::end() {
  const std::lock_guard lock(mutex_);
  finish();
}

std::optional<ProgressState> Progress::state() const {
  const std::lock_guard lock(mutex_);
  if (!under_way_)
    return std::nullopt;
  ProgressState state = state_;
  state.elapsed = Clock::now() - began_;
  return state;
}

void Progress::finish() {
  const bool was_under_way = std::exchange(under_way_, false);
  if (!was_under_way || style_ == ProgressStyle::none)
    return;
  state_.finished = true;
  draw(Clock::now());
  finish_bar();
}

void Progress::draw(Clock::time_point now) {
  drawn_ = now;
  state_.elapsed = now - began_;
  if (style_ == ProgressStyle::bar)
    show_bar(bar_line(state_, terminal_width()));
  else
    print_line(plain_line(state_));
}

}  // namespace telemetry
