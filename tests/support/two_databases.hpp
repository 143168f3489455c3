#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "tests/support/jobs.hpp"
#include "tests/support/test_database.hpp"

namespace tests {

/// What is first made is destroyed last, and what is made last is the database
/// that PGDATABASE names.
struct MainFirst {
  TestDatabase main;
};

/// A GitLab whose users, projects, their statistics and deployments are in a
/// database of their own.  Rows are made as in any World; part() then moves
/// them there, and leaves no such table beside the CI tables.
struct TwoDatabases : private MainFirst, World {
  TwoDatabases();

  void part();
  /// Tell the program nothing of the other database.
  void tell_nothing() { options.main_conninfo_file.reset(); }

  /// pipeline_artifacts_size and storage_size in the main database.
  std::vector<std::string> sizes(std::int64_t project_id = 1);
  /// What World::violations() says, but of the statistics where they are now.
  std::vector<std::string> broken();

  using MainFirst::main;
  TemporaryDirectory settings;
  Jobs jobs{*this};
};

}  // namespace tests
