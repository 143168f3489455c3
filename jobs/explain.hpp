#pragma once

#include "jobs/installation.hpp"

namespace jobs {

/// `ci-janitor explain`: print the plan of every statement that run would
/// issue, with a verdict.  Executes none of them; with --analyze those that
/// only read, in transactions that are rolled back.
///
/// \return whether every statement has the index it needs.
/// \throws Unfit, db::Error, db::Unreachable
bool explain(Installation& installation);

}  // namespace jobs
