#include "stores/limited_store.hpp"

#include <tbb/parallel_pipeline.h>
#include <tbb/task_arena.h>

#include <algorithm>
#include <atomic>
#include <exception>
#include <utility>

namespace stores {

/// Some of the keys of a removal, and what became of them.
struct LimitedStore::Slice {
  std::size_t begin = 0;  ///< the position of the first among all
  std::span<const ObjectKey> keys;
  std::optional<Removal> removal;
  /// Why there is none.
  std::string reason{"the store did not answer for others"};
  std::exception_ptr unreachable;
  std::exception_ptr failed;
};

/// A removal, and how it fares.
struct LimitedStore::Work {
  std::vector<Slice> slices;
  std::atomic<std::size_t> unreachable_in_a_row = 0;
};

namespace {

/// The server is asked too much: it does not say so of the whole request, but
/// of each key.  Of others that may pass (an error inside the server) less is
/// right, too.
bool asks_for_less(const Removal& removal) {
  return std::ranges::any_of(removal.left, &KeyReason::may_pass);
}

template <typename Answer>
bool asks_for_less(const Answer& /*answer*/) {
  return false;
}

/// \param begin the position of the slice's first key among all.
void append_slice(Removal& all, Removal&& slice, std::size_t begin) {
  for (const std::size_t index : slice.absent)
    all.absent.push_back(begin + index);
  for (KeyReason& left : slice.left) {
    left.index += begin;
    all.left.push_back(std::move(left));
  }
}

/// What became of a slice that nobody answered for: nothing is known to be
/// gone.
Removal all_left(std::size_t count, const std::string& reason) {
  Removal removal;
  for (std::size_t i = 0; i < count; ++i)
    removal.left.push_back({i, reason, true});
  return removal;
}

}  // namespace

LimitedStore::LimitedStore(std::unique_ptr<Store> inner, std::size_t width,
                           const std::atomic<bool>& stop, Timing timing)
    : StoreDecorator(std::move(inner)),
      width_(std::max<std::size_t>(width, 1)),
      permits_(width_, stop, std::move(timing)) {}

/// \return what \a ask returns, which is called with a permit.
template <typename Ask>
auto LimitedStore::ask_once(const Ask& ask) {
  Permits::Permit permit(permits_);
  try {
    auto answer = ask();
    if (asks_for_less(answer))
      permit.refused({});
    else
      permit.succeeded();
    return answer;
  } catch (const ObjectError&) {
    permit.succeeded();
    throw;
  } catch (const StoreBusy& busy) {
    permit.refused(busy.retry_after());
    throw;
  }
}

std::optional<ObjectStatus> LimitedStore::stat(const ObjectKey& key) {
  return ask_once([&] { return inner_->stat(key); });
}

void LimitedStore::put(const ObjectKey& key, const ByteSource& write) {
  ask_once([&] {
    inner_->put(key, write);
    return true;
  });
}

bool LimitedStore::get(const ObjectKey& key, const ByteSink& sink) {
  return ask_once([&] { return inner_->get(key, sink); });
}

Removal LimitedStore::remove(std::span<const ObjectKey> keys) {
  Work work{slices_of(keys)};
  // Who has a permit must not wait for others who wait for one.
  if (work.slices.size() > 1 && !permits_.held_here())
    remove_in_parallel(work);
  else
    for (Slice& slice : work.slices)
      remove_slice(work, slice);
  return joined(work.slices);
}

/// \throws what remove() does.
Removal LimitedStore::joined(std::span<Slice> slices) {
  Removal all;
  bool answered = false;
  std::exception_ptr unreachable;
  for (Slice& slice : slices) {
    if (slice.failed)
      std::rethrow_exception(slice.failed);
    if (!unreachable)
      unreachable = slice.unreachable;
    answered = answered || slice.removal;
    append_slice(all,
                 slice.removal ? std::move(*slice.removal)
                               : all_left(slice.keys.size(), slice.reason),
                 slice.begin);
  }
  if (!answered && unreachable)
    std::rethrow_exception(unreachable);
  return all;
}

std::vector<LimitedStore::Slice> LimitedStore::slices_of(
    std::span<const ObjectKey> keys) const {
  const std::size_t most = std::max<std::size_t>(inner_->keys_a_request(), 1);
  std::vector<Slice> slices;
  for (std::size_t begin = 0; begin < keys.size();) {
    const std::size_t count = std::min(most, keys.size() - begin);
    Slice& slice = slices.emplace_back();
    slice.begin = begin;
    slice.keys = keys.subspan(begin, count);
    begin += count;
  }
  return slices;
}

/// A pipeline, and not parallel_for: tests/tsan knows the order in it.
void LimitedStore::remove_in_parallel(Work& work) {
  auto next = work.slices.begin();
  // If the caller's work is given up, what is begun here is still finished: a
  // slice that was dropped would look like one that is gone.
  tbb::task_group_context context(tbb::task_group_context::isolated);
  const auto hand_out =
      tbb::make_filter<void, Slice*>(tbb::filter_mode::serial_in_order,
                                     [&](tbb::flow_control& flow) -> Slice* {
                                       if (next != work.slices.end())
                                         return &*next++;
                                       flow.stop();
                                       return nullptr;
                                     });
  const auto work_off = tbb::make_filter<Slice*, void>(
      tbb::filter_mode::parallel, [&](Slice* s) { remove_slice(work, *s); });
  // While it waits for its own slices, this thread is to begin nothing else.
  tbb::this_task_arena::isolate(
      [&] { tbb::parallel_pipeline(width_, hand_out & work_off, context); });
}

/// A server that is down costs each request its time-out; where it takes keys
/// singly, a thousand of them would take hours to find out.
void LimitedStore::remove_slice(Work& work, Slice& slice) noexcept {
  if (work.unreachable_in_a_row >= 2 * width_)
    return;
  try {
    slice.removal = ask_once([&] { return inner_->remove(slice.keys); });
    work.unreachable_in_a_row = 0;
  } catch (const StoreUnreachable& error) {
    ++work.unreachable_in_a_row;
    slice.unreachable = std::current_exception();
    slice.reason = error.what();
  } catch (...) {
    slice.failed = std::current_exception();
  }
}

}  // namespace stores
