#include "tests/jobs/parsing.hpp"

#include <catch2/catch.hpp>

#include <string>

using tests::parse;
using tests::refusal;

TEST_CASE("the options of a run's bounds can be given", "[unit]") {
  const jobs::Options options =
      parse({"run", "--max-fraction=0.25", "--plan=/tmp/plan.jsonl",
             "--shards=8", "--shard=7", "--exclusive"});
  CHECK(options.max_fraction == 0.25);
  CHECK(options.plan == "/tmp/plan.jsonl");
  CHECK(options.shards == 8);
  CHECK(options.shard == 7);
  CHECK(options.exclusive);
}

TEST_CASE("a pod of an indexed Job takes the shard of its index", "[unit]") {
  const tests::Words pod{"JOB_COMPLETION_INDEX=3"};
  CHECK(parse({"run", "--shards", "4"}, pod).shard == 3);
  CHECK(parse({"run", "--shards", "4", "--shard", "1"}, pod).shard == 1);
  CHECK_FALSE(parse({"run"}, pod).shard);
  CHECK_FALSE(parse({"run", "--shards", "4"}).shard);
  CHECK_THAT(
      refusal({"run", "--shards", "4"}, {"JOB_COMPLETION_INDEX=\x1b[31m"}),
      Catch::Contains("JOB_COMPLETION_INDEX is '\\x1b[31m'"));
}

TEST_CASE("there is no shard beyond the last", "[unit]") {
  jobs::Options options;
  options.shards = 4;
  options.shard = 3;
  CHECK_NOTHROW(jobs::refuse_incomplete(options));
  options.shard = 4;
  CHECK_THROWS_AS(jobs::refuse_incomplete(options), jobs::UsageError);
}

TEST_CASE("a share is a number from 0 to 1", "[unit]") {
  CHECK(parse({"run", "--max-fraction", "0"}).max_fraction == 0);
  CHECK(parse({"run", "--max-fraction", ".75"}).max_fraction == 0.75);
  for (const char* const wrong :
       {"", "1.01", "-0.1", "50%", "nan", "inf", "0,5", "1e-1", " 1"})
    CHECK_THAT(refusal({"run", std::string("--max-fraction=") + wrong}),
               Catch::Contains("a decimal number from 0 to 1"));
}
