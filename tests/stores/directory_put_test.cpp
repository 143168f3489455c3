#include <algorithm>
#include <cstddef>
#include <filesystem>
#include <string>
#include <vector>

#include "stores/object_file.hpp"
#include "tests/stores/directory_subject.hpp"
#include "tests/support/some_bytes.hpp"

#include <sys/stat.h>
#include <catch2/catch.hpp>

namespace fs = std::filesystem;
using Catch::Matchers::EndsWith;
using stores::ObjectError;
using stores::ObjectKey;
using stores::Prune;
using stores::Walk;
using tests::DirectorySubject;
using tests::in_pieces;
using tests::read_object;

namespace {

/// Neither stored nor read, with this reason, and without asking for a byte.
void check_refused(stores::Store& store, const ObjectKey& key,
                   const std::string& reason) {
  CAPTURE(key.directory, key.file);
  int called = 0;
  CHECK_THROWS_WITH(store.put(key, [&](const stores::ByteSink&) { ++called; }),
                    "it cannot be stored: " + reason);
  CHECK_THROWS_WITH(store.get(key, [&](std::string_view) { ++called; }),
                    "it cannot be read: " + reason);
  CHECK_THROWS_AS(store.put(key, in_pieces("x")), ObjectError);
  CHECK_THROWS_AS(read_object(store, key), ObjectError);
  CHECK(called == 0);
}

std::vector<std::string> names_in(const fs::path& directory) {
  std::vector<std::string> names;
  for (const fs::directory_entry& entry : fs::directory_iterator(directory))
    names.push_back(entry.path().filename());
  std::sort(names.begin(), names.end());
  return names;
}

using Names = std::vector<std::string>;
const std::string symlink_reason = "it leads through a symlink, or to one";

}  // namespace

TEST_CASE("poison keys make no directory", "[unit]") {
  const Walk walk = GENERATE(Walk::openat2, Walk::by_component);
  DirectorySubject subject(Prune::leaf, walk);
  for (const ObjectKey& key : tests::poison_keys())
    CHECK_THROWS_AS(subject.store().put(key, in_pieces("x")), ObjectError);
  CHECK_THROWS_AS(
      subject.store().put({std::string(100000, 'x'), "x"}, in_pieces("x")),
      ObjectError);
  CHECK(fs::is_empty(subject.root()));
  CHECK(names_in(subject.outside()) == Names{"canary"});
}

TEST_CASE("nothing is stored or read through a symlink", "[unit]") {
  const Walk walk = GENERATE(Walk::openat2, Walk::by_component);
  DirectorySubject subject(Prune::leaf, walk);
  subject.put({"a/b", "object"});
  fs::create_directory_symlink(subject.outside(), subject.root() / "first");
  fs::create_directory_symlink("../../outside", subject.root() / "a" / "mid");
  fs::create_directory_symlink("a", subject.root() / "inside");
  fs::create_symlink(subject.outside() / "new", subject.root() / "dangling");

  for (const ObjectKey& key : std::vector<ObjectKey>{{"first", "canary"},
                                                     {"first/new", "object"},
                                                     {"a/mid", "canary"},
                                                     {"a/mid/new", "object"},
                                                     {"inside/b", "object"},
                                                     {"dangling", "object"}})
    check_refused(subject.store(), key, symlink_reason);
  CHECK(names_in(subject.outside()) == Names{"canary"});
  CHECK(names_in(subject.root() / "a/b") == Names{"object"});
  CHECK(subject.canary_lives());
}

TEST_CASE("a symlink in place of the object is not replaced", "[unit]") {
  const Walk walk = GENERATE(Walk::openat2, Walk::by_component);
  DirectorySubject subject(Prune::leaf, walk);
  const fs::path a = subject.root() / "a";
  fs::create_directory(a);
  fs::create_symlink(subject.outside() / "canary", a / "canary");
  fs::create_symlink("nowhere", a / "dangling");
  fs::create_directory_symlink(subject.outside(), a / "directory");

  for (const char* const name : {"canary", "dangling", "directory"}) {
    check_refused(subject.store(), {"a", name}, symlink_reason);
    CHECK(fs::is_symlink(a / name));
  }
  CHECK(subject.canary_lives());
  CHECK(names_in(a) == Names{"canary", "dangling", "directory"});
}

TEST_CASE("what is no regular file is neither replaced nor read", "[unit]") {
  const Walk walk = GENERATE(Walk::openat2, Walk::by_component);
  DirectorySubject subject(Prune::leaf, walk);
  subject.put({"a/b", "object"});
  fs::create_directory(subject.root() / "a/empty");
  REQUIRE(::mkfifo((subject.root() / "a/fifo").c_str(), 0666) == 0);

  check_refused(subject.store(), {"a", "b"}, "it is a directory");
  check_refused(subject.store(), {"a", "empty"}, "it is a directory");
  check_refused(subject.store(), {"a", "fifo"}, "it is not a regular file");
  CHECK(names_in(subject.root() / "a") == Names{"b", "empty", "fifo"});
  CHECK(subject.holds({"a/b", "object"}));
}

TEST_CASE("below a file nothing is stored, and nothing is there", "[unit]") {
  const Walk walk = GENERATE(Walk::openat2, Walk::by_component);
  DirectorySubject subject(Prune::leaf, walk);
  subject.put({"a", "b"});
  CHECK_THROWS_WITH(subject.store().put({"a/b", "c"}, in_pieces("x")),
                    EndsWith("stored: not a directory"));
  CHECK(read_object(subject.store(), {"a/b", "c"}) == std::nullopt);
  CHECK(read_object(subject.store(), {"a/b/c", "d"}) == std::nullopt);
  CHECK(subject.holds({"a", "b"}));
}

TEST_CASE("names that the file system does not take are refused", "[unit]") {
  const Walk walk = GENERATE(Walk::openat2, Walk::by_component);
  DirectorySubject subject(Prune::leaf, walk);
  const std::string reason = "file name too long";
  fs::create_directory(subject.root() / "a");
  check_refused(subject.store(), {"a", std::string(256, 'x')}, reason);
  check_refused(subject.store(), {std::string(256, 'x'), "a"}, reason);
  check_refused(subject.store(), {std::string(100000, 'x'), "a"}, reason);
  CHECK(fs::is_empty(subject.root() / "a"));
}

TEST_CASE("an object is stored under the longest path Linux takes", "[unit]") {
  const Walk walk = GENERATE(Walk::openat2, Walk::by_component);
  DirectorySubject subject(Prune::leaf, walk);
  std::string path;
  while (path.size() < 4100)
    path += std::string(99, 'd') + '/';
  path.resize(4089);  // PATH_MAX is 4096 with a slash and the final NUL
  const ObjectKey key{path, "12345"};
  subject.store().put(key, in_pieces("bytes"));
  CHECK(read_object(subject.store(), key) == "bytes");
  CHECK(subject.store().remove({&key, 1}).absent.empty());
}

TEST_CASE("files and directories are made for whom the umask allows",
          "[unit]") {
  DirectorySubject subject;
  const int status = tests::in_child([&] {
    ::umask(027);
    subject.store().put({"a/b", "object"}, in_pieces("bytes"));
    return 0;
  });
  CHECK(status == 0);
  CHECK(fs::status(subject.root() / "a").permissions() == fs::perms(0750));
  CHECK(fs::status(subject.root() / "a/b").permissions() == fs::perms(0750));
  CHECK(fs::status(subject.root() / "a/b/object").permissions() ==
        fs::perms(0640));
}

TEST_CASE("an object is read in pieces that fit into memory", "[unit]") {
  DirectorySubject subject;
  const ObjectKey key{"a", "object"};
  subject.store().put(key, in_pieces(tests::some_bytes(1000000)));
  std::size_t largest = 0;
  CHECK(subject.store().get(key, [&](std::string_view piece) {
    largest = std::max(largest, piece.size());
  }));
  CHECK(largest == 131072);
}

TEST_CASE("an object that is replaced or removed meanwhile is read whole",
          "[unit]") {
  DirectorySubject subject;
  const ObjectKey key{"a", "object"};
  const std::string old = tests::some_bytes(1000000);
  subject.store().put(key, in_pieces(old));
  std::string read;
  subject.store().get(key, [&](std::string_view piece) {
    read += piece;
    subject.store().put(key, in_pieces("new"));
    subject.store().remove({&key, 1});
  });
  CHECK((read == old));
}

TEST_CASE("names of unfinished objects are told from others", "[unit]") {
  using stores::is_partial_name;
  CHECK(is_partial_name(".job.log.0123456789abcdef.partial"));
  CHECK(is_partial_name("..0123456789abcdef.partial"));
  CHECK_FALSE(is_partial_name("job.log.0123456789abcdef.partial"));
  CHECK_FALSE(is_partial_name(".job.log.0123456789abcdeg.partial"));
  CHECK_FALSE(is_partial_name(".job.log.0123456789abcdef.partia"));
  CHECK_FALSE(is_partial_name(".0123456789abcdef.partial"));
  CHECK_FALSE(is_partial_name(".job.log.partial"));
  CHECK_FALSE(is_partial_name(".partial"));
  CHECK_FALSE(is_partial_name(""));
}
