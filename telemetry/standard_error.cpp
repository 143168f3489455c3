#include "telemetry/standard_error.hpp"

#include <sys/ioctl.h>
#include <unistd.h>

#include <cerrno>
#include <mutex>
#include <string>

namespace telemetry {

namespace {

/// The bar on the screen, and the lock of all that writes there.
struct Screen {
  std::mutex mutex;
  std::string bar;
};

// Never destroyed: somebody may log while the program ends.
Screen& screen() {
  static Screen& instance = *new Screen;
  return instance;
}

constexpr std::string_view clear_line = "\r\x1b[K";

void write_all(std::string_view text) {
  while (!text.empty()) {
    const ssize_t written = ::write(STDERR_FILENO, text.data(), text.size());
    if (written < 0 && errno == EINTR)
      continue;
    if (written < 0)
      return;
    text.remove_prefix(static_cast<std::size_t>(written));
  }
}

}  // namespace

void print_line(std::string_view line) {
  Screen& shared = screen();
  const std::lock_guard lock(shared.mutex);
  std::string text;
  if (!shared.bar.empty())
    text += clear_line;
  text.append(line).append("\n").append(shared.bar);
  write_all(text);
}

void show_bar(std::string_view bar) {
  Screen& shared = screen();
  const std::lock_guard lock(shared.mutex);
  shared.bar = bar;
  write_all(std::string(clear_line).append(bar));
}

void finish_bar() {
  Screen& shared = screen();
  const std::lock_guard lock(shared.mutex);
  if (shared.bar.empty())
    return;
  shared.bar.clear();
  write_all("\n");
}

bool is_terminal() {
  return ::isatty(STDERR_FILENO) == 1;
}

unsigned terminal_width() {
  winsize size{};
  if (::ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0)
    return size.ws_col;
  return 80;
}

}  // namespace telemetry
