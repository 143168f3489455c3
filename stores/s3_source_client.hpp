#pragma once

#include <optional>
#include <string>

#include "stores/http.hpp"
#include "stores/s3_credential_sources.hpp"

namespace stores {

/// \return nothing where the variable is not set, or empty.
std::optional<std::string> variable_of(const char* name);

/// The variable is "true", in whatever case.
bool is_true(const char* name);

/// The URL in a variable, without slashes at its end.
///
/// \return nothing where the variable is not set, or empty.
/// \throws StoreError if it is not of http or https, or holds a user, a query,
///         or what no URL has.
std::optional<std::string> url_in(const char* name);

/// The text has only what a URL may hold, and no user.
bool is_plain_url(const std::string& text);

/// Whom to ask for credentials.
struct SourceServer {
  std::string name;         ///< "STS at 'https://…'": for messages
  std::string if_it_fails;  ///< what to do if it does not answer
};

/// Asks for credentials, and again where that may help.  To be used from one
/// thread at a time.
class SourceClient {
 public:
  SourceClient(SourceServer server, const SourcePatience& patience,
               HttpClient::Proxy proxy);

  /// \return the answer, whatever its status, unless that passes.
  /// \throws StoreUnreachable if there is none yet, StoreError if there can't
  ///         be, or it has more than 64 KiB.
  HttpAnswer ask(const HttpRequest& request);

  [[nodiscard]] const std::string& name() const { return server_.name; }

 private:
  HttpAnswer ask_once(const HttpRequest& request);

  const SourceServer server_;
  const SourcePatience patience_;
  HttpClient http_;
};

}  // namespace stores
