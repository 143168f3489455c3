// Proves that ThreadSanitizer still sees races in the bodies that oneTBB runs,
// although reports that come from inside oneTBB are suppressed.
//
//     tsan-selftest race    must be reported
//     tsan-selftest clean   must not be

#include <tbb/global_control.h>
#include <tbb/parallel_for.h>

#include <atomic>
#include <cstdio>
#include <string_view>
#include <thread>

namespace {

constexpr int threads = 4;

// Both wait until a second thread has come: else one thread might do all the
// work, and there would be no race to be found.
void wait_for_another(std::atomic<int>& arrived) {
  arrived += 1;
  while (arrived < 2)
    std::this_thread::yield();
}

long count_with_race() {
  std::atomic<int> arrived{0};
  long sum = 0;
  tbb::parallel_for(0, threads, [&](int) {
    wait_for_another(arrived);
    for (int i = 0; i < 1000; ++i)
      sum += 1;
  }, tbb::simple_partitioner());
  return sum;
}

long count_cleanly() {
  std::atomic<int> arrived{0};
  std::atomic<long> sum{0};
  tbb::parallel_for(0, threads, [&](int) {
    wait_for_another(arrived);
    for (int i = 0; i < 1000; ++i)
      sum += 1;
  }, tbb::simple_partitioner());
  return sum;
}

}  // namespace

int main(int argc, char** argv) {
  const tbb::global_control width(
      tbb::global_control::max_allowed_parallelism, threads);
  const bool race = argc > 1 && std::string_view(argv[1]) == "race";
  std::printf("%ld\n", race ? count_with_race() : count_cleanly());
}
