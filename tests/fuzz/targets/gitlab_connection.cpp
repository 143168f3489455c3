#include "stores/gitlab_connection.hpp"
#include "stores/s3_credential_check.hpp"
#include "stores/store.hpp"
#include "tests/fuzz/fuzzing.hpp"
#include "tests/fuzz/targets.hpp"

#include <sys/mman.h>
#include <unistd.h>

namespace fuzz {
namespace {

/// A file that is nowhere but here.
class MemoryFile {
 public:
  explicit MemoryFile(std::string_view content)
      : opened_(::memfd_create("settings", MFD_CLOEXEC)) {
    must(opened_ >= 0 && ::write(opened_, content.data(), content.size()) ==
                             static_cast<ssize_t>(content.size()),
         "there is no memory for a file");
  }
  ~MemoryFile() { ::close(opened_); }
  MemoryFile(const MemoryFile&) = delete;
  MemoryFile& operator=(const MemoryFile&) = delete;

  [[nodiscard]] std::string path() const {
    return "/proc/self/fd/" + std::to_string(opened_);
  }

 private:
  int opened_;
};

void must_make_sense(const stores::GitlabConnection& found) {
  must(!found.use_iam_profile || !found.credentials,
       "keys beside the role that is to be used");
  if (found.credentials)
    stores::require_usable(*found.credentials, "the settings");
  for (const auto& text : {found.region, found.endpoint})
    must(!text || !text->empty(), "a setting of no characters");
}

}  // namespace

void gitlab_connection(std::string_view bytes) {
  const MemoryFile file(bytes);
  try {
    must_make_sense(stores::read_gitlab_connection(file.path()));
  } catch (const stores::StoreError& error) {
    must_be_harmless(error.what());
    must_keep_secret(error.what());
    must(std::string_view(error.what()).find(file.path()) !=
             std::string_view::npos,
         "a message that does not name the file");
  }
}

}  // namespace fuzz
