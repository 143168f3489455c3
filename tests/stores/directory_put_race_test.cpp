#include <atomic>
#include <chrono>
#include <cstddef>
#include <filesystem>
#include <functional>
#include <iterator>
#include <span>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "tests/stores/directory_subject.hpp"

#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>
#include <catch2/catch.hpp>

namespace fs = std::filesystem;
using stores::ObjectError;
using stores::ObjectKey;
using stores::Prune;
using stores::Walk;
using tests::DirectorySubject;
using tests::in_pieces;
using tests::read_object;

namespace {

/// Does this again and again in a thread of its own.
class Meanwhile {
 public:
  explicit Meanwhile(std::function<void()> step,
                     std::chrono::microseconds pause = {})
      : thread_([this, step = std::move(step), pause] {
          for (; !stop_; std::this_thread::sleep_for(pause))
            step();
        }) {}
  ~Meanwhile() {
    stop_ = true;
    thread_.join();
  }
  Meanwhile(const Meanwhile&) = delete;
  Meanwhile& operator=(const Meanwhile&) = delete;

 private:
  std::atomic<bool> stop_ = false;
  std::thread thread_;
};

/// Without one, who removes a directory can win for as long as they like.
constexpr std::chrono::microseconds a_while{20};

std::size_t count_in(const fs::path& directory) {
  return static_cast<std::size_t>(std::distance(
      fs::directory_iterator(directory), fs::directory_iterator()));
}

/// As a run that was killed while it stored these objects.
void leave_partials(stores::Store& store, std::span<const ObjectKey> keys) {
  if (keys.empty())
    ::_exit(0);
  store.put(keys[0], [&](const stores::ByteSink& sink) {
    sink(std::string(200000, 'x'));
    leave_partials(store, keys.subspan(1));
  });
}

}  // namespace

TEST_CASE("what a crash left of an object goes with the next try", "[unit]") {
  const Walk walk = GENERATE(Walk::openat2, Walk::by_component);
  const std::string file =
      GENERATE(std::string("job.log"), std::string(255, 'n'));
  DirectorySubject subject(Prune::leaf, walk);
  const ObjectKey key{"a/b", file};
  const ObjectKey other{"a/b", "other"};
  CHECK(0 == tests::in_child([&] {
          leave_partials(subject.store(), std::vector{key, key, other});
          return 1;
        }));
  CHECK(count_in(subject.root() / "a/b") == 3);
  CHECK(read_object(subject.store(), key) == std::nullopt);

  subject.store().put(key, in_pieces("bytes"));
  CHECK(read_object(subject.store(), key) == "bytes");
  CHECK(count_in(subject.root() / "a/b") == 2);
  subject.store().put(other, in_pieces("bytes"));
  CHECK(count_in(subject.root() / "a/b") == 2);
}

TEST_CASE("what is not a leftover of ours is left alone", "[unit]") {
  DirectorySubject subject;
  const std::string partial = ".object.0123456789abcdef.partial";
  const fs::path a = subject.root() / "a";
  subject.put({"a", ".object.partial"});
  subject.put({"a", ".objects.0123456789abcdef.partial"});
  SECTION("a symlink") {
    fs::create_symlink(subject.outside() / "canary", a / partial);
  }
  SECTION("a directory") {
    fs::create_directory(a / partial);
  }
  SECTION("a FIFO") {
    REQUIRE(::mkfifo((a / partial).c_str(), 0666) == 0);
  }
  subject.store().put({"a", "object"}, in_pieces("bytes"));
  CHECK(subject.canary_lives());
  CHECK(count_in(a) == 4);
}

TEST_CASE("a key that looks like an unfinished object is not stored",
          "[unit]") {
  DirectorySubject subject;
  const ObjectKey key{"a", ".object.0123456789abcdef.partial"};
  CHECK_THROWS_AS(subject.store().put(key, in_pieces("x")), ObjectError);
  CHECK(fs::is_empty(subject.root()));
}

TEST_CASE("of two who store the same object, neither disturbs the other",
          "[unit]") {
  const Walk walk = GENERATE(Walk::openat2, Walk::by_component);
  DirectorySubject subject(Prune::leaf, walk);
  stores::DirectoryStore second(subject.root(), Prune::leaf, walk);
  const ObjectKey key{"a", "object"};
  subject.store().put(key, [&](const stores::ByteSink& sink) {
    sink("first ");
    second.put(key, in_pieces("second"));
    CHECK(read_object(second, key) == "second");
    sink("to begin");
  });
  CHECK(read_object(second, key) == "first to begin");
  CHECK(count_in(subject.root() / "a") == 1);
}

TEST_CASE("a directory pruned while an object is stored is made again",
          "[unit]") {
  const Walk walk = GENERATE(Walk::openat2, Walk::by_component);
  const Prune prune = GENERATE(Prune::leaf, Prune::all);
  DirectorySubject subject(prune, walk);
  const ObjectKey key{"a/b", "object"};
  const Meanwhile pruning([&] { subject.store().prune({&key, 1}); }, a_while);
  for (int round = 0; round < 200; ++round) {
    subject.store().put(key, in_pieces("bytes"));
    REQUIRE(read_object(subject.store(), key) == "bytes");
    REQUIRE(subject.store().remove({&key, 1}).absent.empty());
  }
}

TEST_CASE("all directories removed while an object is stored are made again",
          "[unit]") {
  const Walk walk = GENERATE(Walk::openat2, Walk::by_component);
  DirectorySubject subject(Prune::none, walk);
  const ObjectKey key{"a/b/c", "object"};
  const Meanwhile removing(
      [&] {
        for (const char* const path : {"a/b/c", "a/b", "a"})
          ::rmdir((subject.root() / path).c_str());
      },
      a_while);
  for (int round = 0; round < 200; ++round) {
    subject.store().put(key, in_pieces("bytes"));
    REQUIRE(read_object(subject.store(), key) == "bytes");
    REQUIRE(subject.store().remove({&key, 1}).absent.empty());
  }
}

TEST_CASE("a directory swapped for a symlink while we store leads nowhere",
          "[unit]") {
  const Walk walk = GENERATE(Walk::openat2, Walk::by_component);
  DirectorySubject subject(Prune::leaf, walk);
  const ObjectKey key{"swapped/sub", "canary"};
  const fs::path swapped = subject.root() / "swapped";
  const fs::path evil = subject.root() / "evil";
  fs::create_directory(swapped);
  fs::create_directory(subject.outside() / "sub");
  fs::create_directory_symlink(subject.outside(), evil);

  int stored = 0;
  int refused = 0;
  {
    const Meanwhile swapping([&] {
      ::renameat2(AT_FDCWD, swapped.c_str(), AT_FDCWD, evil.c_str(),
                  RENAME_EXCHANGE);
    });
    // More rounds only if the machine is so busy that nothing was swapped.
    for (int round = 0;
         round < 500 || (round < 400000 && (stored == 0 || refused == 0));
         ++round) {
      try {
        subject.store().put(key, in_pieces("new"));
        ++stored;
        read_object(subject.store(), key);
      } catch (const ObjectError&) {
        ++refused;
      }
    }
  }
  CHECK(stored > 0);
  CHECK(refused > 0);
  CHECK(fs::is_empty(subject.outside() / "sub"));
  CHECK(subject.canary_lives());
}
