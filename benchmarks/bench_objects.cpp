// Fills a bucket and empties it again, as the program does and as its bounds
// do.  The server is AWS_ENDPOINT_URL_S3, the user AWS_ACCESS_KEY_ID.
//
//   bench-objects fill   BUCKET OBJECTS [CONCURRENCY]
//   bench-objects remove BUCKET OBJECTS [CONCURRENCY [KEYS_A_REQUEST]]
//   bench-objects flood  BUCKET OBJECTS [CONCURRENCY [KEYS_A_REQUEST]]
//                 OBJECTS: how many, or "-": the paths of standard input
//   bench-objects is-empty BUCKET         exit status 1: it is not
//   bench-objects delay  URL MILLISECONDS a proxy before that server; prints
//                                         its own URL, then serves
//   bench-objects sink                    a server that answers at once; same

#include "benchmarks/bench_objects.hpp"

#include <fmt/format.h>
#include <sys/resource.h>

#include <cstdint>
#include <cstdlib>
#include <exception>
#include <iostream>

#include "stores/s3_client.hpp"
#include "stores/s3_xml.hpp"
#include "telemetry/log.hpp"

namespace bench {
namespace {

using stores::ObjectKey;

double seconds_of(const timeval& time) {
  return static_cast<double>(time.tv_sec) +
         static_cast<double>(time.tv_usec) / 1e6;
}

bool is_empty(const std::string& bucket) {
  const stores::HttpAnswer answer = client_of(bucket)->send(
      {.method = "GET", .query = {{"list-type", "2"}, {"max-keys", "1"}}});
  return answer.status == 200 &&
         !stores::read_text(answer.body, "ListBucketResult/Contents/Key");
}

Order order_of(const std::vector<std::string>& words) {
  Order order{.bucket = words[1], .objects = {}};
  if (words[2] != "-")
    order.objects = std::stoul(words[2]);
  if (words.size() > 3)
    order.concurrency = std::stoul(words[3]);
  if (words.size() > 4)
    order.keys = std::stoul(words[4]);
  return order;
}

int obey(const std::vector<std::string>& words) {
  const std::string verb = words.empty() ? "" : words[0];
  if (verb == "fill" && words.size() >= 3)
    fill(order_of(words));
  else if (verb == "flood" && words.size() >= 3)
    flood(order_of(words));
  else if (verb == "remove" && words.size() >= 3)
    remove(order_of(words));
  else if (verb == "is-empty" && words.size() == 2)
    return is_empty(words[1]) ? 0 : 1;
  else if (verb == "delay" && words.size() == 3)
    serve_delay(words[1], std::chrono::milliseconds(std::stol(words[2])));
  else if (verb == "sink")
    serve_sink();
  else
    die("usage: bench-objects fill|remove|flood|is-empty|delay|sink ...");
  return 0;
}

}  // namespace

void die(const std::string& why) {
  std::cerr << "bench-objects: " << why << '\n';
  std::_Exit(1);
}

std::optional<ObjectKey> Keys::one() {
  if (objects_ && handed_out_ >= *objects_)
    return std::nullopt;
  if (objects_) {
    const auto number = static_cast<std::int64_t>(handed_out_);
    return stores::artifact_key(number % 5000 + 1, 1000000 + number, number,
                                "code_coverage.json");
  }
  std::string path;
  if (!std::getline(std::cin, path))
    return std::nullopt;
  const std::size_t slash = path.rfind('/');
  return ObjectKey{path.substr(0, slash), path.substr(slash + 1)};
}

std::shared_ptr<Batch> Keys::next(std::size_t most) {
  const std::lock_guard lock(mutex_);
  auto batch = std::make_shared<Batch>();
  while (batch->size() < most) {
    std::optional<ObjectKey> key = one();
    if (!key)
      break;
    batch->push_back(std::move(*key));
    ++handed_out_;
  }
  return batch->empty() ? nullptr : batch;
}

void Measure::note(const std::string& name, double value) {
  notes_ += fmt::format("{} {:.6g}\n", name, value);
}

void Measure::print(std::size_t objects) {
  const double seconds =
      std::chrono::duration<double>(Clock::now() - began_).count();
  rusage used{};
  getrusage(RUSAGE_SELF, &used);
  note("objects", static_cast<double>(objects));
  note("seconds", seconds);
  note("objects_s", static_cast<double>(objects) / seconds);
  note("cpu", seconds_of(used.ru_utime) + seconds_of(used.ru_stime));
  note("peak_mib", static_cast<double>(used.ru_maxrss) / 1024);
  std::cout << notes_;
}

}  // namespace bench

int main(int argc, char* argv[]) {
  telemetry::set_up_log(telemetry::LogFormat::text, "error", "");
  try {
    return bench::obey({argv + 1, argv + argc});
  } catch (const std::exception& error) {
    bench::die(error.what());
  }
}
