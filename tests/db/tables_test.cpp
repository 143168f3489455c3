#include "db/tables.hpp"

#include <catch2/catch.hpp>

namespace {

db::Tables some_tables() {
  db::Tables tables;
  tables.add("ci_builds", "public.p_ci_builds");
  tables.add_column("ci_builds", "partition_id");
  tables.add("ci_refs", "\"Odd, one\".ci_refs");
  tables.add_trait("with_storage");
  return tables;
}

}  // namespace

TEST_CASE("a statement's text names the root of a table", "[unit]") {
  CHECK(some_tables().write("SELECT id FROM {ci_builds}, {ci_refs} AS r") ==
        "SELECT id FROM public.p_ci_builds, \"Odd, one\".ci_refs AS r");
}

TEST_CASE("a part of a text is there as what it asks for is", "[unit]") {
  const db::Tables tables = some_tables();
  CHECK(tables.write("a{if ci_builds.partition_id}b{end}c") == "abc");
  CHECK(tables.write("a{if ci_builds.project_id}b{end}c") == "ac");
  CHECK(tables.write("{if ci_builds.project_id}b{else}c{end}") == "c");
  CHECK(tables.write("{if ci_refs}b{else}c{end}") == "b");
  CHECK(tables.write("{if with_storage}b{end}") == "b");
  CHECK(tables.write("{if ci_refs ci_builds.partition_id}b{end}") == "b");
  CHECK(tables.write("{if ci_refs ci_builds.project_id}b{end}").empty());
}

TEST_CASE("parts of a text stand in each other", "[unit]") {
  const db::Tables tables = some_tables();
  const std::string text =
      "{if ci_refs}1{if ci_builds.project_id}2{else}3{end}4{else}5{if "
      "ci_builds}6{else}7{end}8{end}9";
  CHECK(tables.write(text) == "1349");
  db::Tables without = tables;
  without.remove("ci_refs");
  CHECK(without.write(text) == "5689");
}

TEST_CASE("an empty array is no mark, nor is a part that is left out",
          "[unit]") {
  const db::Tables tables = some_tables();
  CHECK(tables.write("$1 = '{}' OR {ci_refs}.id > 0") ==
        "$1 = '{}' OR \"Odd, one\".ci_refs.id > 0");
  CHECK(tables.write("{if ci_stages}{ci_stages}{end}").empty());
  CHECK_THROWS_WITH(tables.write("{ci_stages}"),
                    Catch::Contains("no table ci_stages"));
}

TEST_CASE("a table that is removed takes its columns along", "[unit]") {
  db::Tables tables = some_tables();
  tables.add("ci_builds_metadata", "public.ci_builds_metadata");
  tables.remove("ci_builds");
  CHECK_FALSE(tables.has("ci_builds"));
  CHECK_FALSE(tables.has("ci_builds", "partition_id"));
  CHECK(tables.has("ci_builds_metadata"));
}
