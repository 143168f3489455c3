#pragma once

#include <algorithm>
#include <cstddef>
#include <limits>
#include <memory>
#include <utility>

#include "jobs/context.hpp"
#include "jobs/in_parallel.hpp"

namespace jobs {

/// As in_parallel(), as fast as the governor lets the pass go: \a next is asked
/// only when there may be one more at work, and no more at all once the pass
/// may not go on.
///
/// \param most items at work, whatever the options say.
template <typename Item, typename Next, typename Work>
void in_pace(Context& context, telemetry::Pass pass, const Next& next,
             const Work& work,
             std::size_t most = std::numeric_limits<std::size_t>::max()) {
  struct Taken {
    std::shared_ptr<Item> item;
    Turn turn;
  };
  in_parallel<Taken>(
      std::min(context.tokens(), most),
      [&]() -> std::shared_ptr<Taken> {
        if (!context.governor.admit(context, pass))
          return nullptr;
        std::shared_ptr<Item> item = next();
        if (!item)
          return nullptr;
        return std::shared_ptr<Taken>(
            new Taken{std::move(item), Turn(context.governor)});
      },
      [&](Taken& taken) { work(*taken.item); });
}

}  // namespace jobs
