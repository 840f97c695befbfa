#include "media/glb_container.h"

#include "media/append_value.h"

namespace ptah {

Bytes glb_file(const Json& gltf, const Bytes& body) {
  std::string text = gltf.dump();
  while (text.size() % 4) text += ' ';
  Bytes glb;
  glb.reserve(28 + text.size() + body.size());
  for (const uint32_t word : {kGlbMagic, 2U, static_cast<uint32_t>(12 + 8 + text.size() + 8 + body.size()), static_cast<uint32_t>(text.size()), kGlbJsonChunk})
    append_value(glb, word);
  glb.insert(glb.end(), text.begin(), text.end());
  append_value(glb, static_cast<uint32_t>(body.size()));
  append_value(glb, kGlbBinaryChunk);
  glb.insert(glb.end(), body.begin(), body.end());
  return glb;
}

}  // namespace ptah
