#include "stores/spool.hpp"

#include <csignal>
#include <filesystem>
#include <thread>
#include <vector>

#include "tests/stores/directory_subject.hpp"
#include "tests/support/scoped_environment.hpp"
#include "tests/support/some_bytes.hpp"

#include <sys/resource.h>
#include <catch2/catch.hpp>

namespace fs = std::filesystem;
using Catch::Matchers::Contains;
using stores::Spool;
using tests::some_bytes;

namespace {

const std::string nowhere = "/nonexistent";

constexpr std::size_t mebibyte = std::size_t{1} << 20;

/// All that \a spool hands to a sink.
std::string replayed(const Spool& spool) {
  std::string bytes;
  spool.replay([&](std::string_view piece) { bytes += piece; });
  return bytes;
}

/// All that can be read from \a offset on, \a count at a time.
std::string read_from(const Spool& spool, std::int64_t offset,
                      std::size_t count) {
  std::string bytes;
  std::string piece(count, '\0');
  while (const std::size_t got = spool.read(offset, piece.data(), count)) {
    bytes.append(piece, 0, got);
    offset += static_cast<std::int64_t>(got);
  }
  return bytes;
}

void fill(Spool& spool, std::string_view bytes, std::size_t piece = 100003) {
  for (std::size_t at = 0; at < bytes.size(); at += piece)
    spool.append(bytes.substr(at, piece));
}

}  // namespace

TEST_CASE("a spool gives back what it was given, as often as asked", "[unit]") {
  const std::size_t size =
      GENERATE(0, 1, 1000, 1048575, 1048576, 1048577, 3000000);
  CAPTURE(size);
  const std::string bytes = some_bytes(size);
  Spool spool;
  fill(spool, bytes);
  CHECK(spool.size() == static_cast<std::int64_t>(size));
  CHECK((replayed(spool) == bytes));
  CHECK((replayed(spool) == bytes));
}

TEST_CASE("a spool is read from any place on", "[unit]") {
  const std::size_t size = GENERATE(5000, 2000000);
  const std::string bytes = some_bytes(size);
  Spool spool;
  fill(spool, bytes);
  CHECK((read_from(spool, 0, 4096) == bytes));
  CHECK((read_from(spool, 1234, 70001) == bytes.substr(1234)));
  CHECK(read_from(spool, spool.size(), 10).empty());
  CHECK(read_from(spool, spool.size() + 1, 10).empty());
}

TEST_CASE("a spool that was moved is all there", "[unit]") {
  const std::string bytes = some_bytes(2000000);
  Spool first;
  fill(first, bytes);
  const Spool second = std::move(first);
  CHECK((replayed(second) == bytes));
}

TEST_CASE("threads read one spool at the same time", "[unit]") {
  const std::string bytes = some_bytes(2000000);
  Spool spool;
  fill(spool, bytes);
  std::vector<std::string> seen(4);
  std::vector<std::thread> threads;
  for (std::size_t i = 0; i < seen.size(); ++i)
    threads.emplace_back([&, i] {
      seen[i] = i % 2 == 0 ? replayed(spool) : read_from(spool, 0, 30011);
    });
  for (std::thread& thread : threads)
    thread.join();
  for (const std::string& one : seen)
    CHECK((one == bytes));
}

TEST_CASE("a spool's file has no name that others could see", "[unit]") {
  const tests::TemporaryDirectory around;
  const tests::ScopedEnvironment environment({{"TMPDIR", around.path()}});
  Spool spool;
  fill(spool, some_bytes(2 * mebibyte));
  CHECK(fs::is_empty(around.path()));
  CHECK(replayed(spool).size() == 2 * mebibyte);
}

TEST_CASE("a spool of up to a mebibyte needs no file", "[unit]") {
  const tests::ScopedEnvironment environment({{"TMPDIR", nowhere}});
  Spool spool;
  fill(spool, std::string(mebibyte, 'x'));
  CHECK(replayed(spool).size() == mebibyte);
  CHECK_THROWS_AS(spool.append("x"), stores::ObjectError);
}

TEST_CASE("where no file can be made, the place is named", "[unit]") {
  const tests::ScopedEnvironment environment({{"TMPDIR", nowhere}});
  Spool spool;
  CHECK_THROWS_WITH(fill(spool, std::string(2 * mebibyte, 'x')),
                    Contains("it cannot be stored: ") &&
                        Contains("'/nonexistent'") &&
                        Contains("no such file or directory"));
}

TEST_CASE("a spool that has no room says so", "[unit]") {
  const int status = tests::in_child([] {
    std::signal(SIGXFSZ, SIG_IGN);
    const rlimit limit{2 * mebibyte, 2 * mebibyte};
    ::setrlimit(RLIMIT_FSIZE, &limit);
    Spool spool;
    try {
      fill(spool, std::string(3 * mebibyte, 'x'));
    } catch (const stores::ObjectError& error) {
      return std::string(error.what()).find("file too large") !=
                     std::string::npos
                 ? 0
                 : 2;
    }
    return 1;
  });
  CHECK(status == 0);
}
