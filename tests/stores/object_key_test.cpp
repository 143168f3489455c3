#include "stores/object_key.hpp"

#include <chrono>
#include <limits>
#include <string>

#include <catch2/catch.hpp>

using stores::artifact_key;
using stores::ObjectKey;
using stores::poison;
using stores::trace_key;

namespace {

// printf 1 | sha256sum, and so on.
const std::string hash_of_1 =
    "6b86b273ff34fce19d6b804eff5a3f5747ada4eaa22f1d49c01e52ddb7875b4b";
const std::string hash_of_42 =
    "73475cb40a568e8da8a045ced110137e159f890ac4da883b6b17dc651b3a8049";
const std::string hash_of_the_largest =
    "b34a1c30a715f6bf8b7243afa7fab883ce3612b7231716bdcbbdc1982e1aed29";

}  // namespace

TEST_CASE("an artifact's key is GitLab's hashed path", "[unit]") {
  const ObjectKey key = artifact_key(42, 7, 9, "code_coverage.json");
  CHECK(key.directory == "73/47/" + hash_of_42 + "/pipelines/7/artifacts/9");
  CHECK(key.file == "code_coverage.json");
  CHECK(key.path() == key.directory + "/code_coverage.json");
}

TEST_CASE("an artifact's key takes the largest ids", "[unit]") {
  constexpr std::int64_t largest = std::numeric_limits<std::int64_t>::max();
  const ObjectKey key = artifact_key(largest, largest, largest, "f");
  CHECK(key.directory == "b3/4a/" + hash_of_the_largest +
                             "/pipelines/9223372036854775807/artifacts/"
                             "9223372036854775807");
}

TEST_CASE("a trace's key is GitLab's hashed path of a job artifact", "[unit]") {
  // 2022-10-06 23:59:59.999999 in UTC: date -u -d @1665100799
  const telemetry::Timestamp last_moment{
      std::chrono::microseconds{1665100799'999999}};
  const ObjectKey key = trace_key(42, last_moment, 7, 9);
  CHECK(key.directory == "73/47/" + hash_of_42 + "/2022_10_06/7/9");
  CHECK(key.file == "job.log");

  const std::chrono::microseconds one{1};
  CHECK(trace_key(1, last_moment + one, 2, 3).path() ==
        "6b/86/" + hash_of_1 + "/2022_10_07/2/3/job.log");
  CHECK(trace_key(1, telemetry::Timestamp{-one}, 2, 3).path() ==
        "6b/86/" + hash_of_1 + "/1969_12_31/2/3/job.log");
}

TEST_CASE("a trace's key is safe for every moment and the largest ids",
          "[unit]") {
  using telemetry::Timestamp;
  constexpr std::int64_t largest = std::numeric_limits<std::int64_t>::max();
  const std::chrono::microseconds one{1};
  for (const Timestamp moment : {Timestamp::min(), Timestamp::min() + one,
                                 Timestamp::max() - one, Timestamp::max()})
    CHECK(poison(trace_key(largest, moment, largest, largest)) == std::nullopt);
  CHECK(trace_key(largest, Timestamp::max(), largest, largest).directory ==
        "b3/4a/" + hash_of_the_largest +
            "/infinity/9223372036854775807/9223372036854775807");
}

TEST_CASE("keys of projects in turn don't mix", "[unit]") {
  const ObjectKey first = artifact_key(1, 2, 3, "f");
  const ObjectKey other = artifact_key(42, 2, 3, "f");
  CHECK(first.directory.find(hash_of_1) != std::string::npos);
  CHECK(other.directory.find(hash_of_42) != std::string::npos);
  CHECK(artifact_key(1, 2, 3, "f") == first);
  CHECK(artifact_key(1, 2, 3, "g") != first);
}

TEST_CASE("a key of any shape is safe as long as it stays below the root",
          "[unit]") {
  CHECK(poison({"a", "b"}) == std::nullopt);
  CHECK(poison({"2017_03/5/77", "legacy.zip"}) == std::nullopt);
  CHECK(poison({"ab/cd/@final/0f", "x"}) == std::nullopt);
  CHECK(poison({"...", "..."}) == std::nullopt);
  CHECK(poison({"..a/b..", ".hidden"}) == std::nullopt);
  CHECK(poison({"a\nb/\x1b[31m", "\xff"}) == std::nullopt);
  CHECK(poison({"a", std::string(100000, 'x')}) == std::nullopt);
  CHECK(poison(artifact_key(1, 2, 3, "f")) == std::nullopt);
}

TEST_CASE("a poison directory is told by its component", "[unit]") {
  using namespace std::string_literals;
  const std::string empty = "its directory holds an empty component";
  CHECK(poison({"", "f"}) == "its directory is empty");
  CHECK(poison({"/", "f"}) == empty);
  CHECK(poison({"/a", "f"}) == empty);
  CHECK(poison({"a/", "f"}) == empty);
  CHECK(poison({"a//b", "f"}) == empty);
  CHECK(poison({".", "f"}) == "its directory holds a component '.'");
  CHECK(poison({"a/./b", "f"}) == "its directory holds a component '.'");
  CHECK(poison({"..", "f"}) == "its directory holds a component '..'");
  CHECK(poison({"a/..", "f"}) == "its directory holds a component '..'");
  CHECK(poison({"a/../b", "f"}) == "its directory holds a component '..'");
  CHECK(poison({"a\0b"s, "f"}) == "its directory holds a NUL");
}

TEST_CASE("a poison file name is told", "[unit]") {
  using namespace std::string_literals;
  CHECK(stores::poison_file("") == "its file name is empty");
  CHECK(stores::poison_file(".") == "its file name is '.'");
  CHECK(stores::poison_file("..") == "its file name is '..'");
  CHECK(stores::poison_file("a/b") == "its file name holds a slash");
  CHECK(stores::poison_file("/") == "its file name holds a slash");
  CHECK(stores::poison_file("a\0"s) == "its file name holds a NUL");
  CHECK(stores::poison_file("...") == std::nullopt);
  CHECK(poison({"a", ".."}) == "its file name is '..'");
}

TEST_CASE("a directory of a pipeline artifact's own is told from others",
          "[unit]") {
  using stores::is_artifact_directory;
  CHECK(is_artifact_directory(
      stores::artifact_key(1, 2, 3, "code_coverage.json").directory));
  CHECK_FALSE(is_artifact_directory(""));
  CHECK_FALSE(is_artifact_directory("6b/86/6b86/2022_10_06/2/3"));
  CHECK_FALSE(is_artifact_directory("@final/6b/86"));
  CHECK_FALSE(is_artifact_directory("2022_10/1/2"));
  CHECK_FALSE(is_artifact_directory("a/pipelines/2/artifacts/"));
  CHECK_FALSE(is_artifact_directory("a/pipelines/2/artifacts/3/4"));
  CHECK_FALSE(is_artifact_directory("a/pipelines/x/artifacts/3"));
}
