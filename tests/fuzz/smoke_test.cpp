#include "tests/fuzz/targets.hpp"
#include "tests/support/temporary_directory.hpp"

#include <catch2/catch.hpp>

#include <algorithm>
#include <cstdint>
#include <set>
#include <vector>

namespace {

namespace fs = std::filesystem;
using Seeds = std::vector<std::string>;

struct FuzzTarget {
  const char* name;
  void (*run)(std::string_view bytes);
  int inputs;  ///< made of seeds; fewer where one takes long
};

constexpr FuzzTarget fuzz_targets[] = {
    {"conninfo", fuzz::conninfo, 1000},
    {"credentials", fuzz::credentials, 1000},
    {"directory", fuzz::directory, 300},
    {"gitlab_connection", fuzz::gitlab_connection, 300},
    {"http_answer", fuzz::http_answer, 1000},
    {"metrics", fuzz::metrics, 200},
    {"object_key", fuzz::object_key, 1000},
    {"options", fuzz::options, 100},
    {"plan_file", fuzz::plan_file, 500},
    {"readable", fuzz::readable, 1000},
    {"redis_reply", fuzz::redis_reply, 300},
    {"redis_url", fuzz::redis_url, 1000},
    {"row_values", fuzz::row_values, 1000},
    {"s3_url", fuzz::s3_url, 1000},
    {"s3_xml", fuzz::s3_xml, 500},
    {"timestamp", fuzz::timestamp, 1000},
    {"trace", fuzz::trace, 100}};

const fs::path fuzz_directory =
    fs::path(JANITOR_SCHEMA_DIRECTORY).parent_path().parent_path() / "fuzz";

/// In the order of their names: what is made of them is the same everywhere.
Seeds seeds_of(const std::string& name) {
  std::set<fs::path> files;
  for (const auto& entry :
       fs::directory_iterator(fuzz_directory / "seeds" / name))
    files.insert(entry.path());
  Seeds seeds;
  for (const fs::path& file : files)
    seeds.push_back(tests::read_file(file));
  return seeds;
}

/// Makes inputs of seeds as a fuzzer does that sees nothing: the same ones each
/// time, by xorshift64.
class Mutator {
 public:
  explicit Mutator(const Seeds& seeds) : seeds_(seeds) {}

  std::string next() {
    std::string input = seed();
    for (std::size_t changes = 1 + below(4); changes > 0; --changes)
      change(input);
    return input.substr(0, 4096);
  }

 private:
  std::size_t below(std::size_t end) {
    state_ ^= state_ << 13U;
    state_ ^= state_ >> 7U;
    state_ ^= state_ << 17U;
    return static_cast<std::size_t>(state_ % end);
  }
  const std::string& seed() { return seeds_[below(seeds_.size())]; }
  std::size_t place_in(const std::string& input) {
    return below(input.size() + 1);
  }
  char letter() {
    constexpr std::string_view telling(
        "\0\n\r/.%:@-\"'\\<&\x1b\x1e\x7f\x80\xff", 19);
    return below(2) == 0 ? telling[below(telling.size())]
                         : static_cast<char>(below(256));
  }

  void change(std::string& input) {
    const std::size_t at = place_in(input);
    switch (below(5)) {
      case 0:
        input.insert(at, 1, letter());
        break;
      case 1:
        input.erase(at, 1 + below(8));
        break;
      case 2:
        input.insert(at, input.substr(place_in(input), 1 + below(16)));
        break;
      case 3: {
        const std::string& other = seed();
        input.replace(at, input.npos, other, place_in(other), other.npos);
        break;
      }
      default:
        if (at < input.size())
          input[at] = letter();
    }
  }

  const Seeds& seeds_;
  std::uint64_t state_ = 0x9E3779B97F4A7C15;
};

}  // namespace

// A finding ends the process, and says what it is on standard error.
TEST_CASE("what reads foreign bytes keeps its word on seeds and their like",
          "[unit]") {
  for (const FuzzTarget& target : fuzz_targets) {
    CAPTURE(target.name);
    const Seeds seeds = seeds_of(target.name);
    REQUIRE_FALSE(seeds.empty());
    for (const std::string& seed : seeds)
      target.run(seed);
    Mutator mutator(seeds);
    for (int i = 0; i < target.inputs; ++i)
      target.run(mutator.next());
  }
}

TEST_CASE("every fuzz target is smoked, and has seeds", "[unit]") {
  std::set<std::string> smoked;
  for (const FuzzTarget& target : fuzz_targets)
    smoked.insert(target.name);
  std::set<std::string> there;
  for (const auto& entry : fs::directory_iterator(fuzz_directory / "targets"))
    there.insert(entry.path().stem().string());
  CHECK(smoked == there);
  std::set<std::string> seeded;
  for (const auto& entry : fs::directory_iterator(fuzz_directory / "seeds"))
    seeded.insert(entry.path().filename().string());
  CHECK(smoked == seeded);
}
