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

}  // namespace jobs
