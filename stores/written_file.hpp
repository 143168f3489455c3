#pragma once

#include <string>
#include <string_view>

namespace stores {

/// Write \a content into a file, in place of what was there.  It may be one
/// that can't be replaced, such as a mount of its own.
///
/// \throws StoreError
void overwrite_file(const std::string& path, std::string_view content);

/// Put a file with \a content in the place of \a path, which everybody may
/// read: whoever looks meanwhile sees the old one or the new one, whole.  It is
/// written beside it, under a name that begins with a dot.
///
/// \throws StoreError; then the old one is as it was.
void replace_file(const std::string& path, std::string_view content);

}  // namespace stores
