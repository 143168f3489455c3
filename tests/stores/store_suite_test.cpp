#include "tests/stores/store_suite.hpp"

#include <memory>
#include <utility>

#include "stores/limited_store.hpp"
#include "stores/retrying_store.hpp"
#include "tests/stores/decorated.hpp"
#include "tests/stores/directory_subject.hpp"
#include "tests/support/recording_store.hpp"

namespace {

class RecordingSubject : public tests::StoreSubject {
 public:
  tests::RecordingStore& store() override { return store_; }
  void put(const stores::ObjectKey& key) override { store_.put(key); }
  bool holds(const stores::ObjectKey& key) override {
    return store_.holds(key);
  }

 private:
  tests::RecordingStore store_;
};

/// As many keys a request as leave many slices, the last of them not full.
constexpr std::size_t some_a_request = 7;

std::unique_ptr<stores::Store> with_patience(
    std::unique_ptr<stores::Store> store) {
  return std::make_unique<stores::RetryingStore>(
      std::make_unique<stores::LimitedStore>(std::move(store), 3,
                                             tests::never_stops),
      tests::never_stops);
}

class DecoratedRecordingSubject : public tests::StoreSubject {
 public:
  DecoratedRecordingSubject() { inner_.set_keys_a_request(some_a_request); }

  stores::Store& store() override { return *store_; }
  void put(const stores::ObjectKey& key) override { inner_.put(key); }
  bool holds(const stores::ObjectKey& key) override {
    return inner_.holds(key);
  }

 private:
  std::unique_ptr<tests::RecordingStore> owned_ =
      std::make_unique<tests::RecordingStore>();
  tests::RecordingStore& inner_ = *owned_;
  std::unique_ptr<stores::Store> store_ = with_patience(std::move(owned_));
};

class SlicedDirectory : public stores::DirectoryStore {
 public:
  using DirectoryStore::DirectoryStore;
  std::size_t keys_a_request() const override { return some_a_request; }
};

class DecoratedDirectorySubject : public tests::StoreSubject {
 public:
  stores::Store& store() override { return *store_; }
  void put(const stores::ObjectKey& key) override { files_.put(key); }
  bool holds(const stores::ObjectKey& key) override {
    return files_.holds(key);
  }

 private:
  tests::DirectorySubject files_;
  std::unique_ptr<stores::Store> store_ = with_patience(
      std::make_unique<SlicedDirectory>(files_.root(), stores::Prune::leaf));
};

}  // namespace

TEST_CASE("a directory opened by openat2 does what every store must do",
          "[unit]") {
  tests::DirectorySubject subject(stores::Prune::leaf, stores::Walk::openat2);
  tests::check_store(subject);
}

TEST_CASE("a directory walked by component does what every store must do",
          "[unit]") {
  tests::DirectorySubject subject(stores::Prune::leaf,
                                  stores::Walk::by_component);
  tests::check_store(subject);
}

TEST_CASE("a directory that prunes upwards does what every store must do",
          "[unit]") {
  tests::DirectorySubject subject(stores::Prune::all);
  tests::check_store(subject);
}

TEST_CASE("the recording store does what every store must do", "[unit]") {
  RecordingSubject subject;
  tests::check_store(subject);
}

TEST_CASE("a patient and limited recording store does what every store must do",
          "[unit]") {
  DecoratedRecordingSubject subject;
  tests::check_store(subject);
}

TEST_CASE("a patient and limited directory does what every store must do",
          "[unit]") {
  DecoratedDirectorySubject subject;
  tests::check_store(subject);
}
