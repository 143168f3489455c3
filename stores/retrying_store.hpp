#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "stores/backoff.hpp"
#include "stores/store_decorator.hpp"

namespace stores {

/// A store that is asked again where that may help: after StoreUnreachable and
/// StoreBusy, and for keys that a removal has left, but may remove later.
///
/// All methods but prune() bear with the store for as long as Patience says,
/// and then throw StoreUnreachable.  If meanwhile nobody else had an answer
/// either, the store counts as down for the rest of the run: from then on each
/// of them throws at once, and prune() does nothing.
class RetryingStore : public StoreDecorator {
 public:
  /// \param stop once true, what fails is not tried again, and the store does
  ///        not count as down for it; outlives the store.
  RetryingStore(std::unique_ptr<Store> inner, const std::atomic<bool>& stop,
                Patience patience = {}, Timing timing = real_timing());

  Sight look(std::span<const ObjectKey> keys) override;
  std::optional<ObjectStatus> stat(const ObjectKey& key) override;

  /// Only what is still there is asked for again.  What is left in the end may
  /// pass, and its reason says how often it was tried.  An object that a try
  /// without an answer has removed counts as absent.
  ///
  /// \throws StoreUnreachable if nothing is known of any key.
  Removal remove(std::span<const ObjectKey> keys) override;

  /// The bytes are kept in a Spool until they are stored: what \a write throws
  /// leaves the store unasked.
  void put(const ObjectKey& key, const ByteSource& write) override;

  /// \throws ObjectError if it broke off after some bytes had reached the sink:
  ///         they can't be taken back.
  bool get(const ObjectKey& key, const ByteSink& sink) override;

  void prune(std::span<const ObjectKey> keys) override;
  std::optional<std::string> trouble() override;
  std::vector<Remark> remarks() override;
  [[nodiscard]] bool is_down() const override;

 private:
  struct Tries;

  template <typename Ask>
  auto ask_often(const Ask& ask);
  [[nodiscard]] Tries begin() const;
  bool wait_for_next(Tries& tries, const std::string& what,
                     std::chrono::milliseconds retry_after = {});
  bool wait_for_next(Tries& tries, const StoreUnreachable& error);
  [[noreturn]] void give_up(const Tries& tries, const StoreUnreachable& error);
  void require_up() const;
  void warn(const std::string& what, std::chrono::milliseconds wait);

  const std::atomic<bool>& stop_;
  const Patience patience_;
  const Timing timing_;
  std::atomic<bool> down_ = false;
  std::atomic<std::uint64_t> answers_ = 0;  ///< so far, to whomever
  std::mutex log_mutex_;                    ///< guards what follows
  Timing::Now next_line_;                   ///< when the log may have another
};

}  // namespace stores
