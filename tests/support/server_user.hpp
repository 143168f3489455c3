#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace tests {

/// PostgreSQL and PgBouncer refuse to run as root: where root runs the tests,
/// they run as user postgres, as with tests/support/postgres.

/// The words that run \a command as that user.
std::vector<std::string> as_server_user(std::vector<std::string> command);

/// Make the file or directory that user's own, who alone may change it.
///
/// \throws std::system_error
void give_to_server_user(const std::filesystem::path& path);

}  // namespace tests
