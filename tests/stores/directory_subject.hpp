#pragma once

#include <filesystem>
#include <functional>
#include <optional>
#include <string>

#include "stores/directory_store.hpp"
#include "tests/stores/store_suite.hpp"
#include "tests/support/temporary_directory.hpp"

#include <sys/wait.h>
#include <unistd.h>

namespace tests {

/// A directory store whose root has a neighbour that nobody may touch: the
/// canary, at outside/canary beside the root.
class DirectorySubject : public StoreSubject {
 public:
  explicit DirectorySubject(stores::Prune prune = stores::Prune::leaf,
                            std::optional<stores::Walk> walk = std::nullopt)
      : canary_(around_.write("outside/canary", "alive")),
        store_((std::filesystem::create_directory(root()), root()), prune,
               walk) {}

  stores::DirectoryStore& store() override { return store_; }
  void put(const stores::ObjectKey& key) override {
    around_.write(root() / key.path());
  }
  bool holds(const stores::ObjectKey& key) override {
    return std::filesystem::exists(symlink_status(root() / key.path()));
  }

  std::filesystem::path root() const { return around_.path() / "root"; }
  std::filesystem::path outside() const { return around_.path() / "outside"; }
  bool canary_lives() const {
    return std::filesystem::exists(canary_) && read_file(canary_) == "alive";
  }

 private:
  TemporaryDirectory around_{fast_place()};
  std::filesystem::path canary_;
  stores::DirectoryStore store_;
};

/// Run this in a child process, so that it may change what a process can't
/// change back; its result is the exit status.  -1 if it was killed.
inline int in_child(const std::function<int()>& body) {
  const pid_t child = ::fork();
  REQUIRE(child >= 0);
  if (child == 0) {
    int status = 99;
    try {
      status = body();
    } catch (...) {
      status = 98;
    }
    ::_exit(status);
  }
  int status = 0;
  REQUIRE(::waitpid(child, &status, 0) == child);
  return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

/// Root passes every permission bit: go on as nobody.  For in_child().
inline void become_ordinary_user() {
  constexpr int nobody = 65534;
  if (::geteuid() == 0 && (::setegid(nobody) != 0 || ::seteuid(nobody) != 0))
    ::_exit(97);
}

}  // namespace tests
