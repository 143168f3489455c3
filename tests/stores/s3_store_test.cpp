#include "stores/s3_store.hpp"

#include "stores/limited_store.hpp"
#include "stores/retrying_store.hpp"
#include "tests/stores/s3_subject.hpp"
#include "tests/stores/store_suite.hpp"
#include "tests/support/some_bytes.hpp"

namespace {

using stores::ObjectKey;
using tests::S3Subject;

const std::atomic<bool> goes_on{false};

std::unique_ptr<stores::Store> as_opened(std::unique_ptr<stores::Store> store) {
  return std::make_unique<stores::RetryingStore>(
      std::make_unique<stores::LimitedStore>(std::move(store), 4, goes_on),
      goes_on);
}

std::unique_ptr<stores::S3Store> store_with(S3Subject& subject,
                                            const tests::S3Server& server,
                                            stores::S3Sizes sizes) {
  return std::make_unique<stores::S3Store>(
      std::make_shared<stores::S3Client>(
          tests::account_at(server, subject.bucket().name())),
      "a/prefix", sizes);
}

}  // namespace

TEST_CASE("a bucket of Ceph does what every store must do", "[s3]") {
  S3Subject subject(tests::rgw_server());
  tests::check_store(subject);
}

TEST_CASE("a bucket of Swift does what every store must do", "[s3][slow]") {
  S3Subject subject(tests::swift_server(), 101);
  tests::check_store(subject);
}

// 1,000 keys take Swift seven seconds.
TEST_CASE("Swift takes more keys than go into one request", "[s3][long]") {
  S3Subject subject(tests::swift_server(), 1001);
  tests::check_many(subject);
}

TEST_CASE("a bucket as a run opens it does what every store must do", "[s3]") {
  S3Subject subject(tests::rgw_server(), 1001, /*prefix=*/"", as_opened);
  tests::check_store(subject);
}

TEST_CASE("an object above the limit is stored in parts", "[s3]") {
  constexpr std::int64_t part = std::int64_t{5}
                                << 20;  // the least that S3 takes
  const auto server =
      GENERATE(0, 1) == 0 ? tests::rgw_server() : tests::swift_server();
  S3Subject subject(server);
  const auto store = store_with(subject, server, {.whole = part, .part = part});
  const ObjectKey key = tests::some_keys(1)[0];
  for (const std::int64_t size : {part - 1, part, part + 1, 2 * part + 77}) {
    const std::string bytes = tests::some_bytes(static_cast<std::size_t>(size));
    store->put(key, tests::in_pieces(bytes, {131072}));
    CHECK((subject.bucket().get(subject.full(key)) == bytes));
    CHECK(store->stat(key)->size == size);
    CHECK(subject.bucket().list_uploads().empty());
  }
}

TEST_CASE("an upload in parts that fails is aborted on the server", "[s3]") {
  constexpr std::int64_t part = std::int64_t{1} << 20;  // too small: refused
  const tests::S3Server server = tests::rgw_server();
  S3Subject subject(server);
  const auto store = store_with(subject, server, {.whole = part, .part = part});
  const ObjectKey key = tests::some_keys(1)[0];
  const std::string bytes = tests::some_bytes(3 * part);
  CHECK_THROWS_AS(store->put(key, tests::in_pieces(bytes)), stores::StoreError);
  CHECK(subject.bucket().list_uploads().empty());
  CHECK_FALSE(subject.holds(key));
}

TEST_CASE("a key too long for S3 is poison", "[s3]") {
  S3Subject subject(tests::rgw_server());
  const std::size_t room = 1024 - std::string("a/prefix/d/").size();
  const ObjectKey fits{"d", std::string(room, 'n')};
  const ObjectKey too_long{"d", std::string(room + 1, 'n')};
  subject.put(fits);
  const auto sight = subject.store().look(std::vector{fits, too_long});
  CHECK(tests::indexes(sight.poison) == std::vector<std::size_t>{1});
  const auto removal = subject.store().remove(std::vector{fits, too_long});
  CHECK(tests::indexes(removal.left) == std::vector<std::size_t>{1});
  CHECK_FALSE(subject.holds(fits));
}

TEST_CASE("nothing outside the prefix is touched", "[s3]") {
  S3Subject subject(tests::rgw_server());
  const ObjectKey key{"d", "f"};
  subject.put(key);
  for (const char* const other :
       {"d/f", "a/d/f", "a/prefix", "a/prefix2/d/f", "other/a/prefix/d/f"})
    subject.bucket().put(other);
  subject.store().remove({&key, 1});
  CHECK(subject.bucket().count() == 5);
}

TEST_CASE("a bucket that keeps versions is noticed", "[s3]") {
  S3Subject subject(tests::rgw_server());
  const auto warns = [&] {
    const auto remarks = subject.store().remarks();
    return std::ranges::any_of(remarks, [](const stores::Remark& remark) {
      return remark.is_warning &&
             remark.text.find("keeps versions") != std::string::npos;
    });
  };
  CHECK_FALSE(warns());
  subject.bucket().set_versioning(true);
  CHECK(warns());
}
