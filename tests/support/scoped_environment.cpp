#include "tests/support/scoped_environment.hpp"

#include <cstdlib>

namespace tests {

ScopedEnvironment::ScopedEnvironment(
    const std::vector<std::pair<std::string, std::string>>& variables) {
  for (const auto& [name, value] : variables) {
    const char* const old = std::getenv(name.c_str());
    before_.emplace_back(name,
                         old ? std::optional<std::string>(old) : std::nullopt);
    ::setenv(name.c_str(), value.c_str(), 1);
  }
}

ScopedEnvironment::~ScopedEnvironment() {
  for (auto variable = before_.rbegin(); variable != before_.rend();
       ++variable) {
    if (variable->second)
      ::setenv(variable->first.c_str(), variable->second->c_str(), 1);
    else
      ::unsetenv(variable->first.c_str());
  }
}

}  // namespace tests
