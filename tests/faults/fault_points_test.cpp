#include "tests/faults/fault_points.hpp"

#include "tests/support/temporary_directory.hpp"

#include <catch2/catch.hpp>

#include <filesystem>
#include <iterator>
#include <regex>
#include <set>
#include <string>

namespace fs = std::filesystem;

namespace {

std::set<std::string> points_in(const std::string& source) {
  static const std::regex call("fault_point\\(\\s*\"([^\"]+)\"\\s*\\)");
  std::set<std::string> names;
  for (std::sregex_iterator found(source.begin(), source.end(), call), end;
       found != end; ++found)
    names.insert((*found)[1].str());
  return names;
}

std::set<std::string> points_of_program() {
  const fs::path root =
      fs::path(JANITOR_POSTGRES_SCRIPT).parent_path() / "../..";
  std::set<std::string> names;
  for (const char* room : {"db", "jobs", "stores", "telemetry"})
    for (const auto& entry : fs::directory_iterator(root / room))
      if (entry.path().extension() == ".cpp")
        names.merge(points_in(tests::read_file(entry.path())));
  return names;
}

}  // namespace

TEST_CASE("every fault point of the program is in a list of the fault tests",
          "[unit]") {
  std::set<std::string> listed;
  const auto add = [&](const auto& points) {
    for (const tests::FaultPoint& point : points)
      listed.insert(point.name);
  };
  add(tests::fault_points);
  add(tests::builds_fault_points);
  add(tests::traces_fault_points);
  add(tests::two_databases_fault_points);
  add(tests::check_fault_points);
  CHECK(listed == points_of_program());
}
