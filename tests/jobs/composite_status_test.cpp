#include "jobs/composite_status.hpp"

#include <catch2/catch.hpp>

#include <algorithm>
#include <array>
#include <functional>
#include <optional>
#include <set>
#include <string>
#include <vector>

using db::JobStatus;
using jobs::composite_status;
using jobs::composite_status_of_needs;
using jobs::CountedStatus;
using enum db::JobStatus;

namespace {

using Counted = std::vector<CountedStatus>;

constexpr std::array all_statuses{created,
                                  pending,
                                  running,
                                  success,
                                  failed,
                                  canceled,
                                  skipped,
                                  manual,
                                  scheduled,
                                  preparing,
                                  waiting_for_resource,
                                  waiting_for_callback,
                                  canceling};

CountedStatus may_fail(JobStatus status) {
  return {status, true};
}

Counted counted(std::initializer_list<JobStatus> statuses,
                std::initializer_list<CountedStatus> more = {}) {
  Counted jobs;
  for (const JobStatus status : statuses)
    jobs.push_back({status, false});
  jobs.insert(jobs.end(), more);
  return jobs;
}

std::string text_of(const Counted& jobs) {
  std::string text;
  for (const CountedStatus& job : jobs)
    text += std::string(db::name_of(job.status)) +
            (job.allow_failure ? " (may fail), " : ", ");
  return text;
}

struct Example {
  int rule;
  Counted jobs;
  JobStatus result;
};

void check_all(const std::vector<Example>& examples) {
  for (const Example& example : examples) {
    INFO("rule " << example.rule << ": " << text_of(example.jobs));
    CHECK(db::name_of(composite_status(example.jobs)) ==
          db::name_of(example.result));
  }
}

/// The rules once more, word by word, over names rather than bits.
namespace naive {

using Names = std::set<std::string>;

std::string name_of(const CountedStatus& job) {
  const std::string name(db::name_of(job.status));
  if (job.allow_failure && (name == "failed" || name == "canceled"))
    return "success with warnings";
  if (job.allow_failure && name == "manual")
    return "ignored";
  return name;
}

Names names_of(const Counted& jobs) {
  Names names;
  for (const CountedStatus& job : jobs)
    names.insert(name_of(job));
  return names;
}

bool only(const Names& names, Names allowed, bool warnings = true) {
  allowed.insert("ignored");
  if (warnings)
    allowed.insert("success with warnings");
  return std::ranges::includes(allowed, names);
}

std::string status(const Names& names) {
  if (only(names, {"skipped"}, false))
    return names.empty() ? "success" : "skipped";
  if (only(names, {"success", "skipped"}))
    return "success";
  if (only(names, {"created"}))
    return "created";
  if (only(names, {"preparing"}))
    return "preparing";
  if (only(names, {"canceled", "success", "skipped"}))
    return "canceled";
  if (only(names, {"pending", "created", "skipped"}))
    return "pending";
  if (names.contains("pending"))
    return "running";
  for (const char* const name :
       {"running", "waiting_for_resource", "waiting_for_callback", "manual",
        "scheduled", "preparing"})
    if (names.contains(name))
      return name;
  if (names.contains("created"))
    return "running";
  return names.contains("canceling") ? "canceling" : "failed";
}

std::string status_of_needs(const Names& names) {
  const bool skips = names.contains("skipped") || names.contains("ignored");
  return skips ? "skipped" : status(names);
}

}  // namespace naive

Counted all_pairs() {
  Counted pairs;
  for (const JobStatus status : all_statuses)
    for (const bool allow_failure : {false, true})
      pairs.push_back({status, allow_failure});
  return pairs;
}

void check_against_naive(const Counted& jobs) {
  const naive::Names names = naive::names_of(jobs);
  const std::string status(db::name_of(composite_status(jobs)));
  const std::string of_needs(db::name_of(composite_status_of_needs(jobs)));
  if (status == naive::status(names) &&
      of_needs == naive::status_of_needs(names))
    return;
  INFO(text_of(jobs));
  CHECK(status == naive::status(names));
  CHECK(of_needs == naive::status_of_needs(names));
}

}  // namespace

TEST_CASE("each of the rules for a composite status decides its own example",
          "[unit]") {
  check_all({
      {2, counted({skipped}), skipped},
      {2, counted({}, {may_fail(manual)}), skipped},
      {2, counted({skipped}, {may_fail(manual)}), skipped},
      {3, counted({success}), success},
      {3, counted({success, skipped}, {may_fail(failed), may_fail(manual)}),
       success},
      {3, counted({}, {may_fail(canceled)}), success},
      {4, counted({created}), created},
      {4, counted({created}, {may_fail(failed), may_fail(manual)}), created},
      {5, counted({preparing}), preparing},
      {5, counted({preparing}, {may_fail(canceled), may_fail(manual)}),
       preparing},
      {6, counted({canceled}), canceled},
      {6, counted({canceled, success, skipped}, {may_fail(failed)}), canceled},
      {7, counted({pending}), pending},
      {7, counted({pending, created, skipped}, {may_fail(manual)}), pending},
      {7, counted({created, skipped}), pending},
      {8, counted({running}), running},
      {8, counted({pending, success}), running},
      {9, counted({waiting_for_resource, failed}), waiting_for_resource},
      {10, counted({waiting_for_callback, failed}), waiting_for_callback},
      {11, counted({manual, failed}), manual},
      {12, counted({scheduled, failed}), scheduled},
      {13, counted({preparing, success}), preparing},
      {14, counted({created, success}), running},
      {15, counted({canceling, success}), canceling},
      {16, counted({failed}), failed},
      {16,
       counted({failed, canceled, success, skipped},
               {may_fail(failed), may_fail(manual)}),
       failed},
  });
}

// Of rules 3 to 7, no two have anything in common that 2 and 3 leave them, but
// for 4 and 7.
TEST_CASE("where two rules fit, the first of them decides", "[unit]") {
  check_all({
      {2, counted({skipped}), skipped},
      {3, counted({success}), success},
      {3, counted({}, {may_fail(failed), may_fail(manual)}), success},
      {4, counted({created}), created},
      {5, counted({preparing}, {may_fail(failed)}), preparing},
      {7, counted({pending}), pending},
      {8, counted({running, waiting_for_resource}), running},
      {9, counted({waiting_for_resource, waiting_for_callback}),
       waiting_for_resource},
      {10, counted({waiting_for_callback, manual}), waiting_for_callback},
      {11, counted({manual, scheduled}), manual},
      {12, counted({scheduled, preparing}), scheduled},
      {13, counted({preparing, created}), preparing},
      {14, counted({created, canceling}), running},
      {15, counted({canceling, failed}), canceling},
  });
}

TEST_CASE("the first of the rules is for what a job of a DAG needs alone",
          "[unit]") {
  const Counted skips = counted({success, skipped});
  CHECK(composite_status(skips) == success);
  CHECK(composite_status_of_needs(skips) == skipped);
  const Counted ignores = counted({running}, {may_fail(manual)});
  CHECK(composite_status(ignores) == running);
  CHECK(composite_status_of_needs(ignores) == skipped);
  CHECK(composite_status_of_needs(counted({success}, {may_fail(failed)})) ==
        success);
}

TEST_CASE("no job at all is a success", "[unit]") {
  CHECK(composite_status({}) == success);
  CHECK(composite_status_of_needs({}) == success);
}

TEST_CASE("a job that may fail counts as itself until it failed or waits",
          "[unit]") {
  for (const JobStatus status : all_statuses) {
    INFO(db::name_of(status));
    const bool differs =
        status == failed || status == canceled || status == manual;
    const Counted strict = counted({status, failed});
    const Counted lax = counted({failed}, {may_fail(status)});
    if (!differs || status == failed || status == canceled)
      CHECK(composite_status(strict) == composite_status(lax));
    CHECK((composite_status(counted({status})) !=
           composite_status(counted({}, {may_fail(status)}))) == differs);
  }
}

TEST_CASE("every set of up to three jobs has the status that the rules give",
          "[unit]") {
  const Counted pairs = all_pairs();
  REQUIRE(pairs.size() == 26);
  check_against_naive({});
  for (std::size_t i = 0; i < pairs.size(); ++i)
    for (std::size_t j = i; j < pairs.size(); ++j)
      for (std::size_t k = j; k < pairs.size(); ++k)
        check_against_naive({pairs[i], pairs[j], pairs[k]});
}
