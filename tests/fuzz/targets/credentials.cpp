#include "stores/s3_credential_check.hpp"
#include "stores/store.hpp"
#include "tests/fuzz/fuzzing.hpp"
#include "tests/fuzz/targets.hpp"

namespace fuzz {
namespace {

void must_be_sendable(const stores::S3Credentials& credentials) {
  for (const std::string* text :
       {&credentials.access_key, &credentials.session_token})
    must(!text->empty() && stores::can_be_in_header(*text) &&
             text->find(' ') == std::string::npos,
         "credentials that no header can carry");
  must(!credentials.secret_key.empty(), "no secret key");
}

}  // namespace

/// What hands out credentials says.
void credentials(std::string_view bytes) {
  try {
    const stores::LentCredentials lent =
        stores::credentials_in_json(bytes, "instance metadata at 'http://h'");
    must_be_sendable(lent.credentials);
    must(lent.expire_at &&
             *lent.expire_at > stores::time_now() - std::chrono::seconds{60},
         "credentials that have expired");
  } catch (const stores::StoreError& error) {
    must_be_harmless(error.what());
    must_keep_secret(error.what());
  }
  must_be_harmless(stores::name_of_error(bytes, 400));
}

}  // namespace fuzz
