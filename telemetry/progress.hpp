#pragma once

#include <chrono>
#include <cstdint>
#include <mutex>
#include <optional>
#include <string>

namespace telemetry {

/// automatic: a bar where standard error is a terminal, none elsewhere.
enum class ProgressStyle { automatic, bar, plain, none };

/// How far a pass is.
struct ProgressState {
  std::string what;           ///< "unlocked"
  std::int64_t expected = 0;  ///< rows; 0 where nobody knows
  std::int64_t done = 0;      ///< rows
  std::int64_t bytes = 0;
  std::chrono::duration<double> elapsed{0};
  bool finished = false;
};

/// One line below \a width columns; the bar itself only where the rows expected
/// are known and ten columns are left for it.
std::string bar_line(const ProgressState& state, unsigned width);

/// The same for a log that keeps every line.
std::string plain_line(const ProgressState& state);

/// Tells a person how far a pass is: a bar that is drawn again at most five
/// times a second, or a plain line every ten seconds.  Goes to standard error,
/// and leaves room for log lines.
///
/// May be used from several threads at once.
class Progress {
 public:
  explicit Progress(ProgressStyle style);
  ~Progress();
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;

  /// Begin to show \a what ("unlocked"), of about \a expected rows; 0 where
  /// nobody knows.  Ends what was shown before.
  void begin(const std::string& what, std::int64_t expected);
  /// \a rows more are done, of \a bytes.
  void advance(std::int64_t rows, std::int64_t bytes = 0);
  /// Finish the line, so that what is printed next stands on its own.  Nothing
  /// if nothing was begun.
  void end();

  /// How far it is, whether it is shown or not; nothing where nothing is begun.
  [[nodiscard]] std::optional<ProgressState> state() const;

 private:
  using Clock = std::chrono::steady_clock;

  void finish();
  void draw(Clock::time_point now);

  const ProgressStyle style_;  ///< never automatic
  mutable std::mutex mutex_;   ///< guards what follows
  bool under_way_ = false;
  ProgressState state_;
  Clock::time_point began_;
  Clock::time_point drawn_;
};

}  // namespace telemetry
