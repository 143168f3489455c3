#pragma once

#include <cstddef>
#include <memory>
#include <vector>

#include "stores/permits.hpp"
#include "stores/store_decorator.hpp"

namespace stores {

/// A store that is asked for no more at the same time than it bears.
///
/// A removal of many keys goes in slices of Store::keys_a_request(), in
/// parallel as far as oneTBB has threads and the store bears it; put(), get()
/// and stat() are one request each.  How many may be under way follows from
/// StoreBusy, and from keys that a removal has left though they may be removed
/// later (permits.hpp).
///
/// A sink of get() or a source of put() may use the store, in its own thread.
class LimitedStore : public StoreDecorator {
 public:
  /// \param width how many requests there are at most, and at first.
  /// \param stop as in Permits; outlives the store.
  LimitedStore(std::unique_ptr<Store> inner, std::size_t width,
               const std::atomic<bool>& stop, Timing timing = real_timing());

  std::optional<ObjectStatus> stat(const ObjectKey& key) override;

  /// The keys of a slice that failed by StoreUnreachable are left, and may
  /// pass; what became of the others is not lost.  After twice the width of
  /// such slices in a row, the others are left unasked.
  ///
  /// \throws StoreUnreachable if all slices that were asked for failed so.
  /// \throws StoreError if one failed by another, after all have ended.
  Removal remove(std::span<const ObjectKey> keys) override;

  void put(const ObjectKey& key, const ByteSource& write) override;
  bool get(const ObjectKey& key, const ByteSink& sink) override;

  /// How many requests it bears now, as far as we know.
  [[nodiscard]] std::size_t permits() const { return permits_.count(); }

 private:
  struct Slice;
  struct Work;

  template <typename Ask>
  auto ask_once(const Ask& ask);
  [[nodiscard]] std::vector<Slice> slices_of(
      std::span<const ObjectKey> keys) const;
  void remove_in_parallel(Work& work);
  void remove_slice(Work& work, Slice& slice) noexcept;
  static Removal joined(std::span<Slice> slices);

  const std::size_t width_;
  Permits permits_;
};

}  // namespace stores
