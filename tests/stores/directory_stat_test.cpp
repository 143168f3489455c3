#include <filesystem>

#include "tests/stores/directory_subject.hpp"

#include <sys/stat.h>
#include <catch2/catch.hpp>

namespace fs = std::filesystem;
using stores::ObjectKey;
using stores::Prune;
using stores::Walk;
using tests::DirectorySubject;

namespace {

const std::string symlink_refusal =
    "it cannot be looked at: it leads through a symlink, or to one";

}  // namespace

TEST_CASE("the size of a file is told, whatever else is beside it", "[unit]") {
  const Walk walk = GENERATE(Walk::openat2, Walk::by_component);
  DirectorySubject subject(Prune::leaf, walk);
  subject.store().put({"a/b", "object"}, tests::in_pieces("123456"));
  CHECK(subject.store().stat({"a/b", "object"})->size == 6);
  CHECK(subject.store().stat({"a/b", "other"}) == std::nullopt);
  CHECK(subject.store().stat({"a/c", "object"}) == std::nullopt);
  // Below a file nothing can be.
  CHECK(subject.store().stat({"a/b/object", "x"}) == std::nullopt);
}

TEST_CASE("what is no file of ours is not told the size of", "[unit]") {
  const Walk walk = GENERATE(Walk::openat2, Walk::by_component);
  DirectorySubject subject(Prune::leaf, walk);
  subject.put({"a/b", "object"});
  REQUIRE(::mkfifo((subject.root() / "a/fifo").c_str(), 0666) == 0);
  fs::create_symlink(subject.outside() / "canary", subject.root() / "a/link");
  fs::create_directory_symlink(subject.outside(), subject.root() / "way");

  stores::Store& store = subject.store();
  CHECK_THROWS_WITH(store.stat({"a", "b"}),
                    "it cannot be looked at: it is a directory");
  CHECK_THROWS_WITH(store.stat({"a", "fifo"}),
                    "it cannot be looked at: it is not a regular file");
  CHECK_THROWS_WITH(store.stat({"a", "link"}), symlink_refusal);
  CHECK_THROWS_WITH(store.stat({"way", "canary"}), symlink_refusal);
  CHECK_THROWS_WITH(store.stat({"a", std::string(256, 'x')}),
                    "it cannot be looked at: file name too long");
}

TEST_CASE("a file that we may not read is not taken for absent", "[unit]") {
  DirectorySubject subject;
  const ObjectKey key{"a", "object"};
  subject.put(key);
  fs::permissions(subject.root() / "a/object", fs::perms::none);
  const int status = tests::in_child([&] {
    tests::become_ordinary_user();
    try {
      subject.store().stat(key);
    } catch (const stores::ObjectError& error) {
      return error.what() ==
                     std::string("it cannot be looked at: permission denied")
                 ? 0
                 : 2;
    }
    return 1;
  });
  CHECK(status == 0);
}

TEST_CASE("in a root that was removed nothing is taken for absent", "[unit]") {
  DirectorySubject subject;
  fs::remove(subject.root());
  CHECK_THROWS_AS(subject.store().stat({"a", "object"}), stores::StoreError);
  CHECK_THROWS_AS(tests::read_object(subject.store(), {"a", "object"}),
                  stores::StoreError);
}
