#include <chrono>
#include <filesystem>
#include <thread>
#include <vector>

#include "stores/pruner.hpp"
#include "tests/stores/directory_subject.hpp"

#include <catch2/catch.hpp>

namespace fs = std::filesystem;
using namespace std::chrono_literals;
using stores::ObjectKey;
using stores::Prune;
using stores::Walk;
using tests::DirectorySubject;

namespace {

/// Let the directories look unchanged for so long, from this one up to the
/// root.
void age(const DirectorySubject& subject, fs::path relative,
         std::chrono::seconds age) {
  for (; !relative.empty(); relative = relative.parent_path())
    fs::last_write_time(subject.root() / relative,
                        fs::file_time_type::clock::now() - age);
}

void remove_and_prune(DirectorySubject& subject, const ObjectKey& key) {
  subject.store().remove({&key, 1});
  subject.store().prune({&key, 1});
}

bool has(const DirectorySubject& subject, const fs::path& relative) {
  return fs::exists(subject.root() / relative);
}

struct stat directory_status(ino_t inode, std::time_t seconds) {
  struct stat status {};
  status.st_ino = inode;
  status.st_mtim.tv_sec = seconds;
  return status;
}

}  // namespace

TEST_CASE("prune leaf removes the object's own directory only", "[unit]") {
  const Walk walk = GENERATE(Walk::openat2, Walk::by_component);
  DirectorySubject subject(Prune::leaf, walk);
  subject.put({"a/b/c", "object"});
  age(subject, "a/b/c", 3h);
  remove_and_prune(subject, {"a/b/c", "object"});
  CHECK_FALSE(has(subject, "a/b/c"));
  CHECK(has(subject, "a/b"));
}

TEST_CASE("prune none removes no directory", "[unit]") {
  DirectorySubject subject(Prune::none);
  subject.put({"a/b", "object"});
  age(subject, "a/b", 3h);
  remove_and_prune(subject, {"a/b", "object"});
  CHECK(has(subject, "a/b"));
  CHECK_FALSE(subject.holds({"a/b", "object"}));
}

TEST_CASE("prune all goes up to the root and leaves the root", "[unit]") {
  const Walk walk = GENERATE(Walk::openat2, Walk::by_component);
  DirectorySubject subject(Prune::all, walk);
  const ObjectKey key = stores::artifact_key(1, 2, 3, "f.json");
  subject.put(key);
  age(subject, key.directory, 61min);
  fs::last_write_time(subject.root(), fs::file_time_type::clock::now() - 24h);
  remove_and_prune(subject, key);
  CHECK(fs::is_directory(subject.root()));
  CHECK(fs::is_empty(subject.root()));
}

TEST_CASE("pruning a directory right below the root leaves the root",
          "[unit]") {
  const Prune prune = GENERATE(Prune::leaf, Prune::all);
  DirectorySubject subject(prune);
  subject.put({"a", "object"});
  remove_and_prune(subject, {"a", "object"});
  CHECK_FALSE(has(subject, "a"));
  CHECK(fs::is_directory(subject.root()));
}

TEST_CASE("prune all keeps a directory changed within the hour", "[unit]") {
  DirectorySubject subject(Prune::all);
  subject.put({"a/b/c", "object"});
  age(subject, "a/b", 61min);
  age(subject, "a", 59min);
  remove_and_prune(subject, {"a/b/c", "object"});
  CHECK_FALSE(has(subject, "a/b"));
  CHECK(has(subject, "a"));
}

TEST_CASE("prune keeps a directory that holds another object", "[unit]") {
  const Prune prune = GENERATE(Prune::leaf, Prune::all);
  DirectorySubject subject(prune);
  subject.put({"a/b", "object"});
  subject.put({"a/b", "other"});
  age(subject, "a/b", 3h);
  remove_and_prune(subject, {"a/b", "object"});
  CHECK(subject.holds({"a/b", "other"}));

  // The directory that the other one leaves is the leaf itself again.
  remove_and_prune(subject, {"a/b", "other"});
  CHECK_FALSE(has(subject, "a/b"));
}

TEST_CASE("our own removals don't make a directory look changed", "[unit]") {
  DirectorySubject subject(Prune::all);
  for (const char* const leaf : {"1", "2", "3"})
    subject.put({std::string("a/b/") + leaf, "object"});
  age(subject, "a/b", 2h);

  remove_and_prune(subject, {"a/b/1", "object"});
  std::this_thread::sleep_for(20ms);  // a tick of the file system's clock is 4
  remove_and_prune(subject, {"a/b/2", "object"});
  CHECK(has(subject, "a/b/3"));
  std::this_thread::sleep_for(20ms);
  remove_and_prune(subject, {"a/b/3", "object"});
  CHECK_FALSE(has(subject, "a"));
}

TEST_CASE("somebody else's change between ours is seen", "[unit]") {
  DirectorySubject subject(Prune::all);
  subject.put({"a/b/1", "object"});
  subject.put({"a/b/2", "object"});
  age(subject, "a/b", 2h);

  remove_and_prune(subject, {"a/b/1", "object"});
  std::this_thread::sleep_for(20ms);
  subject.put({"a/b", "passing"});
  fs::remove(subject.root() / "a/b/passing");
  remove_and_prune(subject, {"a/b/2", "object"});
  CHECK_FALSE(has(subject, "a/b/2"));
  CHECK(has(subject, "a/b"));
}

TEST_CASE("prune all goes on above a directory that is gone already",
          "[unit]") {
  DirectorySubject subject(Prune::all);
  fs::create_directories(subject.root() / "a/b");
  age(subject, "a/b", 2h);
  remove_and_prune(subject, {"a/b/c/d", "object"});
  CHECK_FALSE(has(subject, "a"));
}

TEST_CASE("threads that prune side by side leave nothing behind", "[unit]") {
  DirectorySubject subject(Prune::all);
  const std::vector<ObjectKey> keys = tests::some_keys(400);
  tests::put_all(subject, keys);
  for (const ObjectKey& key : keys)
    age(subject, key.directory, 2h);

  std::vector<std::thread> threads;
  for (std::size_t begin = 0; begin < keys.size(); begin += 100)
    threads.emplace_back(
        [&subject, slice = std::span(keys).subspan(begin, 100)] {
          subject.store().remove(slice);
          subject.store().prune(slice);
        });
  for (std::thread& thread : threads)
    thread.join();
  CHECK(fs::is_empty(subject.root()));
}

TEST_CASE("the history of directories gives up the oldest", "[unit]") {
  stores::DirectoryHistory history;
  for (ino_t inode = 1; inode <= 100000; ++inode)
    history.changed(directory_status(inode, 1000),
                    directory_status(inode, 5000));
  CHECK(history.last_foreign_change(directory_status(100000, 5000)) == 1000);
  CHECK(history.last_foreign_change(directory_status(70000, 5000)) == 1000);
  CHECK(history.last_foreign_change(directory_status(1, 5000)) == 5000);
}

TEST_CASE("the history of a directory ends when it is gone", "[unit]") {
  stores::DirectoryHistory history;
  history.changed(directory_status(1, 1000), directory_status(1, 5000));
  history.changed(directory_status(1, 5000), directory_status(1, 6000));
  CHECK(history.last_foreign_change(directory_status(1, 6000)) == 1000);
  CHECK(history.last_foreign_change(directory_status(1, 6001)) == 6001);
  history.forget(directory_status(1, 6000));
  CHECK(history.last_foreign_change(directory_status(1, 6000)) == 6000);
}
