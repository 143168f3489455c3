// Removes objects by the program's own store.

#include <tbb/global_control.h>
#include <tbb/task_arena.h>

#include <algorithm>
#include <atomic>
#include <memory>
#include <span>
#include <utility>

#include "benchmarks/bench_objects.hpp"
#include "jobs/in_parallel.hpp"
#include "stores/limited_store.hpp"
#include "stores/open_stores.hpp"
#include "stores/retrying_store.hpp"
#include "stores/s3_client.hpp"
#include "stores/s3_store.hpp"

namespace bench {
namespace {

using stores::ObjectKey;

/// Counts requests, and those that the server refused for now: all of them, and
/// those after the first tenth of the expected ones, when the number of permits
/// has found its level.
class Tally {
 public:
  explicit Tally(std::size_t expected) : settled_after_(expected / 10) {}

  void count(bool is_refused) {
    const bool is_settled = requests_++ >= settled_after_;
    settled_requests_ += is_settled ? 1 : 0;
    refused_ += is_refused ? 1 : 0;
    settled_refused_ += is_settled && is_refused ? 1 : 0;
  }
  void note(Measure& measure) const {
    measure.note("requests", static_cast<double>(requests_));
    measure.note("refused", static_cast<double>(refused_));
    measure.note("settled_requests", static_cast<double>(settled_requests_));
    measure.note("settled_refused", static_cast<double>(settled_refused_));
  }

 private:
  using Count = std::atomic<std::size_t>;

  const std::size_t settled_after_;
  Count requests_ = 0;
  Count refused_ = 0;
  Count settled_requests_ = 0;
  Count settled_refused_ = 0;
};

/// The program's own S3 store; it is told how many keys a request may hold, and
/// its requests are counted.
class CountingStore : public stores::S3Store {
 public:
  CountingStore(std::shared_ptr<stores::S3Client> client, std::size_t keys,
                Tally& tally)
      : S3Store(client),
        client_(std::move(client)),
        keys_(keys),
        tally_(tally) {}

  stores::Removal remove(std::span<const ObjectKey> keys) override {
    try {
      stores::Removal removal =
          keys_ == 1 ? remove_one(keys.front()) : S3Store::remove(keys);
      tally_.count(
          std::ranges::any_of(removal.left, &stores::KeyReason::may_pass));
      return removal;
    } catch (const stores::StoreBusy&) {
      tally_.count(true);
      throw;
    }
  }
  [[nodiscard]] std::size_t keys_a_request() const override { return keys_; }

 private:
  /// Where the server knows DeleteObjects, the program never asks so.
  stores::Removal remove_one(const ObjectKey& key) {
    const stores::HttpAnswer answer =
        client_->send({.method = "DELETE", .key = key.path()});
    if (answer.status / 100 != 2)
      client_->raise(stores::error_of(answer));
    return {};
  }

  std::shared_ptr<stores::S3Client> client_;
  const std::size_t keys_;
  Tally& tally_;
};

void require_all_gone(const stores::Removal& removal) {
  if (!removal.left.empty())
    die("an object stays: " + removal.left.front().reason);
}

/// As the objects pass does it: batches of 1,000, as many at a time as there
/// are workers, through the store as open_stores() makes it.
void remove_all(const Order& order) {
  const std::atomic<bool> stop = false;
  Tally tally(order.objects.value_or(0) / order.keys);
  stores::RetryingStore store(
      std::make_unique<stores::LimitedStore>(
          std::make_unique<CountingStore>(client_of(order.bucket), order.keys,
                                          tally),
          order.concurrency, stop),
      stop);
  Keys keys(order.objects);
  Measure measure;
  jobs::in_parallel<Batch>(
      order.concurrency, [&] { return keys.next(1000); },
      [&](const Batch& batch) { require_all_gone(store.remove(batch)); });
  tally.note(measure);
  measure.print(keys.handed_out());
}

}  // namespace

void remove(const Order& order) {
  const tbb::global_control width(tbb::global_control::max_allowed_parallelism,
                                  order.concurrency);
  tbb::task_arena(static_cast<int>(order.concurrency)).execute([&] {
    remove_all(order);
  });
}

std::shared_ptr<stores::S3Client> client_of(const std::string& bucket) {
  return stores::connect({.url = "s3://" + bucket,
                          .endpoint = {},
                          .region = {},
                          .path_style = true,
                          .config_file = {}});
}

}  // namespace bench
