#pragma once

#include <charconv>
#include <chrono>
#include <cstdint>
#include <initializer_list>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "jobs/options_table.hpp"

/// What the rows of the table are made of: a kind of value, and the member of
/// Options where it goes.  Each takes the whole text or refuses it.
namespace jobs {

constexpr std::int64_t any_number = std::numeric_limits<std::int64_t>::max();

/// A decimal number and nothing else: no sign but '-', no blank, no overflow.
std::optional<std::int64_t> read_number(std::string_view text);

/// A whole number from \a least to \a most.  The member may be an integer, a
/// duration (in its own unit), or an optional of either.
template <typename Member>
OptionValue number(Member Options::*member, std::int64_t least,
                   std::int64_t most = any_number);

/// A decimal number from 0 to 1.
OptionValue fraction(double Options::*member);

template <typename Choice>
using Choices = std::vector<std::pair<std::string_view, Choice>>;

/// One word out of a few.
template <typename Choice, typename Member>
OptionValue choice(Member Options::*member, Choices<Choice> choices);

OptionValue flag(bool Options::*member);
OptionValue directory(std::optional<std::string> Options::*member);
OptionValue file(std::optional<std::string> Options::*member);
/// Of a connection service file: no blank, no quote, no bracket.
OptionValue service(std::optional<std::string> Options::*member);
OptionValue bucket_url(std::optional<std::string> Options::*member);
OptionValue endpoint_url(std::optional<std::string> Options::*member);
/// Of a server that answers HTTP, perhaps below a path; no user, no query.
OptionValue gateway_url(std::optional<std::string> Options::*member);
/// The name of a cloud's region: letters, digits and dashes.
OptionValue region(std::optional<std::string> Options::*member);
OptionValue redis_url(std::optional<std::string> Options::*member);
OptionValue moment(std::optional<telemetry::Timestamp> Options::*member);
OptionValue ids(std::vector<std::int64_t> Options::*member);
/// Statuses of jobs that have not ended.
OptionValue statuses(std::vector<std::string> Options::*member);
OptionValue passes(std::set<telemetry::Pass> Options::*member);

/// "text, json or jsonl"
std::string alternatives(const std::vector<std::string_view>& words);

std::string number_range(std::int64_t least, std::int64_t most);

template <typename T>
struct Unwrapped {
  using type = T;
};
template <typename T>
struct Unwrapped<std::optional<T>> {
  using type = T;
};

template <typename Member>
OptionValue number(Member Options::*member, std::int64_t least,
                   std::int64_t most) {
  using Number = typename Unwrapped<Member>::type;
  return {.must_be = number_range(least, most),
          .set = [=](Options& options, std::string_view text) {
            const std::optional<std::int64_t> value = read_number(text);
            if (!value || *value < least || *value > most)
              return false;
            options.*member = static_cast<Number>(*value);
            return true;
          }};
}

template <typename Choice, typename Member>
OptionValue choice(Member Options::*member, Choices<Choice> choices) {
  std::vector<std::string_view> words;
  for (const auto& [word, _] : choices)
    words.push_back(word);
  return {.must_be = alternatives(words),
          .set = [member, choices = std::move(choices)](Options& options,
                                                        std::string_view text) {
            for (const auto& [word, value] : choices)
              if (word == text) {
                options.*member = value;
                return true;
              }
            return false;
          }};
}

}  // namespace jobs
