#pragma once

namespace tests {

/// A port of 127.0.0.1 that nobody listens at; for a moment nobody else is
/// given it either.
///
/// \throws std::system_error
int free_port();

}  // namespace tests
