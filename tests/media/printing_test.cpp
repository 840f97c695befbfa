// An STL stands as printers have it.
#include <gtest/gtest.h>

#include <cstring>

#include "geometry/mesh.h"
#include "media/mesh_files.h"

namespace ptah {

TEST(Printing, AnStlIsZUpAndStandsOnZero) {
  // A tetrahedron 0.1 m high (+Y), whose front (+Z) corner is marked by its depth of 0.03.
  Mesh mesh{{{0, 0.05F, 0}, {-0.02F, -0.05F, 0}, {0.02F, -0.05F, 0}, {0, -0.05F, 0.03F}}, {{0, 1, 3}, {0, 3, 2}, {0, 2, 1}, {1, 2, 3}}};
  const double before = inspect(mesh).volume;
  const Mesh turned = for_printing(mesh);
  EXPECT_GT(before, 0);
  EXPECT_NEAR(inspect(turned).volume, before, 1e-9) << "not mirrored";
  float low = 1, high = -1;
  for (const Vec3& p : turned.positions) low = std::min(low, p[2]), high = std::max(high, p[2]);
  EXPECT_EQ(low, 0);
  EXPECT_FLOAT_EQ(high, 0.1F);
  EXPECT_FLOAT_EQ(turned.positions[3][1], -0.03F) << "the front looks along -Y";
  const Bytes stl = encode_stl(turned);
  float z = 0;
  std::memcpy(&z, stl.data() + 84 + 12 + 8, 4);  // of the first corner, in millimetres
  EXPECT_FLOAT_EQ(z, 100);
}

}  // namespace ptah
