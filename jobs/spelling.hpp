#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace jobs {

/// How many letters must be put in, left out, changed or swapped with their
/// neighbour to make \a a into \a b.
std::size_t edit_distance(std::string_view a, std::string_view b);

/// The one of \a known that is most like \a word.
///
/// \pre known is not empty
std::string nearest(std::string_view word,
                    const std::vector<std::string>& known);

/// The one of \a known that was likely meant; nothing where none is close.
std::optional<std::string> suggestion(std::string_view word,
                                      const std::vector<std::string>& known);

}  // namespace jobs
