// libFuzzer targets, one a parser: PTAH_FUZZ_TARGET chooses.
#include <cstdint>
#include <cstring>
#include <memory>

#include "base/json.h"
#include "media/mesh.h"
#include "media/picture.h"
#include "text/vocabulary.h"
#include "weights/safetensors.h"

using namespace ptah;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::span<const uint8_t> bytes(data, size);
  const std::string_view text(reinterpret_cast<const char*>(data), size);
#if PTAH_FUZZ_TARGET == 0
  auto copy = std::make_shared<std::vector<uint64_t>>(size / 8 + 1);
  std::memcpy(copy->data(), data, size);
  const auto file = parse_safetensors({reinterpret_cast<const uint8_t*>(copy->data()), size}, copy);
  if (file)
    for (const auto& [name, tensor] : file->tensors)
      if (tensor.bytes()) (void)static_cast<const volatile uint8_t*>(tensor.raw())[tensor.bytes() - 1];
#elif PTAH_FUZZ_TARGET == 1
  (void)decode_png(bytes);
  (void)png_text(bytes, "ptah-receipt");
#elif PTAH_FUZZ_TARGET == 2
  (void)decode_jpeg(bytes);
#elif PTAH_FUZZ_TARGET == 3
  (void)decode_webp(bytes);
#elif PTAH_FUZZ_TARGET == 4
  (void)glb_json(bytes);
#elif PTAH_FUZZ_TARGET == 5
  const auto json = parse_json(text);
  if (json) (void)canonical_json(*json);
#elif PTAH_FUZZ_TARGET == 6
  const auto vocabulary = Vocabulary::parse(text);
  if (vocabulary) (void)vocabulary->encode(text, 64);
#endif
  return 0;
}
