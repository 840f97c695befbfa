#include <algorithm>
#include <cmath>

#include "media/append_value.h"
#include "media/splat/splat_checks.h"

namespace ptah {

Result<Bytes> encode_splat_ply(const std::vector<Splat>& splats) {
  PTAH_TRY_VOID(check_splats(splats));
  std::string header = fmt::format("ply\nformat binary_little_endian 1.0\ncomment Ptah; units: metres, +Y down\nelement vertex {}\n", splats.size());
  std::vector<std::string> names{"x", "y", "z", "nx", "ny", "nz", "f_dc_0", "f_dc_1", "f_dc_2"};
  for (int i = 0; i < 9; ++i) names.push_back(fmt::format("f_rest_{}", i));
  for (const char* name : {"opacity", "scale_0", "scale_1", "scale_2", "rot_0", "rot_1", "rot_2", "rot_3"}) names.emplace_back(name);
  for (const std::string& name : names) header += "property float " + name + "\n";
  header += "end_header\n";
  Bytes out(header.begin(), header.end());
  out.reserve(out.size() + splats.size() * names.size() * 4);
  for (const Splat& s : splats) {
    // Turned by 180° about x: y and z change their signs, and with them two of the harmonics.
    append_value(out, Vec3{s.at[0], -s.at[1], -s.at[2]});
    append_value(out, Vec3{});
    append_value(out, s.harmonics[0]);
    for (size_t c = 0; c < 3; ++c) append_value(out, Vec3{-s.harmonics[1][c], -s.harmonics[2][c], s.harmonics[3][c]});
    const float opacity = std::clamp(s.opacity, 1e-4F, 1 - 1e-4F);
    append_value(out, std::log(opacity / (1 - opacity)));
    for (const float scale : s.scale) append_value(out, std::log(std::max(scale, 1e-9F)));
    // (x, y, z, w) after the turn (1, 0, 0, 0), which comes first in the product; written w first.
    const auto& [x, y, z, w] = s.turn;
    append_value(out, std::array<float, 4>{-x, w, -z, y});
  }
  return out;
}

}  // namespace ptah
