#pragma once

#include <chrono>
#include <random>
#include <thread>

#include "db/error.hpp"

namespace db {

/// Run \a work, a whole transaction, up to three times if it fails for a reason
/// that passes: Error::is_transient(), or a session that broke before anything
/// could be committed.  Pauses up to 50 and 100 ms at random between.  Never
/// after CommitUnknown: what was done can't be told here.
///
/// \param tries fewer where the caller tries less work himself
template <typename Work>
auto with_retry(const Work& work, int tries = 3) {
  thread_local std::minstd_rand random{std::random_device{}()};
  for (unsigned pause = 50; tries > 1; pause += 50, --tries) {
    try {
      return work();
    } catch (const CommitUnknown&) {
      throw;
    } catch (const Unreachable&) {
      throw;
    } catch (const Error& error) {
      if (!error.is_transient() && !error.connection_lost())
        throw;
      std::this_thread::sleep_for(std::chrono::milliseconds{random() % pause});
    }
  }
  return work();
}

}  // namespace db
