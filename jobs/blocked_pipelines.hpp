#pragma once

#include <cstdint>
#include <deque>
#include <vector>

#include "db/builds.hpp"
#include "jobs/context.hpp"

namespace jobs {

/// The pipelines of blocked users in which something is to be dropped, in
/// walks: users by id, of a page of them first the live pipelines, then those
/// that wait.  Whoever walks goes to the end of one walk, and has done with its
/// pipelines, before the next begins, which would find them again.  In a run
/// the users' pipeline schedules are turned off on the way, so that they start
/// no more.
class BlockedPipelines {
 public:
  explicit BlockedPipelines(Context& context);

  /// \return whether there is another walk.
  /// \throws db::Error
  bool begin_walk();

  /// The next wave of the walk; empty at its end.  Users whose pipelines can't
  /// be read within a statement's timeout are named as problems, one by one.
  ///
  /// \throws db::Error that does not concern the rows.
  std::vector<db::UserPipeline> next();

 private:
  using Users = std::vector<std::int64_t>;

  bool next_group();
  Users next_users();
  void settle_users(Users users);
  void disable_schedules(const Users& users);
  void end_walk();
  std::vector<db::UserPipeline> page();
  void halve(const db::Error& error);

  Context& context_;
  bool exhausted_ = false;
  std::int64_t last_user_ = 0;
  std::deque<Users> groups_;  ///< the front is being walked
  db::PipelineKind kind_ = db::PipelineKind::live;
  db::UserPipeline after_;
  bool is_walking_ = false;
};

/// The users of this run, a page at a time: those named, or all that are
/// blocked.  Empty once there are none after \a after.
std::vector<std::int64_t> users_after(const Context& context,
                                      const db::Session& session,
                                      std::int64_t after);

/// Those of \a users that are blocked at this moment, where the statements that
/// follow can't ask for themselves: their table is in the main database.
///
/// \throws db::Error
std::vector<std::int64_t> still_blocked(const Context& context,
                                        const db::Session& session,
                                        std::vector<std::int64_t> users);

}  // namespace jobs
