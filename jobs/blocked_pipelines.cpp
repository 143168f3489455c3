#include "jobs/blocked_pipelines.hpp"

#include "db/retry.hpp"
#include "db/users.hpp"
#include "jobs/end_deployments.hpp"
#include "jobs/halves.hpp"

#include <algorithm>

namespace jobs {
namespace {

using telemetry::Pass;

constexpr std::int64_t users_a_page = 1000;
constexpr std::int64_t schedules_a_statement = 1000;

}  // namespace

std::vector<std::int64_t> users_after(const Context& context,
                                      const db::Session& session,
                                      std::int64_t after) {
  if (context.options.users.empty())
    return db::blocked_users(context.main_pool(), context.in_main(session),
                             after, users_a_page);
  std::vector<std::int64_t> users;
  std::ranges::copy_if(context.options.users, std::back_inserter(users),
                       [&](std::int64_t user) { return user > after; });
  std::ranges::sort(users);
  return users;
}

std::vector<std::int64_t> still_blocked(const Context& context,
                                        const db::Session& session,
                                        std::vector<std::int64_t> users) {
  if (context.main == nullptr)
    return users;
  const auto states = db::with_retry([&] {
    return db::user_states(context.main_pool(), context.in_main(session),
                           users);
  });
  std::erase_if(users, [&](std::int64_t user) {
    const auto found = std::ranges::find(states, user, &db::UserState::id);
    return found == states.end() || found->state != "blocked";
  });
  return users;
}

BlockedPipelines::BlockedPipelines(Context& context) : context_(context) {}

bool BlockedPipelines::begin_walk() {
  if (is_walking_)
    end_walk();
  is_walking_ = !groups_.empty() || next_group();
  return is_walking_;
}

void BlockedPipelines::end_walk() {
  if (groups_.empty())
    return;  // nobody's pipelines could be read
  if (kind_ == db::PipelineKind::live) {
    kind_ = db::PipelineKind::waiting;
  } else {
    groups_.pop_front();
    kind_ = db::PipelineKind::live;
  }
  after_ = {};
}

std::vector<db::UserPipeline> BlockedPipelines::next() {
  while (!groups_.empty() &&
         context_.governor.may_read_on(context_, Pass::builds)) {
    std::vector<db::UserPipeline> wave = page();
    if (wave.empty())
      return wave;
    after_ = wave.back();
    if (context_.named != nullptr)
      std::erase_if(wave, [this](const db::UserPipeline& pipeline) {
        return !context_.named->names_pipeline(pipeline.id);
      });
    if (!wave.empty())
      return wave;
  }
  return {};
}

bool BlockedPipelines::next_group() {
  Users users = next_users();
  if (users.empty())
    return false;
  settle_users(users);
  groups_.push_back(std::move(users));
  kind_ = db::PipelineKind::live;
  after_ = {};
  return true;
}

/// Users, too, are divided into shares; a plan names none of this.
void BlockedPipelines::settle_users(Users users) {
  if (context_.named != nullptr)
    return;
  std::erase_if(users, [this](std::int64_t user) {
    return !context_.shard().takes(user);
  });
  if (users.empty())
    return;
  disable_schedules(users);
  end_left_deployments(context_, users);
}

BlockedPipelines::Users BlockedPipelines::next_users() {
  if (exhausted_)
    return {};
  Users users = db::with_retry([&] {
    return users_after(context_, context_.reading(Pass::builds), last_user_);
  });
  exhausted_ = users.empty();
  if (!exhausted_)
    last_user_ = users.back();
  return users;
}

void BlockedPipelines::disable_schedules(const Users& users) {
  if (!context_.catalog.serves("ci_pipeline_schedules"))
    return;
  telemetry::PassReport& report = context_.report.pass(Pass::builds);
  if (context_.only_plans()) {
    report.schedules += db::count_schedules(
        context_.pool, context_.reading(Pass::builds), users);
    return;
  }
  std::int64_t disabled = 0;
  do {
    disabled = db::with_retry([&] {
      return db::disable_schedules(
          context_.pool, context_.writing(Pass::builds),
          still_blocked(context_, context_.reading(Pass::builds), users),
          schedules_a_statement);
    });
    report.schedules += disabled;
  } while (disabled == schedules_a_statement && !context_.must_stop());
}

/// A wave of the group in front; empty if it has no more.
std::vector<db::UserPipeline> BlockedPipelines::page() {
  while (!groups_.empty())
    try {
      return db::with_retry([&] {
        return context_.builds.pipelines(
            context_.reading(Pass::builds), kind_, groups_.front(), after_,
            context_.projects, context_.options.wave_size);
      });
    } catch (const db::Error& error) {
      if (!concerns_rows(error))
        throw;
      halve(error);
    }
  return {};
}

void BlockedPipelines::halve(const db::Error& error) {
  const Users users = std::move(groups_.front());
  groups_.pop_front();
  if (context_.must_stop())
    return;
  if (users.size() == 1) {
    context_.report.problem(
        {Pass::builds, "users", users.front(),
         std::string("its pipelines can't be read: ") + error.what()});
    return;
  }
  const auto middle = users.begin() + std::ssize(users) / 2;
  groups_.emplace_front(middle, users.end());
  groups_.emplace_front(users.begin(), middle);
}

}  // namespace jobs
