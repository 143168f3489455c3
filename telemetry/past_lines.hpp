#pragma once

#include <cstddef>
#include <map>
#include <string>
#include <string_view>
#include <utility>

namespace telemetry {

/// Picks what metrics_text() goes on from out of all that a gateway tells, as
/// it comes in: others' metrics may be as many as they like.
class PastLines {
 public:
  /// \param labels of our own group, as in PastRun
  explicit PastLines(std::map<std::string, std::string> labels)
      : labels_(std::move(labels)) {}

  /// The next bytes; a line may come in several pieces.
  ///
  /// \throws std::runtime_error if our own lines are over 4 MiB.
  void take(std::string_view bytes);

  /// The lines of our own metrics, whole ones only.
  [[nodiscard]] const std::string& text() const { return text_; }

 private:
  void take_part(std::string_view part);
  void end_line();

  std::map<std::string, std::string> labels_;
  std::string line_;  ///< which has not ended yet
  std::string text_;
};

}  // namespace telemetry
