// The container of a glTF 2.0 binary file: its JSON and one binary chunk.
#pragma once

#include "base/file.h"
#include "base/json.h"

namespace ptah {

constexpr uint32_t kGlbMagic = 0x46546C67, kGlbJsonChunk = 0x4E4F534A, kGlbBinaryChunk = 0x004E4942;
/// The file. `body` is a multiple of four bytes long.
Bytes glb_file(const Json& gltf, const Bytes& body);

}  // namespace ptah
