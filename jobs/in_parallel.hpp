#pragma once

#include <tbb/parallel_pipeline.h>

#include <cstddef>
#include <memory>

namespace jobs {

/// Hand what \a next gives, until it gives null, to \a work: \a next is called
/// by one thread at a time, \a work by as many as there are \a tokens, so that
/// no more than that is in memory.
///
/// \throws what either throws, after those at work have ended; what is then
///         still in flight is dropped.
template <typename Item, typename Next, typename Work>
void in_parallel(std::size_t tokens, const Next& next, const Work& work) {
  using Token = std::shared_ptr<Item>;
  tbb::parallel_pipeline(
      tokens,
      tbb::make_filter<void, Token>(tbb::filter_mode::serial_in_order,
                                    [&](tbb::flow_control& flow) -> Token {
                                      Token item = next();
                                      if (!item)
                                        flow.stop();
                                      return item;
                                    }) &
          tbb::make_filter<Token, void>(
              tbb::filter_mode::parallel,
              [&](const Token& item) { work(*item); }));
}

/// Hand each of \a items to \a work, in the same way.
template <typename Items, typename Work>
void each_in_parallel(std::size_t tokens, const Items& items,
                      const Work& work) {
  using Item = const typename Items::value_type;
  auto next = items.begin();
  in_parallel<Item>(
      tokens,
      [&]() -> std::shared_ptr<Item> {
        if (next == items.end())
          return nullptr;
        return {std::shared_ptr<void>(), &*next++};  // the caller's own
      },
      work);
}

}  // namespace jobs
