#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace stores {

/// XML 1.0 can say this: it is UTF-8, and holds no control character but tab,
/// line feed and carriage return
/// (https://www.w3.org/TR/xml/#charsets).
bool xml_can_carry(std::string_view text);

/// The body of a DeleteObjects request.  All keys must be such that XML can
/// carry them.  It asks for a quiet answer, which names what went wrong only.
std::string delete_request(std::span<const std::string> keys);

/// What an S3 server says of something that went wrong.
struct S3Complaint {
  std::string code{};  ///< "AccessDenied"
  std::string message{};
  std::string key{};          ///< of an object, where one of many is meant
  std::string region{};       ///< where the bucket is, if it says so
  std::string server_time{};  ///< its clock, if it says so
};

/// The answer to a DeleteObjects request, quiet or not.
///
/// Nothing of an answer is trusted.  Entities other than XML's own five are not
/// expanded, nothing outside is fetched, and a document type is skipped.
///
/// \return the keys that were not deleted; nothing if it is no such answer, so
///         that what became of the keys is not known.
std::optional<std::vector<S3Complaint>> read_delete_answer(
    std::string_view body);

/// \return nothing if it is no complaint.
std::optional<S3Complaint> read_complaint(std::string_view body);

/// The text of the element that lies at \a path ("/ListAllMyBuckets/Owner"), or
/// nothing where there is none.
std::optional<std::string> read_text(std::string_view body, const char* path);

/// The body of a CompleteMultipartUpload request.
///
/// \param tags what the server called each part, in order.
std::string complete_request(std::span<const std::string> tags);

}  // namespace stores
