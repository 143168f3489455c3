#pragma once

#include <atomic>
#include <chrono>
#include <cstddef>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "stores/object_key.hpp"

namespace stores {
class S3Client;
}

namespace bench {

/// What the command line says.
struct Order {
  std::string bucket;
  std::optional<std::size_t> objects;  ///< else those of standard input
  std::size_t concurrency = 1;
  std::size_t keys = 1000;  ///< a request; 1: single DELETEs
};

[[noreturn]] void die(const std::string& why);

using Batch = std::vector<stores::ObjectKey>;

/// Names objects, batch by batch, and holds no more than one: artifacts of
/// 5,000 projects in turn, or the paths that stand on standard input, one a
/// line.  May be used from several threads at once.
class Keys {
 public:
  explicit Keys(std::optional<std::size_t> objects) : objects_(objects) {}

  /// \return null at the end.
  std::shared_ptr<Batch> next(std::size_t most);
  [[nodiscard]] std::size_t handed_out() const { return handed_out_; }

 private:
  std::optional<stores::ObjectKey> one();

  const std::optional<std::size_t> objects_;
  std::mutex mutex_;  ///< guards standard input and the number
  std::atomic<std::size_t> handed_out_ = 0;
};

/// Prints how long it took, what it cost this process, and "NAME VALUE" for
/// whatever is noted, a line each.
class Measure {
 public:
  void note(const std::string& name, double value);
  void print(std::size_t objects);

 private:
  using Clock = std::chrono::steady_clock;

  Clock::time_point began_ = Clock::now();
  std::string notes_;
};

template <typename Work>
void in_threads(std::size_t number, const Work& work) {
  std::vector<std::jthread> threads;
  for (std::size_t i = 0; i < number; ++i)
    threads.emplace_back(work);
}

/// Store objects of 100 bytes, in a bucket that is made if there is none.
void fill(const Order& order);
/// Remove objects as the objects pass does.
void remove(const Order& order);
/// Send requests that were signed before, over plain connections, and look at
/// nothing of their answers but the status: what the server alone can do.
void flood(const Order& order);

/// The program's own client, of AWS_ENDPOINT_URL_S3.
std::shared_ptr<stores::S3Client> client_of(const std::string& bucket);

/// A server that takes every request, keeps nothing, and answers at once, until
/// SIGTERM; then it prints how many requests and keys came.
void serve_sink();
/// The tests' delay in front of a server, until SIGTERM.
void serve_delay(const std::string& url, std::chrono::microseconds round_trip);

}  // namespace bench
