#include "tests/support/program.hpp"

#include "tests/support/temporary_directory.hpp"

#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <stdexcept>

namespace tests {
namespace {

std::string make_file() {
  std::string path =
      (std::filesystem::temp_directory_path() / "janitor-output-XXXXXX")
          .string();
  const int file = mkstemp(path.data());
  if (file < 0)
    throw std::runtime_error("can't make a file for a program's output");
  close(file);
  return path;
}

void redirect(const std::string& path, int descriptor) {
  const int file = open(path.c_str(), O_WRONLY | O_TRUNC);
  dup2(file, descriptor);
  close(file);
}

std::string take_file(const std::string& path) {
  std::string content = read_file(path);
  std::filesystem::remove(path);
  return content;
}

}  // namespace

Program::Program(const std::vector<std::string>& command,
                 const Environment& environment)
    : out_path_(make_file()), err_path_(make_file()) {
  std::vector<char*> arguments;
  for (const std::string& argument : command)
    arguments.push_back(const_cast<char*>(argument.c_str()));
  arguments.push_back(nullptr);

  process_ = fork();
  if (process_ < 0)
    throw std::runtime_error("can't fork");
  if (process_ > 0)
    return;
  // The tests beside it are no neighbours.
  setenv("CI_JANITOR_MAX_LOAD", "0", /*overwrite=*/0);
  for (const auto& [name, value] : environment)
    setenv(name.c_str(), value.c_str(), /*overwrite=*/1);
  redirect("/dev/null", STDIN_FILENO);
  redirect(out_path_, STDOUT_FILENO);
  redirect(err_path_, STDERR_FILENO);
  execv(arguments.front(), arguments.data());
  _exit(127);
}

Program::~Program() {
  if (process_ <= 0)
    return;
  send_signal(SIGKILL);
  wait();
}

void Program::send_signal(int signal) const {
  kill(process_, signal);
}

Ended Program::wait() {
  int status = 0;
  waitpid(process_, &status, 0);
  process_ = -1;
  return {WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status),
          take_file(out_path_), take_file(err_path_)};
}

Ended run_program(const std::vector<std::string>& command,
                  const Program::Environment& environment) {
  return Program(command, environment).wait();
}

}  // namespace tests
