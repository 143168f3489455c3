#include <string>
#include <vector>

#include "tests/stores/directory_subject.hpp"

#include <sys/syscall.h>
#include <unistd.h>
#include <catch2/catch.hpp>

using stores::ObjectKey;
using stores::Prune;
using stores::Walk;
using tests::DirectorySubject;
using tests::in_pieces;

namespace {

/// What this thread syncs from now on, in order: a path below the root, and
/// what was there under the synced_key at that moment.
struct Syncs {
  explicit Syncs(DirectorySubject& watched);
  Syncs(const Syncs&) = delete;
  Syncs& operator=(const Syncs&) = delete;
  ~Syncs();

  void add(int descriptor);

  DirectorySubject& subject;
  std::vector<std::string> lines;
};

thread_local Syncs* watching = nullptr;
const ObjectKey synced_key{"a/b/c", "object"};

Syncs::Syncs(DirectorySubject& watched) : subject(watched) {
  watching = this;
}

Syncs::~Syncs() {
  watching = nullptr;
}

void Syncs::add(int descriptor) {
  const std::string path = std::filesystem::read_symlink(
      "/proc/self/fd/" + std::to_string(descriptor));
  std::string line = path.substr(subject.root().string().size());
  if (line.ends_with(".partial"))
    line = "partial";
  const std::optional<std::string> there =
      tests::read_object(subject.store(), synced_key);
  lines.push_back(line + ": " + there.value_or("nothing"));
}

}  // namespace

// These stand in front of the C library's.
extern "C" int fsync(int descriptor) {
  if (watching != nullptr)
    watching->add(descriptor);
  return static_cast<int>(::syscall(SYS_fsync, descriptor));
}

extern "C" int fdatasync(int descriptor) {
  if (watching != nullptr)
    watching->add(descriptor);
  return static_cast<int>(::syscall(SYS_fdatasync, descriptor));
}

TEST_CASE("the way, the bytes and the name of an object are synced in turn",
          "[unit]") {
  const Walk walk = GENERATE(Walk::openat2, Walk::by_component);
  DirectorySubject subject(Prune::leaf, walk);
  const Syncs syncs(subject);
  subject.store().put(synced_key, in_pieces("first"));
  subject.store().put(synced_key, in_pieces("second"));
  const std::vector<std::string> expected{
      ": nothing",      "/a: nothing",   "/a/b: nothing", "partial: nothing",
      "/a/b/c: first",  ": first",       "/a: first",     "/a/b: first",
      "partial: first", "/a/b/c: second"};
  CHECK(syncs.lines == expected);
}
