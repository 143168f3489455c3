#include "db/connecting.hpp"
#include "db/error.hpp"
#include "db/refusal.hpp"
#include "tests/fuzz/fuzzing.hpp"
#include "tests/fuzz/targets.hpp"

namespace fuzz {

/// A connection string, and then what a server said to it.
void conninfo(std::string_view bytes) {
  Input input(bytes);
  const std::string conninfo(std::string(input.field()).c_str());
  try {
    db::refuse_unreadable(conninfo);
  } catch (const db::Refused& error) {
    must_be_harmless(error.what());
    must_keep_secret(error.what());
  }

  const std::string message(input.rest());
  const db::Refusal refusal = db::read_refusal(message);
  must(refusal.state.empty() || refusal.state.size() == 5,
       "a SQLSTATE of another length");
  must(refusal.state.find_first_not_of(
           "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ") == std::string::npos,
       "a SQLSTATE of other letters");
  must_be_harmless(refusal.what_to_do);
  must(
      refusal.text.size() == message.size() - (refusal.text == message ? 0 : 7),
      "a message that lost some of its words");
}

}  // namespace fuzz
