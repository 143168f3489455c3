#pragma once

#include <chrono>
#include <string>

#include "stores/http.hpp"
#include "stores/s3_xml.hpp"

namespace stores {

/// Why a request was not carried out.
struct S3Error {
  int status = 0;  ///< of HTTP
  S3Complaint complaint;
  std::chrono::milliseconds retry_after{0};  ///< 0: it did not say

  /// The same request may succeed a little later.
  [[nodiscard]] bool may_pass() const;
  /// ... if we ask less of the server.
  [[nodiscard]] bool is_busy() const;
  /// The server does not know this request: it must be made in another way.
  [[nodiscard]] bool is_unknown_request() const;
  /// It wants another checksum than was sent, or none.
  [[nodiscard]] bool is_about_checksum() const;
  /// The credentials have expired; others may do.
  [[nodiscard]] bool has_expired() const;
  /// This one object may not be dealt with, or is not there; others may be.
  [[nodiscard]] bool is_about_object() const;

  /// "access denied (AccessDenied)": as part of a sentence; of one line,
  /// whatever the server wrote.
  [[nodiscard]] std::string reason() const;
};

/// \pre the status of \a answer is not 2xx, or its body is a complaint.
S3Error error_of(const HttpAnswer& answer);

/// The code of one key's complaint tells that the same may succeed later.
bool may_pass(const S3Complaint& complaint);
/// "access denied (AccessDenied)"
std::string reason_of(const S3Complaint& complaint);

/// What stood in the request that was refused: for messages.
struct S3Asked {
  std::string store;  ///< "bucket 'artifacts' at https://s3.example.com"
  std::string region;
  std::string credentials;  ///< where they come from
  std::string clock;        ///< ours, when we asked
};

/// The store as a whole refuses us, or can't serve us now.
///
/// \throws StoreBusy, StoreUnreachable or StoreError, always: what was said,
///         what it means, and what to do.
[[noreturn]] void raise(const S3Error& error, const S3Asked& asked);

}  // namespace stores
