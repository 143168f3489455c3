#include "jobs/option_values.hpp"

#include "db/job_status.hpp"
#include "stores/redis_url.hpp"
#include "stores/s3_location.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

namespace jobs {

namespace {

// A trailing or doubled comma is more likely a mistake than nothing at all, so
// empty parts are refused like any other wrong word.
bool add_passes(std::set<telemetry::Pass>& passes, std::string_view word) {
  const auto& all = telemetry::all_passes;
  if (word == "all") {
    passes.insert(all.begin(), all.end());
    return true;
  }
  const auto found =
      std::find_if(all.begin(), all.end(),
                   [&](telemetry::Pass pass) { return name_of(pass) == word; });
  if (found == all.end())
    return false;
  passes.insert(*found);
  return true;
}

/// A user stands before a host, and perhaps a password.
bool holds_user(std::string_view text) {
  return text.find('@') != std::string_view::npos;
}

bool is_redis_url(std::string_view text) {
  if (text.starts_with("file:"))
    return text.size() > 5;
  try {
    stores::parse_redis_url(text);
    return true;
  } catch (const std::invalid_argument&) {
    return false;
  }
}

/// http[s]://HOST[:PORT][/PATH], and nothing that would have to be encoded.
bool is_gateway_url(std::string_view text) {
  for (const std::string_view scheme : {"http://", "https://"})
    if (text.starts_with(scheme)) {
      text.remove_prefix(scheme.size());
      return !text.empty() && text.front() != '/' && text.front() != ':' &&
             text.find_first_not_of(
                 "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
                 "0123456789-._~:/[]%") == std::string_view::npos;
    }
  return false;
}

/// A job that ends, or has ended, stays as it is.
bool may_be_dropped(db::JobStatus status) {
  return !db::is_completed(status) && status != db::JobStatus::canceling;
}

}  // namespace

std::optional<std::int64_t> read_number(std::string_view text) {
  std::int64_t value = 0;
  const char* const end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, value);
  if (error != std::errc{} || stop != end)
    return std::nullopt;
  return value;
}

std::string number_range(std::int64_t least, std::int64_t most) {
  return fmt::format("a whole number from {} to {}", least, most);
}

std::string alternatives(const std::vector<std::string_view>& words) {
  if (words.empty())
    return {};
  if (words.size() == 1)
    return std::string(words.front());
  return fmt::format("{} or {}",
                     fmt::join(words.begin(), words.end() - 1, ", "),
                     words.back());
}

OptionValue fraction(double Options::*member) {
  return {
      .must_be = "a decimal number from 0 to 1, such as 0.5",
      .set = [member](Options& options, std::string_view text) {
        double value = -1;
        const char* const end = text.data() + text.size();
        const auto [stop, error] =
            std::from_chars(text.data(), end, value, std::chars_format::fixed);
        if (error != std::errc{} || stop != end || !(value >= 0) || value > 1)
          return false;
        options.*member = value;
        return true;
      }};
}

OptionValue flag(bool Options::*member) {
  return {.must_be = "true, false, yes, no, 1 or 0",
          .set = [member](Options& options, std::string_view text) {
            const bool yes = text == "true" || text == "yes" || text == "1";
            const bool no = text == "false" || text == "no" || text == "0";
            if (yes || no)
              options.*member = yes;
            return yes || no;
          }};
}

OptionValue directory(std::optional<std::string> Options::*member) {
  return {.must_be = "the path of a directory",
          .set = [member](Options& options, std::string_view text) {
            options.*member = std::string(text);
            return !text.empty();
          }};
}

OptionValue file(std::optional<std::string> Options::*member) {
  return {.must_be = "the path of a file",
          .set = [member](Options& options, std::string_view text) {
            options.*member = std::string(text);
            return !text.empty();
          }};
}

OptionValue service(std::optional<std::string> Options::*member) {
  return {.must_be = "the name of a service in pg_service.conf",
          .set = [member](Options& options, std::string_view text) {
            options.*member = std::string(text);
            return !text.empty() &&
                   text.find_first_of(" \t\n'\"[]=") == std::string_view::npos;
          }};
}

OptionValue bucket_url(std::optional<std::string> Options::*member) {
  return {.must_be = "s3://BUCKET or s3://BUCKET/PREFIX",
          .set =
              [member](Options& options, std::string_view text) {
                options.*member = std::string(text);
                return stores::parse_s3_url(text).has_value();
              },
          .is_secret = holds_user};
}

OptionValue endpoint_url(std::optional<std::string> Options::*member) {
  return {.must_be = "http://HOST[:PORT] or https://HOST[:PORT]",
          .set =
              [member](Options& options, std::string_view text) {
                options.*member = std::string(text);
                return stores::parse_s3_endpoint(text).has_value();
              },
          .is_secret = holds_user};
}

OptionValue gateway_url(std::optional<std::string> Options::*member) {
  return {.must_be =
              "http://HOST[:PORT] or https://HOST[:PORT], perhaps with a path",
          .set =
              [member](Options& options, std::string_view text) {
                options.*member = std::string(text);
                return is_gateway_url(text);
              },
          .is_secret = holds_user};
}

OptionValue region(std::optional<std::string> Options::*member) {
  return {.must_be = "the name of a region such as eu-west-1",
          .set = [member](Options& options, std::string_view text) {
            options.*member = std::string(text);
            return stores::is_s3_region(text);
          }};
}

OptionValue redis_url(std::optional<std::string> Options::*member) {
  const auto has_password = [](std::string_view text) {
    return !text.starts_with("file:") && holds_user(text);
  };
  return {.must_be =
              "redis://HOST[:PORT][/DB], rediss://HOST[:PORT][/DB], "
              "unix://SOCKET, or file:PATH of a file that holds one",
          .set =
              [member](Options& options, std::string_view text) {
                options.*member = std::string(text);
                return is_redis_url(text);
              },
          .is_secret = has_password,
          .takes_secret = true};
}

OptionValue moment(std::optional<telemetry::Timestamp> Options::*member) {
  return {.must_be = "a moment such as 2022-10-06T12:30:00Z",
          .set = [member](Options& options, std::string_view text) {
            const auto value = telemetry::parse_timestamp(text);
            // Before and after all time there is no horizon.
            if (!value || *value == telemetry::Timestamp::min() ||
                *value == telemetry::Timestamp::max())
              return false;
            options.*member = value;
            return true;
          }};
}

OptionValue ids(std::vector<std::int64_t> Options::*member) {
  return {.must_be = "an id, " + number_range(1, any_number),
          .set =
              [member](Options& options, std::string_view text) {
                const auto id = read_number(text);
                if (!id || *id < 1)
                  return false;
                (options.*member).push_back(*id);
                return true;
              },
          .clear = [member](Options& options) { (options.*member).clear(); },
          .is_repeatable = true};
}

OptionValue statuses(std::vector<std::string> Options::*member) {
  std::vector<std::string_view> words;
  for (const std::string_view word : db::job_status_names)
    if (may_be_dropped(*db::job_status(word)))
      words.push_back(word);
  return {.must_be = alternatives(words),
          .set =
              [member](Options& options, std::string_view text) {
                const auto status = db::job_status(text);
                if (!status || !may_be_dropped(*status))
                  return false;
                (options.*member).emplace_back(text);
                return true;
              },
          .clear = [member](Options& options) { (options.*member).clear(); }};
}

OptionValue passes(std::set<telemetry::Pass> Options::*member) {
  std::vector<std::string_view> words;
  for (const telemetry::Pass pass : telemetry::all_passes)
    words.push_back(name_of(pass));
  words.emplace_back("all");
  return {.must_be = alternatives(words),
          .set =
              [member](Options& options, std::string_view text) {
                return add_passes(options.*member, text);
              },
          .clear = [member](Options& options) { (options.*member).clear(); }};
}

}  // namespace jobs
