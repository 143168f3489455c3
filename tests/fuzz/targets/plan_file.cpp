#include "jobs/options.hpp"
#include "jobs/planned_rows.hpp"
#include "tests/fuzz/fuzzing.hpp"
#include "tests/fuzz/targets.hpp"

#include <algorithm>
#include <optional>
#include <sstream>

namespace fuzz {
namespace {

using jobs::PlannedRows;

std::optional<PlannedRows> read(const std::string& text,
                                const db::Filter& filter) {
  std::istringstream lines(text);
  try {
    return PlannedRows(lines, "a\nplan", filter);
  } catch (const jobs::UsageError& error) {
    must_be_harmless(error.what());
    must(std::string_view(error.what()).size() < 400, "an endless message");
    return std::nullopt;
  }
}

void must_be_in_order(const std::vector<std::int64_t>& ids) {
  must(std::ranges::adjacent_find(ids, std::greater_equal<>()) == ids.end(),
       "ids are not in order, or one is there twice");
}

void must_make_sense(const PlannedRows& rows) {
  const auto& unlocked = rows.artifacts(db::Selection::unlocked);
  const auto& legacy = rows.artifacts(db::Selection::legacy);
  must_be_in_order(unlocked);
  must_be_in_order(legacy);
  for (const std::int64_t id : legacy)
    must(!std::ranges::binary_search(unlocked, id), "a row in two passes");
  must(rows.artifacts() == std::ssize(unlocked) + std::ssize(legacy),
       "a row without a pass");
  must(rows.artifacts() <= rows.of_all_shards(), "more than there are");
}

void must_be_equal(const PlannedRows& a, const PlannedRows& b) {
  for (const auto pass : {db::Selection::unlocked, db::Selection::legacy})
    must(a.artifacts(pass) == b.artifacts(pass), "a plan twice is another");
  must(a.jobs() == b.jobs(), "a plan twice has other builds");
}

}  // namespace

void plan_file(std::string_view bytes) {
  const std::string text(bytes);
  const db::Filter all{
      .projects = {}, .except_projects = {}, .stores = {1, 2}, .shard = {}};
  const auto rows = read(text, all);
  if (!rows)
    return;
  must_make_sense(*rows);
  const auto twice = read(text + text, all);
  must(twice.has_value(), "a plan twice is none");
  must_be_equal(*rows, *twice);

  std::int64_t artifacts = 0;
  for (const std::int64_t index : {0, 1, 2}) {
    db::Filter share = all;
    share.shard = {3, index};
    const auto part = read(text, share);
    must(part.has_value(), "a part of a plan is none");
    artifacts += part->artifacts();
  }
  must(artifacts == rows->artifacts(), "the parts are not the whole");
}

}  // namespace fuzz
