#pragma once

#include <span>

#include "db/error.hpp"

namespace jobs {

/// An error that has to do with the rows asked about: with fewer of them, or
/// others, the statement may pass.
inline bool concerns_rows(const db::Error& error) {
  return !error.is_unfit() && !error.tells_other_schema() &&
         !error.connection_lost();
}

/// Run \a work on all \a items; if its statement times out or a row of it
/// fails, on each half, down to one item, which \a give_up takes with the
/// error.  What failed is left alone once \a must_stop says so.
///
/// \throws db::Error that does not concern the rows.
template <typename Item, typename Stop, typename Work, typename GiveUp>
void in_halves(std::span<const Item> items, const Stop& must_stop,
               const Work& work, const GiveUp& give_up) {
  try {
    work(items);
  } catch (const db::Error& error) {
    if (!concerns_rows(error))
      throw;
    if (must_stop())
      return;
    if (items.size() == 1) {
      give_up(items.front(), error);
      return;
    }
    const std::size_t half = items.size() / 2;
    in_halves(items.first(half), must_stop, work, give_up);
    in_halves(items.subspan(half), must_stop, work, give_up);
  }
}

}  // namespace jobs
