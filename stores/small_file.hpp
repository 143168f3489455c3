#pragma once

#include <cstddef>
#include <string>

namespace stores {

/// Read a file that somebody keeps for us: settings, a token.  A pipe will do.
///
/// \param what "the token file": for messages, which never repeat what is in
///        it.
/// \param most how many bytes it may have.
/// \throws StoreError
std::string read_small_file(const std::string& path, const std::string& what,
                            std::size_t most);

/// The same for a secret that stands alone in its file: without the blanks and
/// line breaks at its end, which editors and shells put there.
///
/// \throws StoreError, also if nothing is left.
std::string read_secret_file(const std::string& path, const std::string& what);

}  // namespace stores
