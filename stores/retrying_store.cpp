#include "stores/retrying_store.hpp"

#include "stores/open_removal.hpp"
#include "stores/reason.hpp"
#include "stores/spool.hpp"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <exception>
#include <utility>

namespace stores {

/// Those of one call.
struct RetryingStore::Tries {
  Backoff backoff;
  std::uint64_t answers_before;
};

namespace {

using std::chrono::milliseconds;

/// A store that is down must not flood the log.
constexpr std::chrono::seconds between_lines{1};

milliseconds retry_after_of(const StoreUnreachable& error) {
  const auto* const busy = dynamic_cast<const StoreBusy*>(&error);
  return busy == nullptr ? milliseconds{0} : busy->retry_after();
}

/// To stand behind a reason.
std::string times_tried(int tries) {
  return tries == 1 ? "" : fmt::format(" (tried {} times)", tries);
}

std::string what_is_left(const Store& store, const OpenRemoval& open) {
  return fmt::format("{} has left {} of {} objects ({})", store.description(),
                     open.keys().size(), open.total(), open.reason());
}

/// What a source writes.  A source that went on after the spool had no room
/// would have stored what lacks some of its bytes.
Spool spooled(const ByteSource& write) {
  Spool spool;
  std::exception_ptr failed;
  write([&](std::string_view bytes) {
    try {
      spool.append(bytes);
    } catch (...) {
      failed = std::current_exception();
      throw;
    }
  });
  if (failed)
    std::rethrow_exception(failed);
  return spool;
}

/// Hands an object's bytes to a sink, and knows whether that has begun.
class Handing {
 public:
  explicit Handing(const ByteSink& sink) : sink_(sink) {}

  /// One try.
  ///
  /// \return also false if the sink threw what looks like a store's failure.
  bool try_once(Store& store, const ObjectKey& key) {
    try {
      return store.get(key, [this](std::string_view bytes) { hand(bytes); });
    } catch (const StoreUnreachable& error) {
      if (thrown_)
        return false;
      if (bytes_ > 0)
        refuse("read", fmt::format("it broke off after {} bytes: {}", bytes_,
                                   error.what()));
      throw;
    }
  }

  /// What the sink threw.
  void rethrow() const {
    if (thrown_)
      std::rethrow_exception(thrown_);
  }

 private:
  void hand(std::string_view bytes) {
    bytes_ += bytes.size();
    try {
      sink_(bytes);
    } catch (...) {
      thrown_ = std::current_exception();
      throw;
    }
  }

  const ByteSink& sink_;
  std::size_t bytes_ = 0;
  std::exception_ptr thrown_;
};

}  // namespace

RetryingStore::RetryingStore(std::unique_ptr<Store> inner,
                             const std::atomic<bool>& stop, Patience patience,
                             Timing timing)
    : StoreDecorator(std::move(inner)),
      stop_(stop),
      patience_(patience),
      timing_(std::move(timing)),
      next_line_(timing_.now()) {}

/// \return what \a ask returns, once it does not throw StoreUnreachable.
template <typename Ask>
auto RetryingStore::ask_often(const Ask& ask) {
  for (Tries tries = begin();;) {
    try {
      auto answer = ask();
      ++answers_;
      return answer;
    } catch (const StoreUnreachable& error) {
      if (!wait_for_next(tries, error))
        give_up(tries, error);
    }
  }
}

Sight RetryingStore::look(std::span<const ObjectKey> keys) {
  return ask_often([&] { return inner_->look(keys); });
}

std::optional<ObjectStatus> RetryingStore::stat(const ObjectKey& key) {
  return ask_often([&] { return inner_->stat(key); });
}

Removal RetryingStore::remove(std::span<const ObjectKey> keys) {
  Tries tries = begin();
  for (OpenRemoval open(keys);;) {
    try {
      open.take(inner_->remove(open.keys()));
      ++answers_;
      if (open.is_over() || !wait_for_next(tries, what_is_left(*inner_, open)))
        return open.result(times_tried(tries.backoff.tries()));
    } catch (const StoreUnreachable& error) {
      if (wait_for_next(tries, error))
        continue;
      if (!open.has_settled())
        give_up(tries, error);
      return open.result(times_tried(tries.backoff.tries()));
    }
  }
}

void RetryingStore::put(const ObjectKey& key, const ByteSource& write) {
  if (const std::optional<std::string> why = poison(key))
    refuse("stored", *why);
  require_up();
  const Spool spool = spooled(write);
  ask_often([&] {
    inner_->put(key, [&](const ByteSink& sink) { spool.replay(sink); });
    return true;
  });
}

bool RetryingStore::get(const ObjectKey& key, const ByteSink& sink) {
  Handing handing(sink);
  const bool found = ask_often([&] { return handing.try_once(*inner_, key); });
  handing.rethrow();
  return found;
}

void RetryingStore::prune(std::span<const ObjectKey> keys) {
  if (!is_down())
    inner_->prune(keys);
}

std::optional<std::string> RetryingStore::trouble() {
  return ask_often([&] { return inner_->trouble(); });
}

std::vector<Remark> RetryingStore::remarks() {
  return ask_often([&] { return inner_->remarks(); });
}

bool RetryingStore::is_down() const {
  return down_ || inner_->is_down();
}

RetryingStore::Tries RetryingStore::begin() const {
  require_up();
  return {Backoff(patience_, stop_, timing_), answers_};
}

/// \return whether there is to be another try: now.
bool RetryingStore::wait_for_next(Tries& tries, const std::string& what,
                                  milliseconds retry_after) {
  const std::optional<milliseconds> wait = tries.backoff.next(retry_after);
  if (!wait)
    return false;
  warn(what, *wait);
  timing_.sleep(*wait, stop_);
  return !stop_ && !down_;
}

bool RetryingStore::wait_for_next(Tries& tries, const StoreUnreachable& error) {
  return wait_for_next(tries, error.what(), retry_after_of(error));
}

/// A store that answered others is not down: it may be this one thing that it
/// can't do, and each run would end there.
void RetryingStore::give_up(const Tries& tries, const StoreUnreachable& error) {
  if (!stop_ && answers_ == tries.answers_before && !down_.exchange(true))
    spdlog::error("{}; it is not asked again in this run", error.what());
  throw StoreUnreachable(error.what() + times_tried(tries.backoff.tries()));
}

void RetryingStore::require_up() const {
  if (is_down())
    throw StoreUnreachable(description() +
                           " did not answer before; it is not asked again in "
                           "this run");
}

void RetryingStore::warn(const std::string& what, milliseconds wait) {
  {
    const std::lock_guard lock(log_mutex_);
    const Timing::Now now = timing_.now();
    if (now < next_line_)
      return;
    next_line_ = now + between_lines;
  }
  spdlog::warn("{}; trying again in {} ms", what, wait.count());
}

}  // namespace stores
