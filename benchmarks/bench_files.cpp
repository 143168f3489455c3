// What the benchmarks need beside psql: make the files of a list, remove them
// one after the other as fast as one thread can, and run a command with its
// time and memory measured.
//
//   bench-files make ROOT <LIST             a byte each, directories as needed
//   bench-files remove ROOT [--rmdir] <LIST the disk's own limit; prints
//   seconds bench-files measure RESULT COMMAND...   RESULT: seconds, cpu, peak
//   KiB

#include <fcntl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <string>
#include <vector>

namespace {

using Clock = std::chrono::steady_clock;

double seconds_since(Clock::time_point began) {
  return std::chrono::duration<double>(Clock::now() - began).count();
}

std::vector<std::string> read_list(const std::string& root) {
  std::vector<std::string> paths;
  for (std::string line; std::getline(std::cin, line);)
    paths.push_back(root + "/" + line);
  return paths;
}

int make(const std::string& root) {
  for (const std::string& path : read_list(root)) {
    std::filesystem::create_directories(
        std::filesystem::path(path).parent_path());
    std::ofstream(path) << '.';
  }
  return 0;
}

int remove(const std::string& root, bool with_directory) {
  const std::vector<std::string> paths = read_list(root);
  std::size_t failed = 0;
  const auto began = Clock::now();
  for (const std::string& path : paths) {
    failed += unlink(path.c_str()) == 0 ? 0 : 1;
    if (with_directory)
      rmdir(path.substr(0, path.rfind('/')).c_str());
  }
  std::cout << seconds_since(began) << '\n';
  return failed == 0 ? 0 : 1;
}

double seconds_of(const timeval& time) {
  return static_cast<double>(time.tv_sec) +
         static_cast<double>(time.tv_usec) / 1e6;
}

int measure(const std::string& result, char* command[]) {
  const auto began = Clock::now();
  const pid_t child = fork();
  if (child == 0) {
    execvp(command[0], command);
    _exit(127);
  }
  int status = 0;
  rusage used{};
  wait4(child, &status, 0, &used);
  std::ofstream(result) << "{\"seconds\": " << seconds_since(began)
                        << ", \"cpu\": "
                        << seconds_of(used.ru_utime) + seconds_of(used.ru_stime)
                        << ", \"peak_kib\": " << used.ru_maxrss << "}\n";
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128;
}

}  // namespace

int main(int argc, char* argv[]) {
  const std::vector<std::string> arguments(argv + 1, argv + argc);
  if (arguments.size() >= 2 && arguments[0] == "make")
    return make(arguments[1]);
  if (arguments.size() >= 2 && arguments[0] == "remove")
    return remove(arguments[1],
                  arguments.size() > 2 && arguments[2] == "--rmdir");
  if (arguments.size() >= 3 && arguments[0] == "measure")
    return measure(arguments[1], argv + 3);
  std::cerr << "usage: bench-files make|remove|measure ...\n";
  return 2;
}
