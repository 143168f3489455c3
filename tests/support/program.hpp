#pragma once

#include <sys/types.h>
#include <map>
#include <string>
#include <vector>

namespace tests {

/// How a program ended and what it said.
struct Ended {
  int status = -1;  ///< exit status; 128 + signal if a signal killed it
  std::string out;  ///< standard output
  std::string err;  ///< standard error
};

/// A program under way, started with the environment of this process and
/// \a environment on top.  The destructor kills it if it still runs.
class Program {
 public:
  using Environment = std::map<std::string, std::string>;

  /// \throws std::runtime_error
  Program(const std::vector<std::string>& command,
          const Environment& environment = {});
  ~Program();
  Program(const Program&) = delete;
  Program& operator=(const Program&) = delete;

  void send_signal(int signal) const;
  /// Wait for its end; output goes to files meanwhile, so it can't block.
  Ended wait();

 private:
  pid_t process_ = -1;
  std::string out_path_;
  std::string err_path_;
};

/// Start it and wait.
Ended run_program(const std::vector<std::string>& command,
                  const Program::Environment& environment = {});

}  // namespace tests
