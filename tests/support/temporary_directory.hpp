#pragma once

#include <filesystem>
#include <string>
#include <string_view>

namespace tests {

/// Where many small files are made and removed fast: $TMPDIR if it is set, else
/// /dev/shm if we may write there, else /tmp.  On a disk that is busy the tests
/// of the directory store take minutes.
std::filesystem::path fast_place();

/// An empty directory that goes away, with all that is in it, when the object
/// does.  Others may enter and read it.
class TemporaryDirectory {
 public:
  /// \throws std::system_error
  explicit TemporaryDirectory(const std::filesystem::path& below =
                                  std::filesystem::temp_directory_path());
  ~TemporaryDirectory();

  TemporaryDirectory(const TemporaryDirectory&) = delete;
  TemporaryDirectory& operator=(const TemporaryDirectory&) = delete;

  [[nodiscard]] const std::filesystem::path& path() const { return path_; }

  /// A file below it, its directories made as needed.
  ///
  /// \throws std::runtime_error
  std::filesystem::path write(const std::filesystem::path& relative,
                              std::string_view content = "bytes") const;

 private:
  std::filesystem::path path_;
};

/// \throws std::runtime_error
std::string read_file(const std::filesystem::path& path);

}  // namespace tests
