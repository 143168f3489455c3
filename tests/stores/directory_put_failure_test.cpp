#include <csignal>
#include <cstddef>
#include <filesystem>
#include <fstream>
#include <functional>
#include <iterator>
#include <string>
#include <utility>

#include "tests/stores/directory_subject.hpp"

#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <catch2/catch.hpp>

namespace fs = std::filesystem;
using Catch::Matchers::Contains;
using stores::DirectoryStore;
using stores::ObjectError;
using stores::ObjectKey;
using stores::Prune;
using stores::StoreError;
using stores::Walk;
using tests::DirectorySubject;
using tests::in_pieces;
using tests::read_object;

namespace {

/// The child can't have mounts of its own here.
constexpr int no_mounts = 77;

/// Have mounts of our own.  Who is not root becomes it in a user namespace,
/// where only a user and a group that are mapped may make files.
bool own_mounts() {
  if (::geteuid() == 0)
    return ::unshare(CLONE_NEWNS) == 0;
  const std::string user = std::to_string(::geteuid());
  const std::string group = std::to_string(::getegid());
  if (::unshare(CLONE_NEWUSER | CLONE_NEWNS) != 0)
    return false;
  std::ofstream("/proc/self/setgroups") << "deny";
  std::ofstream("/proc/self/uid_map") << "0 " + user + " 1";
  std::ofstream("/proc/self/gid_map") << "0 " + group + " 1";
  return ::geteuid() == 0 && ::getegid() == 0;
}

/// Mount a file system of 1 MiB here, seen by this process only.
bool mount_small(const fs::path& path) {
  return own_mounts() &&
         ::mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) == 0 &&
         ::mount("tmpfs", path.c_str(), "tmpfs", 0, "size=1m") == 0;
}

bool make_read_only(const fs::path& path) {
  return ::mount(nullptr, path.c_str(), nullptr, MS_REMOUNT | MS_RDONLY,
                 nullptr) == 0;
}

void check_in_child(const std::function<int()>& body) {
  const int status = tests::in_child(body);
  if (status == no_mounts)
    WARN("this process may not mount: nothing was tested");
  else
    CHECK(status == 0);
}

/// From now on this system call fails with this error.
bool refuse_call(unsigned number, unsigned error) {
  sock_filter code[] = {
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, nr)),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, number, 0, 1),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | error),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW)};
  const sock_fprog program{4, code};
  return ::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 &&
         ::prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) == 0;
}

/// What putting this object was refused with; "" if it was stored.
std::string refusal_of(stores::Store& store, const ObjectKey& object_key,
                       const stores::ByteSource& write) {
  try {
    store.put(object_key, write);
    return "";
  } catch (const ObjectError& error) {
    return error.what();
  }
}

bool only_file_in(const fs::path& directory, const std::string& name) {
  const fs::directory_iterator all(directory);
  return std::distance(begin(all), end(all)) == 1 &&
         fs::exists(directory / name);
}

const ObjectKey object_key{"a/b", "object"};
const ObjectKey fresh{"a/c", "object"};

}  // namespace

TEST_CASE(
    "an object for which there is no space leaves the old one, and no "
    "trace of itself",
    "[unit]") {
  const Walk walk = GENERATE(Walk::openat2, Walk::by_component);
  const DirectorySubject subject;
  check_in_child([&] {
    if (!mount_small(subject.root()))
      return no_mounts;
    DirectoryStore store(subject.root(), Prune::leaf, walk);
    store.put(object_key, in_pieces("old"));
    const std::string bytes(2000000, 'x');
    for (const ObjectKey& each : {object_key, fresh})
      if (refusal_of(store, each, in_pieces(bytes, {7000})) !=
          "it cannot be stored: no space left on device")
        return 1;
    if (read_object(store, object_key) != "old" || read_object(store, fresh))
      return 2;
    if (!only_file_in(subject.root() / "a/b", "object") ||
        !fs::is_empty(subject.root() / "a/c"))
      return 3;
    store.put(fresh, in_pieces({bytes.data(), 900000}));
    return 0;
  });
}

TEST_CASE("an object is read from a read-only file system, but not stored",
          "[unit]") {
  const Walk walk = GENERATE(Walk::openat2, Walk::by_component);
  const DirectorySubject subject;
  check_in_child([&] {
    if (!mount_small(subject.root()))
      return no_mounts;
    DirectoryStore store(subject.root(), Prune::leaf, walk);
    store.put(object_key, in_pieces("old"));
    if (!make_read_only(subject.root()))
      return no_mounts;
    for (const ObjectKey& each : {object_key, fresh})
      if (refusal_of(store, each, in_pieces("new")) !=
          "it cannot be stored: read-only file system")
        return 1;
    return read_object(store, object_key) == "old" ? 0 : 2;
  });
}

TEST_CASE(
    "an object of which a byte was refused is not stored, even if the "
    "source takes no notice",
    "[unit]") {
  DirectorySubject subject;
  subject.store().put(object_key, in_pieces("old"));
  const std::string bytes(500000, 'x');
  const stores::ByteSource stubborn = [&](const stores::ByteSink& sink) {
    for (int i = 0; i < 2; ++i)
      try {
        sink(bytes);
      } catch (const std::exception&) {
      }
  };
  CHECK(0 == tests::in_child([&] {
          const rlimit limit{700000, 700000};
          if (::signal(SIGXFSZ, SIG_IGN) == SIG_ERR ||
              ::setrlimit(RLIMIT_FSIZE, &limit) != 0)
            return 1;
          return refusal_of(subject.store(), object_key, stubborn) ==
                         "it cannot be stored: file too large"
                     ? 0
                     : 2;
        }));
  CHECK(read_object(subject.store(), object_key) == "old");
  CHECK(only_file_in(subject.root() / "a/b", "object"));
}

TEST_CASE("an object whose bytes can't be synced is not stored", "[unit]") {
  DirectorySubject subject;
  subject.store().put(object_key, in_pieces("old"));
  CHECK(0 == tests::in_child([&] {
          if (!refuse_call(SYS_fdatasync, EIO))
            return 1;
          return refusal_of(subject.store(), object_key, in_pieces("new")) ==
                         "it cannot be stored: input/output error"
                     ? 0
                     : 2;
        }));
  CHECK(read_object(subject.store(), object_key) == "old");
  CHECK(only_file_in(subject.root() / "a/b", "object"));
}

TEST_CASE("an object whose name can't be synced is not called stored",
          "[unit]") {
  DirectorySubject subject;
  const auto [error, stored] =
      GENERATE(std::pair(EIO, false), std::pair(EINVAL, true));
  CHECK(0 == tests::in_child([&, refused = error, good = stored] {
          if (!refuse_call(SYS_fsync, unsigned(refused)))
            return 1;
          int called = 0;
          const std::string why =
              refusal_of(subject.store(), object_key,
                         [&](const stores::ByteSink&) { ++called; });
          return why.empty() == good && called == int{good} ? 0 : 2;
        }));
  CHECK(subject.holds(object_key) == stored);
}

TEST_CASE("objects are neither stored nor read where we may not", "[unit]") {
  const Walk walk = GENERATE(Walk::openat2, Walk::by_component);
  const fs::perms perms = GENERATE(fs::perms(0555), fs::perms::none);
  DirectorySubject subject(Prune::leaf, walk);
  subject.put(object_key);
  fs::permissions(subject.root() / object_key.path(), fs::perms::none);
  fs::permissions(subject.root() / "a/b", perms);
  fs::permissions(subject.root() / "a", perms);
  const int status = tests::in_child([&] {
    tests::become_ordinary_user();
    for (const ObjectKey& each : {object_key, fresh})
      if (refusal_of(subject.store(), each, in_pieces("new")) !=
          "it cannot be stored: permission denied")
        return 1;
    try {
      read_object(subject.store(), object_key);
    } catch (const ObjectError& error) {
      return error.what() == std::string("it cannot be read: permission denied")
                 ? 0
                 : 2;
    }
    return 3;
  });
  for (const char* const path : {"a", "a/b"})
    fs::permissions(subject.root() / path, fs::perms(0755));
  CHECK(status == 0);
}

TEST_CASE("a root that was removed is neither written to nor read", "[unit]") {
  const Walk walk = GENERATE(Walk::openat2, Walk::by_component);
  DirectorySubject subject(Prune::leaf, walk);
  fs::remove(subject.root());
  fs::create_directory(subject.root());
  CHECK_THROWS_WITH(subject.store().put(object_key, in_pieces("x")),
                    Contains("was removed: create or mount it again"));
  CHECK_THROWS_AS(read_object(subject.store(), object_key), StoreError);
  CHECK(fs::is_empty(subject.root()));
}
