#include <cstddef>
#include <cstdint>
#include <string_view>

// What libFuzzer calls; one program for each target, which is named on the
// compiler's command line.
namespace fuzz {
void JANITOR_FUZZ_TARGET(std::string_view bytes);
}  // namespace fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes,
                                      std::size_t size) {
  fuzz::JANITOR_FUZZ_TARGET({reinterpret_cast<const char*>(bytes), size});
  return 0;
}
