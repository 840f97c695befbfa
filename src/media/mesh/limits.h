// What every reader of meshes takes at most, and what it says of what it left out.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

namespace ptah {

/// Of a file, and of what it unpacks to (a file may use one mesh many times).
constexpr size_t kMaxMeshFileBytes = size_t{1} << 30;
constexpr size_t kMaxSceneVertices = size_t{1} << 24, kMaxSceneTriangles = size_t{1} << 25;

/// What a reader left out or guessed, a line each.
using SceneNotes = std::vector<std::string>;

}  // namespace ptah
