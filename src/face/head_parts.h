// The parts of a head as meshes whose vertices follow those of the data, whatever shape these take.
#pragma once

#include <functional>
#include <string>

#include "face/people_data.h"

namespace ptah {

/// A place that moves with up to four vertices of the data's mesh: offset + Σ weight · vertex.
struct HeadAnchor {
  std::array<uint32_t, 4> of{};
  std::array<float, 4> weight{};
  Vec3 offset{};
  Vec3 at(const std::vector<Vec3>& positions) const {
    Vec3 out = offset;
    for (size_t i = 0; i < 4; ++i)
      if (weight[i] != 0) out = out + positions[of[i]] * weight[i];
    return out;
  }
};

struct HeadPart {
  std::string name;
  std::vector<HeadAnchor> vertices;
  std::vector<uint32_t> surface;  ///< one a vertex: the same for those that are one place on either side of a texture's seam
  std::vector<Vec2> uvs;          ///< origin at the texture's upper left
  std::vector<Vec2> source_uvs;   ///< of the skin: those of the data
  std::vector<Triangle> triangles;
  std::vector<Vec3> fixed_normals;  ///< of strands: those of the surface that they lie on; empty: those of the triangles
};
/// Where the vertices of a part are.
std::vector<Vec3> placed(const HeadPart& part, const std::vector<Vec3>& positions);
/// Smooth normals of a part whose vertices are at `at`.
std::vector<Vec3> part_normals(const HeadPart& part, const std::vector<Vec3>& at);

/// The skin of head and neck above the shirt, with the uvs of skin_uv(), and the inside of the mouth.
HeadPart skin_part(const PeopleData& data);
HeadPart mouth_part(const PeopleData& data);
HeadPart shirt_part(const PeopleData& data);
/// Both rows of teeth: v runs from the edges (0) to the gums (1); u along the row, upper ones in the left half.
HeadPart teeth_part(const PeopleData& data);
HeadPart tongue_part(const PeopleData& data);
/// All four rows of eyelashes: v from the lid (0) to the tips (1).
HeadPart lashes_part(const PeopleData& data);
/// Balls; their texture is seen from the front: the pupil in the middle, edge at kEyeEdge degrees from it.
inline constexpr float kEyeEdge = 112;
HeadPart eye_part(const PeopleData& data, bool left);

}  // namespace ptah
