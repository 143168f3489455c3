#pragma once

#include "tests/support/test_database.hpp"

#include <cstdint>
#include <map>
#include <optional>
#include <random>
#include <string>
#include <utility>
#include <vector>

namespace tests {

/// What a live GitLab does to the jobs of some pipelines, each by its own
/// protocol: a change of status asks for the lock_version that was read, the
/// queue tables go with it in one transaction, and stages and pipeline follow
/// by AtomicProcessingService.  All at random, the same for the same seed.
///
/// Has a session of its own.  Use it from one thread at a time.
class LiveJobs {
 public:
  explicit LiveJobs(std::vector<std::int64_t> pipelines, unsigned seed = 1)
      : pipelines_(std::move(pipelines)), random_(seed) {}

  /// One change, or the attempt.
  void act();
  /// What PipelineProcessWorker does for pipelines with jobs that are not
  /// counted yet, until there are none.
  void process_all();

  /// Changes that went through, by table and row.
  using Changes = std::map<std::pair<std::string, std::int64_t>, int>;
  [[nodiscard]] const Changes& changes() const { return changes_; }
  /// Changes that somebody else came before.
  [[nodiscard]] int stale() const { return stale_; }

 private:
  struct Read {
    std::int64_t id = 0;
    std::int64_t lock_version = 0;
  };

  void create();
  void enqueue();
  void pick();
  void finish();
  void retry();
  void process(std::int64_t pipeline);

  std::int64_t any_pipeline();
  std::optional<Read> any_job(const std::string& condition);
  bool change(const std::string& table, Read row, const std::string& set);
  void change_job(const std::string& status, const std::string& set,
                  const std::string& queues);
  std::string number(const std::string& sql);

  std::vector<std::int64_t> pipelines_;
  std::minstd_rand random_;
  TestSession session_;
  Changes changes_;
  int stale_ = 0;
};

}  // namespace tests
