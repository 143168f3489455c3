#pragma once

#include <memory>
#include <utility>

#include "jobs/context.hpp"
#include "jobs/in_parallel.hpp"

namespace jobs {

/// As in_parallel(), as fast as the governor lets the pass go: \a next is asked
/// only when there may be one more at work, and no more at all once the pass
/// may not go on.
template <typename Item, typename Next, typename Work>
void in_pace(Context& context, telemetry::Pass pass, const Next& next,
             const Work& work) {
  struct Taken {
    std::shared_ptr<Item> item;
    Turn turn;
  };
  in_parallel<Taken>(
      context.tokens(),
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
