#include "stores/directory_store.hpp"
#include "tests/fuzz/fuzzing.hpp"
#include "tests/fuzz/targets.hpp"
#include "tests/support/temporary_directory.hpp"

#include <sys/stat.h>

namespace fuzz {
namespace {

namespace fs = std::filesystem;
using stores::DirectoryStore;
using stores::ObjectKey;
using stores::Walk;

/// A store with all that may lead out of it, and what must not be touched.
struct Place {
  Place() {
    top.write("canary", "alive");
    top.write("store/a/b/file");
    top.write("store/x");
    fs::create_symlink("../canary", top.path() / "store/link");
    fs::create_directory_symlink("..", top.path() / "store/up");
    fs::create_directory_symlink(top.path(), top.path() / "store/a/top");
    ::mkfifo((top.path() / "store/fifo").c_str(), 0600);
  }

  /// Of what lies outside: anything made or removed there changes a time.
  [[nodiscard]] auto outside() const {
    struct stat canary {};
    struct stat above {};
    ::stat((top.path() / "canary").c_str(), &canary);
    ::stat(top.path().c_str(), &above);
    return std::tuple(canary.st_size, canary.st_nlink, canary.st_mtim.tv_sec,
                      canary.st_mtim.tv_nsec, above.st_mtim.tv_sec,
                      above.st_mtim.tv_nsec, above.st_nlink);
  }

  tests::TemporaryDirectory top{tests::fast_place()};
};

DirectoryStore open(const Place& place, Walk walk) {
  return {(place.top.path() / "store").string(), stores::Prune::leaf, walk};
}

/// Both ways to walk must see the same.
struct Seen {
  bool is_absent = false;
  std::string poison;
  std::string status;
  bool operator==(const Seen&) const = default;
};

Seen look(DirectoryStore& store, const ObjectKey& key) {
  const stores::Sight sight = store.look({&key, 1});
  Seen seen{!sight.absent.empty(),
            sight.poison.empty() ? "" : sight.poison.front().reason,
            {}};
  try {
    const auto status = store.stat(key);
    seen.status = status ? std::to_string(status->size) : "absent";
  } catch (const stores::ObjectError& error) {
    seen.status = error.what();
  }
  return seen;
}

bool put(DirectoryStore& store, const ObjectKey& key) {
  try {
    store.put(key, [](const stores::ByteSink& sink) { sink("new"); });
    return true;
  } catch (const stores::ObjectError& error) {
    must_be_harmless(error.what());
    return false;
  }
}

/// As many directories as an input has slashes would stay.
void remove_emptied(const fs::path& store, const std::string& directory) {
  std::error_code not_empty;
  for (fs::path below(directory); !below.empty() && !not_empty;
       below = below.parent_path())
    fs::remove(store / below, not_empty);
}

/// What was put is there, and after its removal nothing of it is.
void put_and_remove(const Place& place, DirectoryStore& store,
                    const ObjectKey& key) {
  if (!put(store, key))
    return;
  must(!stores::poison(key), "an object was stored under a poison key");
  std::string read;
  must(store.get(key, [&](std::string_view piece) { read += piece; }) &&
           read == "new",
       "what was stored can't be read");
  const stores::Removal removal = store.remove({&key, 1});
  must(removal.absent.empty() && removal.left.empty(),
       "what was stored can't be removed");
  must(!store.stat(key), "what was removed is there");
  store.prune({&key, 1});
  remove_emptied(place.top.path() / "store", key.directory);
}

}  // namespace

void directory(std::string_view bytes) {
  static const Place place;
  static DirectoryStore by_kernel = open(place, Walk::openat2);
  static DirectoryStore by_component = open(place, Walk::by_component);
  static const auto outside = place.outside();

  Input input(bytes);
  const bool uses_kernel = input.byte() % 2 == 0;
  const std::string directory(input.field());
  const ObjectKey key{directory, std::string(input.field())};
  const Seen seen = look(by_kernel, key);
  must(seen == look(by_component, key), "the two walks see two things");
  must(!stores::poison(key) || !seen.poison.empty(),
       "a poison key was looked up");
  if (seen.is_absent)
    put_and_remove(place, uses_kernel ? by_kernel : by_component, key);
  must(place.outside() == outside, "something outside the store has changed");
}

}  // namespace fuzz
