#include <atomic>
#include <filesystem>
#include <thread>

#include "tests/stores/directory_subject.hpp"

#include <fcntl.h>
#include <stdio.h>
#include <catch2/catch.hpp>

namespace fs = std::filesystem;
using stores::ObjectKey;
using stores::Prune;
using stores::Walk;

namespace {

/// Swaps two names of a directory for each other, again and again.
class Swapper {
 public:
  Swapper(const fs::path& one, const fs::path& other)
      : thread_([this, one, other] {
          while (!stop_)
            ::renameat2(AT_FDCWD, one.c_str(), AT_FDCWD, other.c_str(),
                        RENAME_EXCHANGE);
        }) {}
  ~Swapper() {
    stop_ = true;
    thread_.join();
  }
  Swapper(const Swapper&) = delete;
  Swapper& operator=(const Swapper&) = delete;

 private:
  std::atomic<bool> stop_ = false;
  std::thread thread_;
};

}  // namespace

TEST_CASE("a directory swapped for a symlink while we remove leads nowhere",
          "[unit]") {
  const Walk walk = GENERATE(Walk::openat2, Walk::by_component);
  tests::DirectorySubject subject(Prune::all, walk);
  const ObjectKey key{"swapped/sub", "canary"};
  subject.put({"swapped/sub", "keeps the directory"});
  fs::create_directory(subject.outside() / "sub");
  fs::copy_file(subject.outside() / "canary",
                subject.outside() / "sub" / "canary");
  fs::create_directory_symlink(subject.outside(), subject.root() / "evil");
  const int real = ::open((subject.root() / "swapped/sub").c_str(), O_PATH);
  REQUIRE(real >= 0);

  int removed = 0;
  int refused = 0;
  {
    const Swapper swapper(subject.root() / "swapped", subject.root() / "evil");
    // More rounds only if the machine is so busy that nothing was swapped.
    for (int round = 0;
         round < 4000 || (round < 400000 && (removed == 0 || refused == 0));
         ++round) {
      ::close(::openat(real, "canary", O_CREAT | O_WRONLY, 0644));
      subject.store().look({&key, 1});
      const stores::Removal removal = subject.store().remove({&key, 1});
      subject.store().prune({&key, 1});
      removed += removal.left.empty() && removal.absent.empty() ? 1 : 0;
      refused += removal.left.empty() ? 0 : 1;
    }
  }
  ::close(real);
  CHECK(removed > 0);
  CHECK(refused > 0);
  CHECK(fs::exists(subject.outside() / "sub" / "canary"));
  CHECK(subject.canary_lives());
}

TEST_CASE("of threads that remove the same object, one has removed it",
          "[unit]") {
  const Walk walk = GENERATE(Walk::openat2, Walk::by_component);
  tests::DirectorySubject subject(Prune::leaf, walk);
  const std::vector<ObjectKey> keys = tests::some_keys(500);
  tests::put_all(subject, keys);

  std::atomic<std::size_t> removed = 0;
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i)
    threads.emplace_back([&] {
      removed += keys.size() - subject.store().remove(keys).absent.size();
    });
  for (std::thread& thread : threads)
    thread.join();
  CHECK(removed == keys.size());
}
