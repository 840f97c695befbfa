// A libFuzzer target: PTAH_FUZZ_TARGET names the function of parsers.cpp that gets its input.
#include <cstdint>
#include <span>

void PTAH_FUZZ_TARGET(std::span<const uint8_t> bytes);

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  PTAH_FUZZ_TARGET({data, size});
  return 0;
}
