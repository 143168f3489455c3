#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "tests/support/jobs.hpp"
#include "tests/support/redis_server.hpp"
#include "tests/support/world.hpp"

namespace tests {

/// What a chunk holds when it is full.
inline constexpr std::size_t full_chunk = 131072;

/// Where a chunk is, as ci_build_trace_chunks.data_store says it.
inline constexpr int in_shared_state = 1;
inline constexpr int in_database = 2;
inline constexpr int in_redis = 4;

/// A World of dropped builds whose live traces are due: only the traces pass
/// runs, and nothing has to settle.
class TracesWorld : public World {
 public:
  TracesWorld();

  /// A build dropped an hour ago whose trace is \a text, cut into chunks; the
  /// stores are gone through in turn.
  std::int64_t trace(const std::string& text,
                     const std::vector<int>& data_stores = {in_redis});
  /// \a count of them, each of another text and up to three chunks.
  void traces(int count, const std::vector<int>& data_stores);
  /// One chunk; what trace() made remembers nothing of it.
  std::int64_t chunk(std::int64_t job, int index, const std::string& bytes,
                     int data_store);
  /// The server that holds chunks of \a data_store.
  RedisServer& server(int data_store);
  static std::string chunk_key(std::int64_t job, int index);
  static std::string lock_key(std::int64_t job);
  /// Ten minutes pass: the locks of a run that was killed lapse.
  void let_leases_end();

  /// The pass's part of what run() or plan() reports.
  telemetry::PassReport& archive();
  /// The words that run the program on this world, as JSON.
  [[nodiscard]] std::vector<std::string> command(
      const std::string& program = JANITOR_FAULTS_PROGRAM) const;

  /// The bytes of a trace as far as they are still to be had: of its archive,
  /// with those of its chunks laid over it in their places.
  [[nodiscard]] std::string kept(std::int64_t job);
  /// Traces of which kept() is not all.
  std::vector<std::string> lost_traces();
  /// What breaks "no byte is ever lost": Jobs::violations(), and lost_traces().
  /// Empty if all holds.
  std::vector<std::string> losses();
  /// What a clean run must leave behind: every trace archived byte for byte, no
  /// chunk, no key, no row or file besides.  Empty if all is so.
  std::vector<std::string> left_over();
  /// Chunk rows of all builds.
  [[nodiscard]] std::int64_t chunk_rows();

  RedisServer redis;
  RedisServer shared_state;
  Jobs builds{*this};
  std::int64_t pipeline;  ///< of the first trace, and of all if not partitioned
  std::map<std::int64_t, std::string> texts;  ///< of the traces made, by job
  /// Jobs whose texts are not compared for now: a test that makes hundreds of
  /// traces, one after the other, would otherwise compare each with all steps
  /// of all later ones.
  std::set<std::int64_t> set_aside;

 private:
  /// Each partition has some of the jobs of trace(), where there are any.
  std::int64_t next_pipeline();
  /// The texts but those set aside.
  [[nodiscard]] std::map<std::int64_t, std::string> compared() const;

  std::vector<std::int64_t> pipelines_{pipeline};
};

}  // namespace tests
