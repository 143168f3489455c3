#pragma once

#include <functional>
#include <string>

namespace tests {

/// Calls \a hook each time the code under test comes to the fault point
/// \a name, until the object goes away.  Hooks are called one at a time.
class FaultHook {
 public:
  FaultHook(std::string name, std::function<void()> hook);
  ~FaultHook();
  FaultHook(const FaultHook&) = delete;
  FaultHook& operator=(const FaultHook&) = delete;

 private:
  std::string name_;
};

}  // namespace tests
