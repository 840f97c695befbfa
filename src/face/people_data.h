// The data of parametric people: a mesh of a body, the shapes that it may take, and the actions of its face.
#pragma once

#include <filesystem>
#include <map>
#include <memory>
#include <string>

#include "geometry/mesh.h"
#include "media/image.h"

namespace ptah {

/// Moves some vertices.
struct SparseOffsets {
  std::vector<uint32_t> vertices;  ///< growing
  std::vector<Vec3> offsets;
  void add_to(std::vector<Vec3>& positions, float amount) const;
};

/// A face of four corners of the mesh.
struct PeopleFace {
  std::array<uint32_t, 4> vertices, uvs;
};

/// Positions are in decimetres (10 cm), +Y up, front +Z, as the community's files have them.
struct PeopleData {
  std::vector<Vec3> base;
  std::vector<Vec2> uvs;                                  ///< of the files: origin at the lower left
  std::map<std::string, std::vector<PeopleFace>> groups;  ///< "body", "helper-l-eye" …
  std::map<std::string, SparseOffsets> shapes;            ///< "macrodetails/african-female-old", "nose/nose-base-up" … (models/people.h)
  std::map<std::string, SparseOffsets> actions;           ///< "jawOpen" …
  Image lips, eyelids, mouth, ears;                       ///< by the uvs of the files: white where the skin is that
  std::vector<std::filesystem::path> files;               ///< that were read
  std::string name;                                       ///< of the folder

  /// A pulled model's folder (`ptah pull people`). Errors: not_found, corrupt; messages name the file.
  static Result<std::shared_ptr<const PeopleData>> load(const std::filesystem::path& folder);
};

/// The parts of PeopleData in a Wavefront OBJ file of quadrilaterals. Errors: corrupt.
Result<void> read_people_mesh(std::string_view text, PeopleData& to);
/// One or several files of offsets ("INDEX X Y Z" a line, growing; where an index falls, the next begins; one alone may be empty) by their names. Errors:
/// corrupt (also for another number than there are names, and for indices from `vertices` on).
Result<std::map<std::string, SparseOffsets>> read_offsets(std::string_view text, const std::vector<std::string>& names, size_t vertices);
/// The same of files that are compressed one by one (gzip).
Result<std::map<std::string, SparseOffsets>> read_packed_offsets(std::span<const uint8_t> bytes, const std::vector<std::string>& names, size_t vertices);

}  // namespace ptah
