// A run that meets nobody deletes its rows without holding them first.

#include "tests/jobs/holder.hpp"
#include "tests/jobs/slow_world.hpp"
#include "tests/jobs/writer.hpp"
#include "tests/support/captured_log.hpp"
#include "tests/support/fault_point.hpp"
#include "tests/support/postgres_server.hpp"
#include "tests/support/schema_era.hpp"

#include <fmt/format.h>
#include <catch2/catch.hpp>

#include <algorithm>
#include <list>
#include <optional>
#include <string_view>
#include <thread>

using std::chrono::milliseconds;
using std::chrono::seconds;
using telemetry::Outcome;
using telemetry::Pass;
using tests::MadeArtifact;

namespace {

std::int64_t made(const telemetry::PassReport& report, std::string_view name) {
  const auto kinds = report.statements.by_name().read();
  const auto kind =
      std::ranges::find(kinds, name, &telemetry::Durations::Kind::name);
  if (kind == kinds.end())
    return 0;
  std::int64_t count = 0;
  for (const std::int64_t of_bucket : kind->counts)
    count += of_bucket;
  return count;
}

/// How many batches were destroyed without holding their rows, and how many
/// with it.
struct Batches {
  explicit Batches(const telemetry::PassReport& report)
      : at_once(made(report, "artifacts.destroy_at_once")),
        held(made(report, "artifacts.destroy_unlocked")) {}

  std::int64_t at_once;
  std::int64_t held;
};

/// A run of six batches.
struct SixBatches : tests::SlowWorld {
  SixBatches() {
    options.time_limit = seconds{60};
    for (int i = 0; i < 60; ++i)
      artifacts.push_back(add());
  }

  std::vector<MadeArtifact> artifacts;
};

/// GitLab commits so long after the first batch was about to go.
class LateCommit {
 public:
  LateCommit(tests::TestSession& gitlab, milliseconds after)
      : gitlab_(gitlab), after_(after) {}
  ~LateCommit() { join(); }
  LateCommit(const LateCommit&) = delete;
  LateCommit& operator=(const LateCommit&) = delete;

  void join() {
    if (thread_.joinable())
      thread_.join();
  }

 private:
  void begin() {
    if (!thread_.joinable())
      thread_ = std::thread([this] {
        std::this_thread::sleep_for(after_);
        gitlab_.commit();
      });
  }

  tests::TestSession& gitlab_;
  milliseconds after_;
  std::thread thread_;
  tests::FaultHook hook_{"batch.before_destroy", [this] { begin(); }};
};

}  // namespace

TEST_CASE("who meets nobody holds no row before it goes",
          "[postgres][schemas][locks]") {
  SixBatches world;
  const auto& report = world.run_unlocked();
  CHECK(report.destroyed == 60);
  const Batches batches(report);
  CHECK(batches.at_once == 6);
  CHECK(batches.held == 0);
  CHECK(world.violations().empty());
}

TEST_CASE("who meets somebody leaves him what he holds, from then on",
          "[postgres][schemas][locks]") {
  SixBatches world;
  const MadeArtifact& held = world.artifacts[25];
  tests::Holder holder("ci_pipeline_artifacts", "id", held.id);

  const auto& report = world.run_unlocked();

  CHECK(report.destroyed == 59);
  CHECK(report.skipped == 1);
  CHECK(report.outcome == Outcome::throttled);
  const Batches batches(report);
  // The third one met him, and then skipped his; so did three more, and the
  // second try of what was left.
  CHECK(batches.at_once == 3);
  CHECK(batches.held == 5);
  CHECK(world.row_exists(held));
  CHECK(world.file_exists(held));
  CHECK(world.violations().empty());
}

TEST_CASE("who meets one after the other holds rows from then on",
          "[postgres][locks]") {
  SixBatches world;
  world.options.batch_size = 30;
  world.options.statement_timeout = seconds{60};
  std::list<tests::Holder> holders;
  for (int i = 0; i < 30; ++i)
    holders.emplace_back("ci_pipeline_artifacts", "id", world.artifacts[i].id);
  std::thread release;
  const tests::FaultHook hook("batch.before_destroy", [&] {
    if (!release.joinable())
      release = std::thread([&] {
        for (tests::Holder& holder : holders) {
          std::this_thread::sleep_for(milliseconds{40});
          holder.release();
        }
      });
  });

  const Batches batches(world.run_unlocked());
  release.join();

  CHECK(batches.at_once == 1);
  CHECK(batches.held > 0);
  CHECK(world.violations().empty());
}

TEST_CASE("who finds a row gone has met somebody", "[postgres][locks]") {
  SixBatches world;
  const tests::FaultHook hook("batch.before_destroy", [&, batch = 0]() mutable {
    if (++batch == 2)
      tests::TestSession().run(
          fmt::format("DELETE FROM ci_pipeline_artifacts WHERE id = {}",
                      world.artifacts[15].id));
  });

  const auto& report = world.run_unlocked();

  CHECK(report.destroyed == 59);
  CHECK(report.outcome == Outcome::drained);
  const Batches batches(report);
  CHECK(batches.at_once == 2);
  CHECK(batches.held == 4);
}

TEST_CASE("a row that changes while it is waited for stays",
          "[postgres][schemas][locks]") {
  SixBatches world;
  const MadeArtifact& kept = world.artifacts[0];
  const auto* const change =
      GENERATE("locked = 1", "expire_at = now() + interval '1 day'",
               "expire_at = NULL", "file_store = 2");
  const milliseconds after = GENERATE(milliseconds{10}, milliseconds{300});
  tests::TestSession gitlab;
  gitlab.begin();
  gitlab.run(
      fmt::format("UPDATE ci_pipelines SET locked = 1 WHERE id = {}; "
                  "UPDATE ci_pipeline_artifacts SET {} WHERE id = {}",
                  kept.pipeline_id, change, kept.id));
  LateCommit commit(gitlab, after);

  const auto& report = world.run_unlocked();
  commit.join();

  CHECK(report.destroyed == 59);
  CHECK(world.row_exists(kept));
  CHECK(world.file_exists(kept));
  CHECK(world.violations().empty());
}

TEST_CASE("what GitLab adds to statistics that are waited for is kept",
          "[postgres][schemas][locks]") {
  SixBatches world;
  const milliseconds after = GENERATE(milliseconds{10}, milliseconds{300});
  const std::int64_t bytes = 60 * world.artifacts[0].size;
  CHECK(world.statistic() == bytes);
  tests::TestSession gitlab;
  gitlab.begin();
  gitlab.run(fmt::format("UPDATE project_statistics SET {}",
                         tests::counted_bytes("12345")));
  LateCommit commit(gitlab, after);

  CHECK(world.run_unlocked().destroyed == 60);
  commit.join();

  CHECK(world.statistic() == 12345);
}

TEST_CASE("beside others that write rows are held before they go",
          "[postgres][locks]") {
  SixBatches world;
  world.options.max_load = 100;
  const tests::Writer gitlab;
  const auto& report = world.run_unlocked();
  CHECK(report.destroyed > 0);
  const Batches batches(report);
  CHECK(batches.at_once == 0);
  CHECK(batches.held > 0);
}

TEST_CASE("who is alone until somebody writes holds rows from then on",
          "[postgres][locks][slow]") {
  const tests::PostgresServer server({"autovacuum=off"});
  const auto here = server.environment();
  SixBatches world;
  world.add_many(340);
  world.options.max_load = 100;
  const tests::CapturedLog log;
  std::optional<tests::Writer> gitlab;
  const tests::FaultHook hook("batch.destroyed", [&, batch = 0]() mutable {
    std::this_thread::sleep_for(milliseconds{250});
    if (++batch == 20)
      gitlab.emplace();
  });

  const telemetry::PassReport& report = world.run_unlocked();

  CHECK(log.text().find("others write to this server") != std::string::npos);
  CHECK(report.destroyed == 400);
  const Batches batches(report);
  CHECK(batches.at_once > 0);
  CHECK(batches.held > 0);
}
