#include "tests/stores/store_suite.hpp"

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
