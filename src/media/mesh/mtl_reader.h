// Wavefront MTL: the materials of an OBJ.
#pragma once

#include "media/mesh/scene_builder.h"

namespace ptah {

class MtlReader {
 public:
  MtlReader(MeshScene& scene, const NeighbourFiles& files, NoteList& notes) : scene_(scene), files_(files), notes_(notes) {}
  /// Reads a library; what it lacks is a note.
  void read_library(const std::string& name);
  /// The index of a material; one that no library has is white.
  uint32_t material(const std::string& name);

 private:
  void read(std::string_view text);
  void property(SceneMaterial& material, std::string_view word, std::string_view rest);
  void texture(SceneTexture& out, std::string_view rest);

  MeshScene& scene_;
  const NeighbourFiles& files_;
  NoteList& notes_;
  std::map<std::string, uint32_t> materials_;
  std::map<std::string, int32_t> images_;
  std::set<std::string> libraries_;
};

}  // namespace ptah
