#include "stores/beneath.hpp"

#include <cstddef>
#include <filesystem>

#include "tests/stores/directory_subject.hpp"

#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <catch2/catch.hpp>

namespace fs = std::filesystem;
using stores::Descriptor;
using stores::Walk;

namespace {

/// As a container's seccomp filter that is older than the system call.
bool refuse_openat2(unsigned error) {
  sock_filter code[] = {
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, nr)),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_openat2, 0, 1),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | error),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW)};
  const sock_fprog program{4, code};
  return ::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 &&
         ::prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) == 0;
}

bool same_place(int one, int other) {
  struct stat left {};
  struct stat right {};
  return ::fstat(one, &left) == 0 && ::fstat(other, &right) == 0 &&
         left.st_dev == right.st_dev && left.st_ino == right.st_ino;
}

}  // namespace

TEST_CASE("a store walks by component where openat2 is refused", "[unit]") {
  const unsigned error = GENERATE(ENOSYS, EPERM);
  tests::DirectorySubject subject;
  const stores::ObjectKey key{"a/b", "object"};
  subject.put(key);
  CHECK(0 == tests::in_child([&] {
          if (!refuse_openat2(error))
            return 1;
          const Descriptor root(::open(subject.root().c_str(), O_PATH));
          if (stores::supported_walk(root.get()) != Walk::by_component)
            return 2;
          stores::DirectoryStore store(subject.root(), stores::Prune::leaf);
          const stores::Removal removal = store.remove({&key, 1});
          return removal.left.empty() && removal.absent.empty() ? 0 : 3;
        }));
  CHECK_FALSE(subject.holds(key));
}

TEST_CASE("both walks open the same places and give the same errors",
          "[unit]") {
  const tests::DirectorySubject subject;
  const Descriptor root(::open(subject.root().c_str(), O_PATH));
  fs::create_directories(subject.root() / "a/b/c");
  fs::create_directory_symlink("b", subject.root() / "a/link");
  fs::create_symlink("nowhere", subject.root() / "a/dangling");
  REQUIRE(::mkfifo((subject.root() / "a/fifo").c_str(), 0600) == 0);

  const std::vector<std::pair<std::string, int>> expected{
      {".", 0},
      {"a", 0},
      {"a/b/c", 0},
      {"a/b/x", ENOENT},
      {"x/b", ENOENT},
      {"a/fifo", ENOTDIR},
      {"a/link", ELOOP},
      {"a/fifo/x", ENOTDIR},
      {"a/link/c", ELOOP},
      {"a/dangling", ELOOP},
      {"a/" + std::string(256, 'x'), ENAMETOOLONG}};
  for (const auto& [path, error] : expected) {
    CAPTURE(path);
    const Descriptor one =
        stores::open_beneath(root.get(), path, Walk::openat2);
    const Descriptor other =
        stores::open_beneath(root.get(), path, Walk::by_component);
    CHECK(one.error() == error);
    CHECK(other.error() == error);
    if (error == 0)
      CHECK(same_place(one.get(), other.get()));
  }
}

TEST_CASE(
    "directories are made beneath, but never through what is no directory",
    "[unit]") {
  const tests::DirectorySubject subject;
  const Descriptor root(::open(subject.root().c_str(), O_PATH));
  fs::create_directories(subject.root() / "a/b");
  fs::create_directory_symlink(subject.outside(), subject.root() / "a/link");
  fs::create_symlink(subject.outside() / "new", subject.root() / "a/dangling");
  REQUIRE(::mkfifo((subject.root() / "a/fifo").c_str(), 0600) == 0);

  const std::vector<std::pair<std::string, int>> expected{
      {"a/b", 0},
      {"a/b/c/d/e", 0},
      {"x", 0},
      {"a/link", ELOOP},
      {"a/link/new", ELOOP},
      {"a/dangling", ELOOP},
      {"a/dangling/new", ELOOP},
      {"a/fifo/new", ENOTDIR},
      {"a/" + std::string(256, 'x'), ENAMETOOLONG}};
  for (const auto& [path, error] : expected) {
    CAPTURE(path);
    const Descriptor made = stores::make_beneath(root.get(), path);
    CHECK(made.error() == error);
    const Descriptor synced = stores::sync_way_beneath(root.get(), path);
    CHECK(synced.error() == error);
    if (error == 0) {
      CHECK(same_place(made.get(), synced.get()));
      CHECK(fs::is_directory(subject.root() / path));
    }
  }
  CHECK_FALSE(fs::exists(subject.outside() / "new"));
  CHECK(subject.canary_lives());
}

TEST_CASE("a directory is synced although it is open for its place only",
          "[unit]") {
  const tests::DirectorySubject subject;
  const Descriptor root(::open(subject.root().c_str(), O_PATH));
  CHECK(stores::sync_directory(root.get()) == 0);
  const Descriptor file(::open((subject.outside() / "canary").c_str(), O_PATH));
  CHECK(stores::sync_directory(file.get()) == ENOTDIR);
  CHECK(stores::sync_way_beneath(root.get(), "a/b").error() == ENOENT);
}

TEST_CASE("a descriptor is closed with its owner, and once", "[unit]") {
  int number = -1;
  {
    Descriptor first(::open("/", O_PATH));
    number = first.get();
    const Descriptor second(std::move(first));
    CHECK(second.get() == number);
    CHECK(::fcntl(number, F_GETFD) != -1);
  }
  CHECK(::fcntl(number, F_GETFD) == -1);
}

TEST_CASE("a descriptor that was released is left to somebody else", "[unit]") {
  Descriptor owner(::open("/", O_PATH));
  const Descriptor other(owner.release());
  CHECK_FALSE(owner);
  CHECK(::fcntl(other.get(), F_GETFD) != -1);
}
