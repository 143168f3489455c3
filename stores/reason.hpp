#pragma once

#include <string>

namespace stores {

/// "permission denied": what the system says of an errno, to stand inside a
/// sentence.
std::string describe(int error);

/// "connection refused": what a library says with a capital letter, to stand
/// inside a sentence.
std::string lower_first(std::string text);

/// Why an object is left alone, as part of a sentence about it.
std::string reason_for(int error);

/// \param done "stored" or "read".
/// \throws ObjectError always: "it cannot be DONE: REASON".
[[noreturn]] void refuse(const std::string& done, const std::string& reason);
[[noreturn]] void refuse(const std::string& done, int error);

}  // namespace stores
