#include "tensor/blocks.h"

namespace ptah {

const BlockLayout& layout_of(BlockType type) {
  static constexpr std::array<BlockLayout, kBlockTypes> kLayouts{{{"f32", 1, 4},
                                                                  {"f16", 1, 2},
                                                                  {"bf16", 1, 2},
                                                                  {"q4_0", 32, 18},
                                                                  {"q4_1", 32, 20},
                                                                  {"q5_0", 32, 22},
                                                                  {"q5_1", 32, 24},
                                                                  {"q8_0", 32, 34},
                                                                  {"q2_k", 256, 84},
                                                                  {"q3_k", 256, 110},
                                                                  {"q4_k", 256, 144},
                                                                  {"q5_k", 256, 176},
                                                                  {"q6_k", 256, 210},
                                                                  {"iq4_nl", 32, 18},
                                                                  {"iq4_xs", 256, 136}}};
  return kLayouts[static_cast<size_t>(type)];
}

std::optional<BlockType> block_type_by_name(std::string_view name) {
  for (int i = 0; i < kBlockTypes; ++i)
    if (layout_of(static_cast<BlockType>(i)).name == name) return static_cast<BlockType>(i);
  return {};
}

std::string block_type_names() {
  std::string names;
  for (int i = 0; i < kBlockTypes; ++i) names.append(i ? " " : "").append(layout_of(static_cast<BlockType>(i)).name);
  return names;
}

int64_t block_bytes(BlockType type, int64_t elements) {
  const BlockLayout& layout = layout_of(type);
  return elements / layout.elements * layout.bytes;
}

}  // namespace ptah
