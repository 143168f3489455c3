#include <filesystem>
#include <string>
#include <vector>

#include "tests/stores/directory_subject.hpp"

#include <fcntl.h>
#include <catch2/catch.hpp>

namespace fs = std::filesystem;
using stores::ObjectKey;
using stores::Prune;
using stores::Walk;
using tests::DirectorySubject;

namespace {

const std::string symlink_reason = "it leads through a symlink, or to one";

/// Neither looked at as fine, nor removed, nor pruned; told with this reason.
void check_refused(stores::Store& store, const ObjectKey& key,
                   const std::string& reason) {
  CAPTURE(key.directory, key.file);
  const stores::Sight sight = store.look({&key, 1});
  REQUIRE(sight.poison.size() == 1);
  CHECK(sight.poison[0].reason == reason);
  CHECK(sight.absent.empty());

  const stores::Removal removal = store.remove({&key, 1});
  REQUIRE(removal.left.size() == 1);
  CHECK(removal.left[0].reason == reason);
  CHECK(removal.absent.empty());
  store.prune({&key, 1});
}

void check_absent(stores::Store& store, const ObjectKey& key) {
  CAPTURE(key.directory.size(), key.file.size());
  CHECK(store.look({&key, 1}).absent.size() == 1);
  CHECK(store.remove({&key, 1}).absent.size() == 1);
}

}  // namespace

TEST_CASE("a key with dots or slashes never reaches outside the root",
          "[unit]") {
  const Walk walk = GENERATE(Walk::openat2, Walk::by_component);
  DirectorySubject subject(Prune::all, walk);
  subject.put({"a/b", "object"});
  const std::string up = "its directory holds a component '..'";

  check_refused(subject.store(), {"../outside", "canary"}, up);
  check_refused(subject.store(), {"a/../../outside", "canary"}, up);
  check_refused(subject.store(), {"a/b/../../../outside", "canary"}, up);
  check_refused(subject.store(), {"a", "../../outside/canary"},
                "its file name holds a slash");
  check_refused(subject.store(), {subject.outside(), "canary"},
                "its directory holds an empty component");
  check_refused(subject.store(), {"a", subject.outside() / "canary"},
                "its file name holds a slash");
  CHECK(subject.canary_lives());
}

TEST_CASE("a symlink in place of a directory is never followed", "[unit]") {
  const Walk walk = GENERATE(Walk::openat2, Walk::by_component);
  const Prune prune = GENERATE(Prune::leaf, Prune::all);
  DirectorySubject subject(prune, walk);
  subject.put({"a/b", "object"});
  fs::create_directories(subject.outside() / "deep" / "empty");
  fs::create_directory_symlink(subject.outside(), subject.root() / "first");
  fs::create_directory_symlink("../../outside", subject.root() / "a" / "mid");
  fs::create_directory_symlink("a", subject.root() / "inside");
  fs::create_directory_symlink("/", subject.root() / "slash");
  fs::create_directory_symlink("loop", subject.root() / "loop");
  const std::string slash = "slash" + subject.outside().string();

  for (const ObjectKey& key :
       std::vector<ObjectKey>{{"first", "canary"},
                              {"a/mid", "canary"},
                              {slash, "canary"},
                              {"first/deep/empty", "object"},
                              {"inside/b", "object"},
                              {"loop", "object"},
                              {"loop/loop", "object"}})
    check_refused(subject.store(), key, symlink_reason);
  CHECK(subject.canary_lives());
  CHECK(fs::exists(subject.outside() / "deep" / "empty"));
  CHECK(subject.holds({"a/b", "object"}));
  CHECK(fs::is_symlink(subject.root() / "first"));
}

TEST_CASE("a project's directory that is a symlink is never followed",
          "[unit]") {
  const Walk walk = GENERATE(Walk::openat2, Walk::by_component);
  DirectorySubject subject(Prune::leaf, walk);
  const ObjectKey key = stores::artifact_key(42, 1, 2, "f.json");
  const std::string project = key.directory.substr(0, 70);
  const std::string rest = key.directory.substr(71);
  REQUIRE(rest == "pipelines/1/artifacts/2");
  fs::create_directories(subject.outside() / rest);
  fs::copy_file(subject.outside() / "canary",
                subject.outside() / rest / "f.json");
  fs::create_directories((subject.root() / project).parent_path());
  fs::create_directory_symlink(subject.outside(), subject.root() / project);

  check_refused(subject.store(), key, symlink_reason);
  CHECK(fs::exists(subject.outside() / rest / "f.json"));
}

TEST_CASE("a symlink in place of the object is neither followed nor removed",
          "[unit]") {
  const Walk walk = GENERATE(Walk::openat2, Walk::by_component);
  DirectorySubject subject(Prune::all, walk);
  subject.put({"a", "object"});
  const fs::path a = subject.root() / "a";
  fs::create_symlink(subject.outside() / "canary", a / "absolute");
  fs::create_symlink("../../outside/canary", a / "relative");
  fs::create_symlink("object", a / "inside");
  fs::create_symlink("nowhere", a / "dangling");
  fs::create_directory_symlink(subject.outside(), a / "directory");

  for (const char* const name :
       {"absolute", "relative", "inside", "dangling", "directory"}) {
    check_refused(subject.store(), {"a", name}, symlink_reason);
    CHECK(fs::is_symlink(a / name));
  }
  CHECK(subject.canary_lives());
  CHECK(subject.holds({"a", "object"}));
}

TEST_CASE("a link made by the kernel is never followed", "[unit]") {
  const Walk walk = GENERATE(Walk::openat2, Walk::by_component);
  const DirectorySubject subject;
  const int canary = ::open((subject.outside() / "canary").c_str(), O_RDONLY);
  REQUIRE(canary >= 0);
  const int outside = ::open(subject.outside().c_str(), O_RDONLY);
  REQUIRE(outside >= 0);

  stores::DirectoryStore store("/proc/self", Prune::leaf, walk);
  check_refused(store, {"fd", std::to_string(canary)}, symlink_reason);
  check_refused(store, {"fd/" + std::to_string(outside), "canary"},
                symlink_reason);
  check_refused(store, {"root" + subject.outside().string(), "canary"},
                symlink_reason);
  CHECK(subject.canary_lives());
  ::close(canary);
  ::close(outside);
}

TEST_CASE("a directory in place of the object is left alone", "[unit]") {
  const Walk walk = GENERATE(Walk::openat2, Walk::by_component);
  DirectorySubject subject(Prune::none, walk);
  subject.put({"a/b", "object"});
  fs::create_directory(subject.root() / "a" / "empty");
  check_refused(subject.store(), {"a", "b"}, "it is a directory");
  check_refused(subject.store(), {"a", "empty"}, "it is a directory");
  CHECK(fs::is_directory(subject.root() / "a" / "empty"));
  CHECK(subject.holds({"a/b", "object"}));
}

TEST_CASE("a file in place of a directory means that the object is absent",
          "[unit]") {
  const Walk walk = GENERATE(Walk::openat2, Walk::by_component);
  DirectorySubject subject(Prune::all, walk);
  subject.put({"a", "b"});
  for (const ObjectKey& key :
       std::vector<ObjectKey>{{"a/b", "c"}, {"a/b/c", "d"}}) {
    CHECK(subject.store().look({&key, 1}).poison.empty());
    CHECK(subject.store().remove({&key, 1}).absent.size() == 1);
    subject.store().prune({&key, 1});
  }
  CHECK(subject.holds({"a", "b"}));
}

TEST_CASE("names longer than the file system takes are refused", "[unit]") {
  const Walk walk = GENERATE(Walk::openat2, Walk::by_component);
  DirectorySubject subject(Prune::leaf, walk);
  subject.put({"a", "object"});
  const std::string reason = "file name too long";

  check_refused(subject.store(), {"a", std::string(256, 'x')}, reason);
  check_refused(subject.store(), {"a", std::string(100000, 'x')}, reason);
  check_refused(subject.store(), {std::string(100000, 'x'), "a"}, reason);
  check_refused(subject.store(), {std::string(256, 'x'), "a"}, reason);
}

TEST_CASE("a deep directory is walked up to the longest path Linux takes",
          "[unit]") {
  const Walk walk = GENERATE(Walk::openat2, Walk::by_component);
  DirectorySubject subject(Prune::leaf, walk);
  std::string deep = "d";
  for (int level = 1; level < 1000; ++level)
    deep += "/d";
  subject.put({deep, "object"});
  const ObjectKey key{deep, "object"};
  CHECK(subject.store().look({&key, 1}).absent.empty());
  CHECK(subject.store().remove({&key, 1}).absent.empty());
  CHECK_FALSE(subject.holds(key));

  // PATH_MAX is 4096 with the final NUL.
  while (deep.size() < 4090)
    deep += "/d";
  deep.resize(4091);
  check_absent(subject.store(), {deep, "123"});
  check_refused(subject.store(), {deep, "1234"}, "file name too long");
}
