#pragma once

#include "tests/support/test_database.hpp"

#include <atomic>
#include <thread>

namespace tests {

/// GitLab, writing without end.
class Writer {
 public:
  Writer() = default;
  ~Writer() {
    over_ = true;
    thread_.join();
  }
  Writer(const Writer&) = delete;
  Writer& operator=(const Writer&) = delete;

 private:
  std::atomic<bool> over_ = false;
  std::thread thread_{[this] {
    TestSession session;
    while (!over_)
      session.run("SELECT pg_current_xact_id()");
  }};
};

}  // namespace tests
