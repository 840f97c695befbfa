// A model part of a 3MF package, as its XML has it.
#pragma once

#include <map>
#include <optional>

#include "media/mesh/gltf_parts.h"

namespace ptah {

struct ThreeMfModel {
  static constexpr uint32_t kNone = ~uint32_t{0};

  struct Face {
    Triangle corners{};
    uint32_t group = kNone;                                   ///< of properties
    std::array<uint32_t, 3> properties{kNone, kNone, kNone};  ///< of each corner, in the group
  };
  struct Reference {
    std::string path;  ///< of another model part; empty for this one
    uint32_t object = 0;
    Matrix4 transform = identity4();
  };
  struct Object {
    std::string name, type;
    std::vector<Vec3> positions;
    std::vector<Face> faces;
    std::vector<Reference> components;
  };
  enum class Kind { base, colour, texture };
  struct Group {
    Kind kind = Kind::base;
    std::vector<std::array<float, 4>> colours;  ///< linear
    std::vector<std::string> names;             ///< of base materials
    std::vector<Vec2> uvs;
    uint32_t texture = kNone;
  };
  struct Texture {
    std::string path;
    TextureWrap wrap_u = TextureWrap::repeat, wrap_v = TextureWrap::repeat;
  };

  double metres_per_unit = 0.001;
  std::map<uint32_t, Object> objects;
  std::map<uint32_t, Group> groups;
  std::map<uint32_t, Texture> textures;
  std::vector<Reference> items;  ///< of the build
};

/// Throws Failure: corrupt, unsupported, over_budget.
ThreeMfModel read_3mf_model(std::string_view xml, NoteList& notes);

}  // namespace ptah
