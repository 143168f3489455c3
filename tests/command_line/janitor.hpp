#pragma once

#include <string>
#include <vector>

#include "tests/support/program.hpp"
#include "tests/support/world.hpp"

namespace tests {

/// Run the built program on \a world: its database by PGDATABASE, its store by
/// --local-store, unless \a words name one or the command takes none.
Ended janitor(const World& world, std::vector<std::string> words,
              const Program::Environment& environment = {});

/// What the program complains of: the text of its only line on standard error.
/// Fails the test where there are more lines, or none.
std::string complaint(const Ended& ended);

bool contains(const std::string& text, const std::string& part);
std::vector<std::string> lines_of(const std::string& text);

}  // namespace tests
