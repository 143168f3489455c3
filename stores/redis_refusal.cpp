#include "stores/redis_refusal.hpp"

#include "telemetry/readable.hpp"

namespace stores {
namespace {

struct Meaning {
  std::string_view said;  ///< how the error begins
  bool may_pass;
  const char* what_to_do;
};

constexpr const char* no_cluster = "name a Redis that is not a cluster";

// READONLY and MASTERDOWN pass when a failover has come to its end.
constexpr Meaning meanings[] = {
    {"LOADING", true, "wait until it has loaded its data"},
    {"TRYAGAIN", true, no_cluster},
    {"CLUSTERDOWN", true, no_cluster},
    {"READONLY", true, "name the primary, not a replica"},
    {"MASTERDOWN", true, "name the primary, not a replica"},
    {"BUSY", true, "wait for its script to end, or end it by SCRIPT KILL"},
    {"ERR max number of clients", true, "raise its maxclients"},
    {"NOAUTH", false, "put its password into the URL"},
    {"WRONGPASS", false, "correct the user or the password in its URL"},
    {"NOPERM", false, "permit this user the command and the keys"},
    {"OOM", false, "give it more memory"},
    {"MISCONF", false, "see to its disk"},
    {"DENIED", false, "set a password, or turn its protected mode off"},
    {"MOVED", false, no_cluster},
    {"CROSSSLOT", false, no_cluster},
    {"ERR DB index", false, "name another database in its URL"},
};

constexpr Meaning meaning_of(std::string_view said) {
  for (const Meaning& meaning : meanings)
    if (said.starts_with(meaning.said))
      return meaning;
  return {"", false, "look into its log"};
}

bool contains(std::string_view text, std::string_view part) {
  return text.find(part) != std::string_view::npos;
}

}  // namespace

RedisFailure refusal(std::string_view said) {
  const Meaning meaning = meaning_of(said);
  return {"refused a command (" + telemetry::in_quotes(said) +
              "): " + meaning.what_to_do,
          meaning.may_pass};
}

RedisFailure refusal_of_password(std::string_view said) {
  if (meaning_of(said).may_pass)
    return refusal(said);
  if (contains(said, "without any password configured") ||
      contains(said, "no password is set"))
    return {"wants no password: leave it out of the URL", false};
  return {"refused the user or the password (" +
              telemetry::in_quotes(said.substr(0, said.find(' '))) +
              "): correct them in its URL",
          false};
}

}  // namespace stores
