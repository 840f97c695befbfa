#include "shape/reconstruction/field_texture.h"

#include <algorithm>
#include <cmath>

#include "base/parallel.h"
#include "shape/texture/bake.h"

namespace ptah {

namespace {

constexpr uint32_t kNoTriangle = 0xFFFFFFFFU;

/// The place on the plane of a triangle that a texel's middle shows.
Vec3 place_of(const AtlasMesh& mesh, const Triangle& t, int64_t texel, int64_t texels) {
  const auto edge = static_cast<float>(texels);
  const Vec2 &a = mesh.uvs[t[0]], &b = mesh.uvs[t[1]], &c = mesh.uvs[t[2]];
  const float u = (static_cast<float>(texel % texels) + 0.5F) / edge, v = (static_cast<float>(texel / texels) + 0.5F) / edge;
  const float e1 = b[0] - a[0], f1 = b[1] - a[1], e2 = c[0] - a[0], f2 = c[1] - a[1], du = u - a[0], dv = v - a[1];
  const float area = e1 * f2 - e2 * f1;  // not 0: such triangles own no texel
  const float second = (du * f2 - dv * e2) / area, third = (e1 * dv - f1 * du) / area;
  return mesh.positions[t[0]] * (1 - second - third) + mesh.positions[t[1]] * second + mesh.positions[t[2]] * third;
}

uint8_t texel_byte(float v) { return static_cast<uint8_t>(std::lround(std::clamp(std::isfinite(v) ? v : 0.0F, 0.0F, 1.0F) * 255)); }

Result<Image> painted(const TriplaneField& field, const AtlasMesh& mesh, int64_t texels, const ProgressCallback& progress, const CancelToken* cancel) {
  int64_t inside = 0;
  const std::vector<uint32_t> owner = texel_owners(mesh.uvs, mesh.triangles, texels, kBakedRings, inside);
  Image out = make_image(texels, texels);
  std::fill(out.rgba.begin(), out.rgba.end(), uint8_t{255});
  std::vector<int64_t> shown;
  for (size_t i = 0; i < owner.size(); ++i)
    if (owner[i] != kNoTriangle) shown.push_back(static_cast<int64_t>(i));
  constexpr size_t kBatch = size_t{1} << 16;
  std::array<double, 3> sum{};
  std::vector<Vec3> places;
  for (size_t begin = 0; begin < shown.size(); begin += kBatch) {
    if (cancel) PTAH_TRY_VOID(cancel->check());
    if (progress) progress({"texture", static_cast<double>(begin) / static_cast<double>(shown.size()), -1});
    const size_t end = std::min(shown.size(), begin + kBatch);
    places.resize(end - begin);
    parallel_for(static_cast<int64_t>(places.size()), 64, [&](int64_t from, int64_t to) {
      for (int64_t i = from; i < to; ++i) {
        const int64_t texel = shown[begin + static_cast<size_t>(i)];
        places[static_cast<size_t>(i)] = place_of(mesh, mesh.triangles[owner[static_cast<size_t>(texel)]], texel, texels);
      }
    });
    const Tensor numbers = field.at(places);
    for (size_t i = 0; i < places.size(); ++i) {
      const Vec3 colour = field_colour(numbers.data<float>() + i * 4);
      uint8_t* to = out.rgba.data() + shown[begin + i] * 4;
      for (size_t c = 0; c < 3; ++c) {
        to[c] = texel_byte(colour[c]);
        sum[c] += to[c];
      }
    }
  }
  // What shows nothing has the mean of the rest, which small mip levels mix in.
  const auto count = static_cast<double>(std::max<size_t>(shown.size(), 1));
  for (size_t i = 0; i < owner.size(); ++i)
    if (owner[i] == kNoTriangle)
      for (size_t c = 0; c < 3; ++c) out.rgba[i * 4 + c] = static_cast<uint8_t>(std::lround(sum[c] / count));
  return out;
}

}  // namespace

Result<TexturedMesh> field_textured(const TriplaneField& field, const Mesh& mesh, int64_t texels, const ProgressCallback& progress, const CancelToken* cancel) {
  if (progress) progress({"unwrap", 0, -1});
  PTAH_TRY(const UvMap map, unwrap(mesh, {.resolution = texels, .margin = std::max<int64_t>(2, texels / 256)}, cancel));
  const AtlasMesh atlas = atlas_mesh({mesh.positions, vertex_normals(mesh), mesh.triangles}, map);
  PTAH_TRY(const Image picture, painted(field, atlas, texels, progress, cancel));
  TexturedMesh out;
  PTAH_TRY(out.texture_png, encode_png(picture));
  out.positions = atlas.positions;
  out.normals = atlas.normals;
  out.uvs = atlas.uvs;
  out.triangles = atlas.triangles;
  return out;
}

}  // namespace ptah
