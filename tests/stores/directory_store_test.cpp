#include "stores/directory_store.hpp"

#include <filesystem>
#include <string>

#include "tests/stores/directory_subject.hpp"

#include <sched.h>
#include <sys/mount.h>
#include <catch2/catch.hpp>

namespace fs = std::filesystem;
using Catch::Matchers::Contains;
using stores::DirectoryStore;
using stores::ObjectKey;
using stores::Prune;
using stores::StoreError;
using stores::Walk;
using tests::DirectorySubject;

namespace {

/// The child can't have mounts of its own here.
constexpr int not_mounted = 77;

/// Mount an empty file system here, seen by this process only.
bool mount_over(const fs::path& path, unsigned long flags) {
  const int spaces =
      ::geteuid() == 0 ? CLONE_NEWNS : CLONE_NEWUSER | CLONE_NEWNS;
  return ::unshare(spaces) == 0 &&
         ::mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) == 0 &&
         ::mount("tmpfs", path.c_str(), "tmpfs", flags, nullptr) == 0;
}

}  // namespace

TEST_CASE("a root that can't be opened is named with what to do", "[unit]") {
  const tests::TemporaryDirectory around;
  const std::string missing = around.path() / "missing";
  CHECK_THROWS_WITH(DirectoryStore(missing, Prune::leaf),
                    Contains("'" + missing + "' (no such file or directory)") &&
                        Contains("create or mount it"));
  const std::string file = around.write("file");
  CHECK_THROWS_WITH(DirectoryStore(file, Prune::leaf),
                    Contains("'" + file + "' (not a directory)") &&
                        Contains("name the directory"));
  CHECK_THROWS_AS(DirectoryStore("", Prune::leaf), StoreError);
}

TEST_CASE("a root that this user can't reach is named with what to do",
          "[unit]") {
  const tests::TemporaryDirectory around;
  const fs::path root = around.path() / "closed" / "root";
  fs::create_directories(root);
  fs::permissions(root.parent_path(), fs::perms::none);
  const int status = tests::in_child([&] {
    tests::become_ordinary_user();
    try {
      const DirectoryStore store(root, Prune::leaf);
    } catch (const StoreError& error) {
      return std::string(error.what()).find("(permission denied): make it") !=
                     std::string::npos
                 ? 0
                 : 2;
    }
    return 1;
  });
  fs::permissions(root.parent_path(), fs::perms(0755));
  CHECK(status == 0);
}

TEST_CASE("the root itself may be a symlink", "[unit]") {
  const Walk walk = GENERATE(Walk::openat2, Walk::by_component);
  DirectorySubject subject;
  const ObjectKey key{"a/b", "object"};
  subject.put(key);
  const fs::path link = subject.outside() / "link";
  fs::create_directory_symlink(subject.root(), link);

  DirectoryStore store(link, Prune::leaf, walk);
  CHECK(store.look({&key, 1}).absent.empty());
  CHECK(store.remove({&key, 1}).left.empty());
  CHECK_FALSE(subject.holds(key));
  CHECK(store.description() == "directory '" + link.string() + "'");
}

TEST_CASE("objects in a directory we can't write to are left", "[unit]") {
  const Walk walk = GENERATE(Walk::openat2, Walk::by_component);
  DirectorySubject subject(Prune::all, walk);
  const ObjectKey key{"a/b", "object"};
  subject.put(key);
  fs::permissions(subject.root() / "a/b", fs::perms(0555));
  const int status = tests::in_child([&] {
    tests::become_ordinary_user();
    const stores::Removal removal = subject.store().remove({&key, 1});
    subject.store().prune({&key, 1});
    return removal.left.size() == 1 &&
                   removal.left[0].reason == "permission denied"
               ? 0
               : 1;
  });
  fs::permissions(subject.root() / "a/b", fs::perms(0755));
  CHECK(status == 0);
  CHECK(subject.holds(key));
}

TEST_CASE("an object behind a closed directory is not taken for absent",
          "[unit]") {
  const Walk walk = GENERATE(Walk::openat2, Walk::by_component);
  DirectorySubject subject(Prune::all, walk);
  const ObjectKey key{"a/b", "object"};
  subject.put(key);
  fs::permissions(subject.root() / "a", fs::perms::none);
  const int status = tests::in_child([&] {
    tests::become_ordinary_user();
    const stores::Sight sight = subject.store().look({&key, 1});
    const stores::Removal removal = subject.store().remove({&key, 1});
    return sight.poison.size() == 1 && removal.left.size() == 1 &&
                   sight.poison[0].reason == "permission denied" &&
                   removal.left[0].reason == "permission denied"
               ? 0
               : 1;
  });
  fs::permissions(subject.root() / "a", fs::perms(0755));
  CHECK(status == 0);
}

TEST_CASE("trouble names a root that we can't write to", "[unit]") {
  DirectorySubject subject;
  CHECK(subject.store().trouble() == std::nullopt);
  fs::permissions(subject.root(), fs::perms(0555));
  const int status = tests::in_child([&] {
    tests::become_ordinary_user();
    return subject.store().trouble() ==
                   subject.store().description() +
                       " is not writable (permission denied): "
                       "let this user write to it"
               ? 0
               : 1;
  });
  fs::permissions(subject.root(), fs::perms(0755));
  CHECK(status == 0);
}

TEST_CASE("trouble names a read-only file system", "[unit]") {
  const DirectorySubject subject;
  const int status = tests::in_child([&] {
    if (!mount_over(subject.root(), MS_RDONLY))
      return not_mounted;
    DirectoryStore store(subject.root(), Prune::leaf);
    return store.trouble().value_or("").find("read-only") != std::string::npos
               ? 0
               : 1;
  });
  if (status == not_mounted)
    WARN("this process may not mount: nothing was tested");
  else
    CHECK(status == 0);
}

TEST_CASE("an empty file system mounted over the root changes nothing",
          "[unit]") {
  DirectorySubject subject;
  const ObjectKey key{"a/b", "object"};
  subject.put(key);
  const int status = tests::in_child([&] {
    if (!mount_over(subject.root(), 0))
      return not_mounted;
    return subject.store().remove({&key, 1}).absent.empty() ? 0 : 1;
  });
  if (status == not_mounted) {
    WARN("this process may not mount: nothing was tested");
  } else {
    CHECK(status == 0);
    CHECK_FALSE(subject.holds(key));
  }
}

TEST_CASE("a root that was removed is not taken for an empty one", "[unit]") {
  DirectorySubject subject;
  const ObjectKey key{"a", "object"};
  CHECK(subject.store().look({&key, 1}).absent.size() == 1);

  fs::remove(subject.root());
  fs::create_directory(subject.root());
  CHECK_THROWS_AS(subject.store().look({&key, 1}), StoreError);
  CHECK_THROWS_WITH(subject.store().remove({&key, 1}),
                    Contains(subject.root().string()) &&
                        Contains("was removed: create or mount it again"));
  CHECK_THAT(subject.store().trouble().value_or(""), Contains("was removed"));
}
