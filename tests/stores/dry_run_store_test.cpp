#include "stores/dry_run_store.hpp"

#include "tests/stores/decorated.hpp"
#include "tests/stores/directory_subject.hpp"
#include "tests/stores/store_suite.hpp"

#include <catch2/catch.hpp>

using stores::ObjectKey;
using stores::Removal;
using tests::RecordingStore;
using DryRun = tests::Decorated<stores::DryRunStore>;
using Indexes = std::vector<std::size_t>;
using Method = RecordingStore::Method;

namespace {

const std::vector<ObjectKey> keys{{"a", "1"}, {"a", "2"}, {"..", "3"}};

}  // namespace

TEST_CASE("a dry run says what a removal would leave, and removes nothing",
          "[unit]") {
  DryRun dry;
  dry.inner.put(keys[0]);
  const Removal removal = dry.store.remove(keys);
  CHECK(removal.absent == Indexes{1});
  REQUIRE(tests::indexes(removal.left) == Indexes{2});
  CHECK(removal.left[0].reason == "its directory holds a component '..'");
  CHECK(dry.inner.holds(keys[0]));
  CHECK(dry.inner.asked(Method::remove).empty());
}

TEST_CASE("a dry run of a directory changes nothing in it", "[unit]") {
  tests::DirectorySubject files;
  const ObjectKey key{"a/b", "object"};
  files.put(key);
  std::filesystem::create_directory(files.root() / "empty");
  stores::DryRunStore dry(std::make_unique<stores::DirectoryStore>(
      files.root(), stores::Prune::leaf));
  CHECK(dry.remove({&key, 1}).left.empty());
  const ObjectKey pruned{"empty", "object"};
  dry.prune({&pruned, 1});
  CHECK_THROWS_AS(dry.put(pruned, tests::in_pieces("x")), stores::ObjectError);
  CHECK(files.holds(key));
  CHECK(std::filesystem::is_empty(files.root() / "empty"));
}

TEST_CASE("a dry run stores and prunes nothing", "[unit]") {
  DryRun dry;
  int called = 0;
  CHECK_THROWS_WITH(
      dry.store.put(keys[0], [&](const stores::ByteSink&) { ++called; }),
      "it cannot be stored: this is a dry run");
  dry.store.prune(keys);
  CHECK(called == 0);
  CHECK(dry.inner.calls().empty());
}

TEST_CASE("a dry run reads and looks", "[unit]") {
  DryRun dry;
  dry.inner.put(keys[0]);
  dry.inner.set_trouble("no bucket");
  dry.inner.set_remarks({{true, "it keeps versions"}});
  dry.inner.set_keys_a_request(77);
  CHECK(tests::read_object(dry.store, keys[0]) == "bytes");
  CHECK(dry.store.stat(keys[0])->size == 5);
  CHECK(dry.store.look(keys).absent == Indexes{1});
  CHECK(dry.store.trouble() == "no bucket");
  CHECK(dry.store.remarks().at(0).text == "it keeps versions");
  CHECK(dry.store.keys_a_request() == 77);
  CHECK(dry.store.description() == "recording store");
  CHECK_FALSE(dry.store.is_down());
}
