#pragma once

#include <string>
#include <string_view>

namespace db {

/// Why a server or a pooler did not let us in.
struct Refusal {
  std::string state;       ///< SQLSTATE; empty where none was said
  std::string text;        ///< the message without its SQLSTATE
  std::string what_to_do;  ///< empty for what may pass
};

/// Read what libpq says of a connection that failed.  The server's own words
/// are among it, up to 30,000 bytes of them, and none of them is trusted.
///
/// \param message as PQERRORS_VERBOSE has it: "FATAL:  28P01: password ..."
Refusal read_refusal(std::string_view message);

}  // namespace db
