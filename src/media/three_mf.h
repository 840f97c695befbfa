// 3MF: solids with colours, for printers.
#pragma once

#include "base/error.h"
#include "base/file.h"
#include "geometry/mesh.h"

namespace ptah {

/// sRGB, 8 bits.
using Colour8 = std::array<uint8_t, 4>;

struct ThreeMfBody {
  std::string name;
  Mesh mesh;                     ///< metres, y up; written in millimetres, z up
  std::vector<uint32_t> colour;  ///< of each triangle, an index of colours
  Vec3 place = {};               ///< where the body stands, of its item in the file
  std::string object = {};       ///< of assembled bodies: the object that it is a component of; empty: that of the title
};

/// A package after the 3MF core specification 1.2 with the materials extension 1.1 (one colour group); `on_floor`: all together stand on z = 0, in six digits,
/// else nothing is lost. `assembled`: bodies of one object, which follow each other, are its components, which printers move as one. The same bodies give the
/// same bytes. Errors: invalid_argument.
Result<Bytes> encode_3mf(const std::string& title, const std::vector<Colour8>& colours, const std::vector<ThreeMfBody>& bodies, bool on_floor = true,
                         bool assembled = false);

}  // namespace ptah
