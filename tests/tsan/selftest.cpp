// Proves that ThreadSanitizer still sees races in the bodies of a pipeline,
// although the order of much of what they do is declared (pipeline_order.cpp).
//
//     tsan-selftest race    must be reported
//     tsan-selftest clean   must not be

#include <tbb/global_control.h>
#include <tbb/parallel_pipeline.h>
#include <tbb/task_arena.h>

#include <atomic>
#include <cstdio>
#include <memory>
#include <string_view>
#include <thread>

namespace {

constexpr int threads = 4;
constexpr int tokens = 100;

// A thread that came first waits for another: else one thread might do all the
// work, and there would be no race to be found.
void wait_for_another(std::atomic<int>& arrived) {
  arrived += 1;
  while (arrived < 2)
    std::this_thread::yield();
}

// What the caller, a serial filter and its tokens hand on is in order; what the
// bodies of the parallel filter do to `sum` is, if Sum is atomic.
template <typename Sum>
long add_up() {
  using Token = std::shared_ptr<int>;
  std::atomic<int> arrived{0};
  int made = 0;
  Sum sum{0};
  tbb::parallel_pipeline(
      threads,
      tbb::make_filter<void, Token>(tbb::filter_mode::serial_in_order,
                                    [&](tbb::flow_control& flow) -> Token {
                                      if (made == tokens)
                                        flow.stop();
                                      else
                                        made += 1;
                                      return std::make_shared<int>(made);
                                    }) &
          tbb::make_filter<Token, void>(tbb::filter_mode::parallel,
                                        [&](const Token& token) {
                                          wait_for_another(arrived);
                                          sum += *token;
                                          *token = 0;
                                        }));
  return made + sum;
}

}  // namespace

int main(int argc, char** argv) {
  const tbb::global_control width(tbb::global_control::max_allowed_parallelism,
                                  threads);
  const bool race = argc > 1 && std::string_view(argv[1]) == "race";
  // In an arena, as in the programs: its making and its end are libtbb's own.
  tbb::task_arena(threads).execute([race] {
    std::printf("%ld\n", race ? add_up<long>() : add_up<std::atomic<long>>());
  });
}
