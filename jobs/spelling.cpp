#include "jobs/spelling.hpp"

#include <algorithm>
#include <numeric>
#include <utility>

namespace jobs {

namespace {

// Longer words are none of ours, and the work grows with the square.
constexpr std::size_t longest = 64;

}  // namespace

std::size_t edit_distance(std::string_view a, std::string_view b) {
  // Row i holds the distances of the first i letters of a to every prefix of b.
  std::vector<std::size_t> before_last;
  std::vector<std::size_t> last(b.size() + 1);
  std::iota(last.begin(), last.end(), 0U);

  for (std::size_t i = 1; i <= a.size(); ++i) {
    std::vector<std::size_t> row(b.size() + 1, i);
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t change = a[i - 1] == b[j - 1] ? 0 : 1;
      row[j] = std::min({last[j] + 1, row[j - 1] + 1, last[j - 1] + change});
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
        row[j] = std::min(row[j], before_last[j - 2] + 1);
    }
    before_last = std::move(last);
    last = std::move(row);
  }
  return last.back();
}

std::string nearest(std::string_view word,
                    const std::vector<std::string>& known) {
  const std::string_view start = word.substr(0, longest);
  return *std::ranges::min_element(known, {}, [&](const std::string& name) {
    return edit_distance(start, name);
  });
}

std::optional<std::string> suggestion(std::string_view word,
                                      const std::vector<std::string>& known) {
  std::string name = nearest(word, known);
  const std::size_t wrong = edit_distance(word.substr(0, longest), name);
  if (wrong > std::max<std::size_t>(2, name.size() / 4))
    return std::nullopt;
  return name;
}

}  // namespace jobs
