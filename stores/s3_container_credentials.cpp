#include "stores/s3_credential_check.hpp"
#include "stores/s3_credential_sources.hpp"
#include "stores/s3_source_client.hpp"
#include "stores/small_file.hpp"
#include "telemetry/readable.hpp"

#include <algorithm>
#include <array>
#include <optional>
#include <string_view>
#include <utility>

#include <arpa/inet.h>

namespace stores {
namespace {

/// "http://HOST:PORT" of a URL.
std::string_view origin_of(std::string_view url) {
  const std::size_t start = url.find("://") + 3;
  return url.substr(0, url.find_first_of("/?", start));
}

/// "HOST", or "[HOST]" of an IPv6 address.
std::string host_in(std::string_view url) {
  std::string_view host = origin_of(url);
  host.remove_prefix(host.find("://") + 3);
  const std::size_t port = host.find(':', host.rfind(']') + 1);
  return std::string(host.substr(0, port));
}

bool is_loopback(const std::string& host) {
  in_addr address{};
  if (::inet_pton(AF_INET, host.c_str(), &address) == 1)
    return ntohl(address.s_addr) >> 24U == 127;
  return host == "localhost" || host == "[::1]";
}

/// The token must not travel over a network that can be listened to.
/// https://docs.aws.amazon.com/sdkref/latest/guide/feature-container-credentials.html
bool may_be_asked(const std::string& url) {
  constexpr std::array<std::string_view, 3> of_aws{
      "169.254.170.2", "169.254.170.23", "[fd00:ec2::23]"};
  if (url.starts_with("https://"))
    return true;
  const std::string host = host_in(url);
  return url.starts_with("http://") &&
         (is_loopback(host) || std::ranges::find(of_aws, host) != of_aws.end());
}

std::optional<std::string> container_url(const std::string& ecs) {
  if (const auto path = variable_of("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI")) {
    if (!path->starts_with('/') || !is_plain_url(*path))
      throw StoreError(
          "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI is no path that begins with "
          "'/': correct it, or unset it");
    return ecs + *path;
  }
  auto url = variable_of("AWS_CONTAINER_CREDENTIALS_FULL_URI");
  if (url && (!is_plain_url(*url) || !may_be_asked(*url)))
    throw StoreError(
        "AWS_CONTAINER_CREDENTIALS_FULL_URI may not be asked: it must be of "
        "https, or of http to this host, 169.254.170.2, 169.254.170.23 or "
        "[fd00:ec2::23]");
  return url;
}

class ContainerSource final : public CredentialSource {
 public:
  ContainerSource(std::string url, const SourcePatience& patience)
      : url_(std::move(url)),
        token_(variable_of("AWS_CONTAINER_AUTHORIZATION_TOKEN").value_or("")),
        token_file_(variable_of("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE")),
        client_({description(), "see to the role of this container"}, patience,
                HttpClient::Proxy::never) {}

  LentCredentials fetch() override;

  /// The path may be as good as a secret.
  [[nodiscard]] std::string description() const override {
    return "the container's endpoint at " +
           telemetry::in_quotes(origin_of(url_));
  }

 private:
  [[nodiscard]] std::string token() const;

  const std::string url_;
  const std::string token_;
  const std::optional<std::string> token_file_;
  SourceClient client_;
};

LentCredentials ContainerSource::fetch() {
  HttpHeaders headers{{"accept", "application/json"}};
  if (const std::string text = token(); !text.empty())
    headers["authorization"] = text;
  const HttpAnswer answer = client_.ask(
      {.method = "GET", .url = url_, .headers = std::move(headers)});
  if (answer.status != 200)
    throw StoreError(description() + " refuses us (HTTP status " +
                     std::to_string(answer.status) +
                     "): check the role of this container, and "
                     "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE");
  return credentials_in_json(answer.body, description());
}

std::string ContainerSource::token() const {
  constexpr const char* file =
      "the file of "
      "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE";
  std::string text =
      token_file_ ? read_secret_file(*token_file_, file) : token_;
  if (!can_be_in_header(text))
    throw StoreError(
        std::string(token_file_ ? file : "AWS_CONTAINER_AUTHORIZATION_TOKEN") +
        " has a line break, or another character that no header "
        "can carry: have it written anew");
  return text;
}

}  // namespace

std::unique_ptr<CredentialSource> credentials_of_container(
    const SourcePatience& patience, const std::string& ecs) {
  std::optional<std::string> url = container_url(ecs);
  if (!url)
    return nullptr;
  return std::make_unique<ContainerSource>(std::move(*url), patience);
}

}  // namespace stores
