#include "stores/gitlab_connection.hpp"

#include "stores/s3_credential_check.hpp"
#include "stores/small_file.hpp"
#include "stores/store.hpp"
#include "telemetry/readable.hpp"

#include <yaml-cpp/yaml.h>

#include <string_view>
#include <vector>

#include <strings.h>

namespace stores {
namespace {

/// The gitlab.yml.example of GitLab 16 has 70 kB.
constexpr std::size_t longest_settings = std::size_t{256} << 10;

/// For messages: a whole sentence needs no more than what is wrong.
std::string settings_in(const std::string& path) {
  return "the connection settings in " + telemetry::in_quotes(path);
}

[[noreturn]] void blame_settings(const std::string& path,
                                 const std::string& why) {
  throw StoreError(settings_in(path) + ' ' + why);
}

YAML::Node parse_settings(const std::string& path) {
  const std::string text = read_small_file(
      path, "the file of connection settings", longest_settings);
  try {
    return YAML::Load(text);
  } catch (const YAML::Exception& error) {
    blame_settings(path, "are not YAML (line " +
                             std::to_string(error.mark.line + 1) +
                             "): correct them");
  }
}

bool is_key(const YAML::Node& node, std::string_view key) {
  if (!node.IsScalar())
    return false;
  std::string_view text = node.Scalar();
  if (text.starts_with(':'))
    text.remove_prefix(1);
  return text == key;
}

/// Of several the last, as in Ruby; null where there is none.  One level is
/// looked at, so that aliases of aliases lead nowhere.
YAML::Node setting_at(const YAML::Node& parent, std::string_view key) {
  YAML::Node found;
  if (parent.IsMap())
    for (const auto& entry : parent)
      if (is_key(entry.first, key))
        found.reset(entry.second);
  return found;
}

bool is_turned_off(const YAML::Node& object_store) {
  bool enabled = true;
  const YAML::Node flag = setting_at(object_store, "enabled");
  return flag.IsScalar() && YAML::convert<bool>::decode(flag, enabled) &&
         !enabled;
}

using Way = std::vector<std::string_view>;

/// What lies at the end of \a way, if it is a connection that is in use.
YAML::Node connection_at(YAML::Node node, const Way& way) {
  for (const std::string_view key : way) {
    if (is_turned_off(node))
      return {};
    node.reset(setting_at(node, key));
  }
  return node;
}

/// Omnibus writes "connection: {}" where there is none.
YAML::Node find_connection(const YAML::Node& root) {
  static const Way ways[] = {{"connection"},
                             {"artifacts", "object_store", "connection"},
                             {"object_store", "connection"}};
  if (!setting_at(root, "provider").IsNull())
    return root;
  for (const YAML::Node& top : {root, setting_at(root, "production")})
    for (const Way& way : ways) {
      const YAML::Node found = connection_at(top, way);
      if (found.IsScalar() || found.size() > 0)
        return found;
    }
  return {};
}

/// The settings of one connection, by their keys.
class GitlabSettings {
 public:
  explicit GitlabSettings(const std::string& path)
      : path_(path), node_(find_connection(parse_settings(path))) {
    if (node_.IsScalar())
      blame_settings(path_, "are a template: give the file that it reads");
    if (!node_.IsMap())
      blame_settings(path_,
                     "are not there: give a file that has them at its top, "
                     "below connection, or below object_store: connection");
  }

  [[nodiscard]] std::optional<std::string> text(const char* key) const {
    const YAML::Node value = setting_at(node_, key);
    if (value.IsNull())
      return std::nullopt;
    if (!value.IsScalar() || value.Scalar().find("<%") != std::string::npos)
      blame(key, "must be a plain value");
    if (value.Scalar().empty())
      return std::nullopt;
    return value.Scalar();
  }

  [[nodiscard]] std::optional<bool> flag(const char* key) const {
    const YAML::Node value = setting_at(node_, key);
    if (value.IsNull())
      return std::nullopt;
    bool is_set = false;
    if (!value.IsScalar() || !YAML::convert<bool>::decode(value, is_set))
      blame(key, "must be true or false");
    return is_set;
  }

  [[noreturn]] void blame(const std::string& key,
                          const std::string& why) const {
    blame_settings(path_, "can't be used: " + key + ' ' + why);
  }

  [[nodiscard]] std::string name() const { return settings_in(path_); }

 private:
  const std::string path_;
  const YAML::Node node_;
};

void require_aws(const GitlabSettings& connection) {
  const std::string provider = connection.text("provider").value_or("");
  if (::strcasecmp(provider.c_str(), "AWS") != 0)
    connection.blame("provider",
                     "must be AWS, the only one that is "
                     "supported");
  if (connection.text("aws_signature_version").value_or("4") != "4")
    connection.blame("aws_signature_version",
                     "must be 4, the only one that is supported");
}

std::optional<S3Credentials> keys_in(const GitlabSettings& connection) {
  const auto access = connection.text("aws_access_key_id");
  const auto secret = connection.text("aws_secret_access_key");
  if (!access && !secret)
    return std::nullopt;
  if (!access || !secret)
    connection.blame(access ? "aws_secret_access_key" : "aws_access_key_id",
                     "is missing beside its other half");
  S3Credentials credentials{*access, *secret,
                            connection.text("aws_session_token").value_or("")};
  require_usable(credentials, connection.name());
  return credentials;
}

/// https://docs.gitlab.com/administration/object_storage/#amazon-s3
std::optional<std::string> endpoint_in(const GitlabSettings& connection) {
  if (auto endpoint = connection.text("endpoint"))
    return endpoint;
  const auto host = connection.text("host");
  if (!host || *host == "s3.amazonaws.com")  // what it is if nothing is said
    return std::nullopt;
  const auto port = connection.text("port");
  return connection.text("scheme").value_or("https") + "://" + *host +
         (port ? ':' + *port : "");
}

}  // namespace

GitlabConnection read_gitlab_connection(const std::string& path) {
  const GitlabSettings connection(path);
  require_aws(connection);
  GitlabConnection found;
  found.use_iam_profile = connection.flag("use_iam_profile").value_or(false);
  if (!found.use_iam_profile)
    found.credentials = keys_in(connection);
  found.region = connection.text("region");
  found.endpoint = endpoint_in(connection);
  found.path_style = connection.flag("path_style");
  return found;
}

}  // namespace stores
