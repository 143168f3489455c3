#include "stores/reason.hpp"

#include <cerrno>
#include <system_error>

#include "stores/store.hpp"

namespace stores {

std::string describe(int error) {
  return lower_first(std::generic_category().message(error));
}

std::string lower_first(std::string text) {
  if (!text.empty() && text[0] >= 'A' && text[0] <= 'Z')
    text[0] = static_cast<char>(text[0] - 'A' + 'a');
  return text;
}

std::string reason_for(int error) {
  if (error == ELOOP || error == EXDEV)
    return "it leads through a symlink, or to one";
  if (error == EISDIR)
    return "it is a directory";
  return describe(error);
}

void refuse(const std::string& done, const std::string& reason) {
  throw ObjectError("it cannot be " + done + ": " + reason);
}

void refuse(const std::string& done, int error) {
  refuse(done, reason_for(error));
}

}  // namespace stores
