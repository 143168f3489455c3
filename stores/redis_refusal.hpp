#pragma once

#include <string_view>

#include "stores/redis_connection.hpp"

namespace stores {

/// What an error that Redis answered means, and what to do about it.
///
/// \param said "OOM command not allowed when used memory > 'maxmemory'."
RedisFailure refusal(std::string_view said);

/// The same for an answer to AUTH.  Redis repeats the words of a command that
/// it does not know, so only the first word of its answer is shown.
RedisFailure refusal_of_password(std::string_view said);

}  // namespace stores
