#pragma once

#include <cstdint>
#include <string>

#include "stores/s3_client.hpp"
#include "stores/spool.hpp"

namespace stores {

/// How large an object is sent in parts, and how large those are.  AWS wants
/// parts of at least 5 MiB, and at most 10,000 of them.
struct S3Sizes {
  std::int64_t whole = std::int64_t{64} << 20;  ///< below: one request
  std::int64_t part = std::int64_t{16} << 20;   ///< at least
};

/// Store an object, whole or not at all: by one request, or in parts.  If it
/// fails, the parts that were sent are removed from the server too.
///
/// \param sha256 of all bytes of \a spool, in hex.
/// \throws ObjectError if this object can't be stored, StoreError otherwise.
void upload(S3Client& client, const std::string& key, const Spool& spool,
            const std::string& sha256, const S3Sizes& sizes);

}  // namespace stores
