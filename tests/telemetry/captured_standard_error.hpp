#pragma once

#include <fcntl.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <unistd.h>
#include <catch2/catch.hpp>

#include <cstdio>
#include <string>

namespace tests {

/// Standard error goes to \a file as long as this lives.
class StandardErrorTo {
 public:
  explicit StandardErrorTo(int file) : before_(::dup(STDERR_FILENO)) {
    REQUIRE(before_ >= 0);
    REQUIRE(::dup2(file, STDERR_FILENO) == STDERR_FILENO);
  }
  ~StandardErrorTo() {
    ::dup2(before_, STDERR_FILENO);
    ::close(before_);
  }
  StandardErrorTo(const StandardErrorTo&) = delete;
  StandardErrorTo& operator=(const StandardErrorTo&) = delete;

 private:
  int before_;
};

/// Run \a what and return what it wrote to standard error, a file meanwhile.
template <typename Callable>
std::string standard_error_of(Callable what) {
  std::FILE* const file = std::tmpfile();
  REQUIRE(file != nullptr);
  {
    const StandardErrorTo redirection(::fileno(file));
    what();
  }
  std::string text;
  std::rewind(file);
  for (int byte = std::fgetc(file); byte != EOF; byte = std::fgetc(file))
    text += static_cast<char>(byte);
  std::fclose(file);
  return text;
}

/// The same on a terminal of \a columns.
template <typename Callable>
std::string terminal_output_of(unsigned short columns, Callable what) {
  const int master = ::posix_openpt(O_RDWR | O_NOCTTY);
  REQUIRE(master >= 0);
  REQUIRE(::grantpt(master) == 0);
  REQUIRE(::unlockpt(master) == 0);
  const int terminal = ::open(::ptsname(master), O_RDWR | O_NOCTTY);
  REQUIRE(terminal >= 0);
  const winsize size{24, columns, 0, 0};
  REQUIRE(::ioctl(terminal, TIOCSWINSZ, &size) == 0);
  {
    const StandardErrorTo redirection(terminal);
    what();
  }
  // What was written arrives at the master a little later, and in parts; once
  // nobody has the terminal open any more, a read there fails at the end of it.
  ::close(terminal);
  std::string text;
  char part[4096];
  for (ssize_t length = 0; (length = ::read(master, part, sizeof part)) > 0;)
    text.append(part, static_cast<std::size_t>(length));
  ::close(master);
  return text;
}

}  // namespace tests
