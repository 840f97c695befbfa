#include "media/mesh/write/scene_colours.h"

#include <algorithm>
#include <cmath>

namespace ptah {

namespace {

constexpr std::array<float, 4> kWhite{1, 1, 1, 1};

int64_t wrapped(int64_t at, int64_t size, TextureWrap wrap) {
  if (wrap == TextureWrap::clamp) return std::clamp<int64_t>(at, 0, size - 1);
  const int64_t turn = wrap == TextureWrap::mirror ? 2 * size : size, rest = ((at % turn) + turn) % turn;
  return rest < size ? rest : turn - 1 - rest;
}

std::array<float, 4> texel(const Image& picture, int64_t x, int64_t y) {
  const uint8_t* p = picture.at(x, y);
  std::array<float, 4> out{};
  for (size_t c = 0; c < 4; ++c) out[c] = static_cast<float>(p[c]) / 255;
  for (size_t c = 0; c < 3; ++c) out[c] = linear_of(out[c]);
  return out;
}

/// Bilinear, in linear light.
std::array<float, 4> sample(const Image& picture, const SceneTexture& texture, const Vec2& uv) {
  const float u = std::clamp(uv[0], -1e6F, 1e6F) * static_cast<float>(picture.width) - 0.5F,
              v = std::clamp(uv[1], -1e6F, 1e6F) * static_cast<float>(picture.height) - 0.5F;
  const float left = std::floor(u), top = std::floor(v);
  std::array<float, 4> out{};
  for (int i = 0; i < 4; ++i) {
    const float weight = (i % 2 ? u - left : 1 - u + left) * (i / 2 ? v - top : 1 - v + top);
    const auto colour = texel(picture, wrapped(static_cast<int64_t>(left) + i % 2, picture.width, texture.wrap_u),
                              wrapped(static_cast<int64_t>(top) + i / 2, picture.height, texture.wrap_v));
    for (size_t c = 0; c < 4; ++c) out[c] += weight * colour[c];
  }
  return out;
}

}  // namespace

SceneColours::SceneColours(const MeshScene& scene, NoteList& notes) : scene_(scene) {
  for (const SceneMaterial& m : scene.materials) {
    plain_ = plain_ && m.base_color == kWhite;
    const int32_t image = m.base_color_texture.image;
    if (image < 0 || static_cast<size_t>(image) >= scene.images.size() || pictures_.contains(image)) continue;
    auto picture = decode_image(scene.images[static_cast<size_t>(image)].bytes);
    if (picture)
      pictures_[image] = std::move(*picture);
    else
      notes.add(fmt::format("a texture cannot be decoded: {}", picture.error().message));
  }
  plain_ = plain_ && pictures_.empty();
  for (const SceneMesh& m : scene.meshes)
    plain_ = plain_ && std::all_of(m.colours.begin(), m.colours.end(), [](const auto& colour) { return colour == kWhite; });
}

std::array<float, 4> SceneColours::at(const SceneMesh& mesh, const Triangle& triangle, const Vec3& weights) const {
  const SceneMaterial& material = scene_.materials[mesh.material];
  std::array<float, 4> out = material.base_color;
  if (const auto picture = pictures_.find(material.base_color_texture.image); picture != pictures_.end() && !mesh.uvs.empty()) {
    Vec2 uv{};
    for (size_t i = 0; i < 3; ++i)
      for (size_t c = 0; c < 2; ++c) uv[c] += weights[i] * mesh.uvs[triangle[i]][c];
    const auto colour = sample(picture->second, material.base_color_texture, uv);
    for (size_t c = 0; c < 4; ++c) out[c] *= colour[c];
  }
  if (!mesh.colours.empty())
    for (size_t c = 0; c < 4; ++c) {
      float sum = 0;
      for (size_t i = 0; i < 3; ++i) sum += weights[i] * mesh.colours[triangle[i]][c];
      out[c] *= sum;
    }
  if (material.alpha_mode == AlphaMode::opaque && !mesh.uvs.empty()) out[3] = material.base_color[3];
  return out;
}

std::array<uint8_t, 4> srgb8(const std::array<float, 4>& linear) {
  std::array<uint8_t, 4> out{};
  for (size_t c = 0; c < 4; ++c) out[c] = static_cast<uint8_t>(std::floor(std::clamp(c < 3 ? srgb_of(linear[c]) : linear[c], 0.0F, 1.0F) * 255 + 0.5F));
  return out;
}

Result<PlainPicture> png_or_jpeg(const SceneImage& image) {
  if (image.mime != "image/webp") return PlainPicture{image.bytes, image.mime == "image/png" ? "png" : "jpg"};
  PTAH_TRY(const Image picture, decode_image(image.bytes));
  PTAH_TRY(Bytes png, encode_png(picture));
  return PlainPicture{std::move(png), "png"};
}

Result<void> check_scene(const MeshScene& scene) {
  if (scene.meshes.empty()) return fail(ErrorCode::invalid_argument, "a scene without meshes");
  for (const SceneMesh& m : scene.meshes) {
    const size_t count = m.mesh.positions.size();
    const auto fits = [count](size_t size) { return size == 0 || size == count; };
    bool whole =
        !m.mesh.triangles.empty() && m.mesh.normals.size() == count && fits(m.uvs.size()) && fits(m.colours.size()) && m.material < scene.materials.size();
    for (const Triangle& t : m.mesh.triangles) whole = whole && t[0] < count && t[1] < count && t[2] < count;
    if (!whole) return fail(ErrorCode::invalid_argument, "the mesh '{}' is not complete", m.path);
  }
  return {};
}

}  // namespace ptah
