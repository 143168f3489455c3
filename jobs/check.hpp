#pragma once

#include <stdexcept>
#include <string>
#include <vector>

#include "jobs/installation.hpp"

namespace jobs {

class PlannedRows;

enum class Level { ok, warning, fail };

/// "ok", "warning", "fail"
const char* name_of(Level level);

/// One line of `check`.
struct Finding {
  Level level = Level::ok;
  std::string subject;  ///< "partial index"
  std::string text;     ///< what was found, and what to do about it
};

using Findings = std::vector<Finding>;

/// Is this database, are these stores and privileges fit for run?  Changes
/// nothing.
///
/// \throws db::Error, db::Unreachable
///
/// \param named rows of --plan, if it is given
Findings examine(Installation& installation,
                 const PlannedRows* named = nullptr);

/// Not fit for run.  what() has a sentence a line.
class Unfit : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// \throws Unfit with what failed in examine(), if anything did.
void require_fitness(Installation& installation,
                     const PlannedRows* named = nullptr);

/// `ci-janitor check`: print a line for each finding.
///
/// \return whether nothing failed.
bool check(Installation& installation);

}  // namespace jobs
