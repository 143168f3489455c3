#pragma once

#include "tests/support/test_database.hpp"

#include <atomic>
#include <latch>
#include <thread>

namespace tests {

/// GitLab, writing without end from when this is made.
class Writer {
 public:
  Writer() { begun_.wait(); }
  ~Writer() {
    over_ = true;
    thread_.join();
  }
  Writer(const Writer&) = delete;
  Writer& operator=(const Writer&) = delete;

 private:
  void write() {
    TestSession session;
    session.run("SELECT pg_current_xact_id()");
    begun_.count_down();
    while (!over_)
      session.run("SELECT pg_current_xact_id()");
  }

  std::atomic<bool> over_ = false;
  std::latch begun_{1};
  std::thread thread_{[this] { write(); }};
};

}  // namespace tests
