#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "stores/s3_credentials.hpp"

namespace stores {

/// The time by the clock of this machine.
telemetry::Timestamp time_now();

/// The value of a header can be this text: printable ASCII.
bool can_be_in_header(std::string_view text);

/// Are these credentials that can be sent?  What goes into the header of a
/// request must hold no line break, or it would be the start of another one.
///
/// \param from where they come from: "the environment".
/// \throws StoreError that repeats none of them.
void require_usable(const S3Credentials& credentials, const std::string& from);

/// The same, and that they have not expired.
void require_usable(const LentCredentials& lent, const std::string& from);

/// When credentials expire, as AWS and others write it: ISO 8601.  What is
/// finer than a microsecond is cut off (Ceph writes nanoseconds).
///
/// \return nothing if it is no moment.
std::optional<telemetry::Timestamp> parse_expiration(std::string_view text);

/// Credentials as instance metadata and containers hand them out: JSON with
/// AccessKeyId, SecretAccessKey, Token and Expiration.  None of it is trusted.
///
/// \param from who handed them out: "instance metadata at 'http://…'".
/// \throws StoreError that repeats none of them.
LentCredentials credentials_in_json(std::string_view body,
                                    const std::string& from);

/// What a server called an error, if it looks like AWS's name for one
/// ("ExpiredTokenException"): nothing else that it wrote is shown, since it may
/// repeat what we sent.
///
/// \return "HTTP status 400" otherwise.
std::string name_of_error(std::string_view code, int status);

}  // namespace stores
