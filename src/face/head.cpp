#include "face/head.h"

#include <algorithm>
#include <cmath>

#include "base/json.h"
#include "face/head_map.h"
#include "face/skin_paint.h"
#include "face/strands.h"
#include "models/people.h"

namespace ptah {

namespace {

constexpr float kMetres = 0.1F;  ///< of a decimetre
constexpr int kJpegQuality = 92;

/// Materials and pictures, as they are added.
class HeadMaterials {
 public:
  explicit HeadMaterials(MeshScene& scene) : scene_(scene) {}

  Result<int32_t> picture(const char* name, const Image& image, bool with_alpha) {
    PTAH_TRY(Bytes bytes, with_alpha ? encode_png(image) : encode_jpeg(image, kJpegQuality));
    scene_.images.push_back({name, with_alpha ? "image/png" : "image/jpeg", std::move(bytes)});
    return static_cast<int32_t>(scene_.images.size() - 1);
  }
  uint32_t add(SceneMaterial material) {
    scene_.materials.push_back(std::move(material));
    return static_cast<uint32_t>(scene_.materials.size() - 1);
  }

 private:
  MeshScene& scene_;
};

std::array<float, 4> linear_colour(const SrgbColour& colour, float alpha = 1) {
  return {linear_of(colour[0]), linear_of(colour[1]), linear_of(colour[2]), alpha};
}

/// Puts parts into a scene, in metres, with what the face's actions do to them.
class HeadBuilder {
 public:
  HeadBuilder(const PeopleData& data, const Person& person, std::vector<Vec3> positions) : person_(person), rest_(std::move(positions)) {
    for (const std::string_view action : kFaceActions) {
      acted_.push_back(rest_);
      data.actions.at(std::string(action)).add_to(acted_.back(), 1);
    }
  }

  void set_ground(float ground) { ground_ = ground; }
  Vec3 metres(const Vec3& p) const { return {p[0] * kMetres, (p[1] - ground_) * kMetres, (p[2] - kHeadAxisZ) * kMetres}; }

  /// `all`: every action is a target, whether the part moves or not.
  void add(const HeadPart& part, uint32_t material, bool all = false) {
    if (part.triangles.empty()) return;
    const auto at = placed(part, rest_);
    const auto normals = part_normals(part, at);
    SceneMesh mesh;
    mesh.path = part.name;
    mesh.material = material;
    mesh.uvs = part.uvs;
    mesh.mesh.triangles = part.triangles;
    mesh.mesh.normals = normals;
    for (const Vec3& p : at) mesh.mesh.positions.push_back(metres(p));
    std::vector<SceneMorph> morphs;
    for (size_t i = 0; i < kFaceActions.size(); ++i) {
      SceneMorph morph = morph_of(part, i, at, normals);
      if (all || !morph.vertices.empty()) morphs.push_back(std::move(morph));
    }
    out_.scene.meshes.push_back(std::move(mesh));
    out_.morphs.push_back(std::move(morphs));
  }

  MorphedScene& scene() { return out_; }

 private:
  SceneMorph morph_of(const HeadPart& part, size_t action, const std::vector<Vec3>& at, const std::vector<Vec3>& normals) const {
    SceneMorph out;
    out.name = kFaceActions[action];
    if (const auto found = person_.actions.find(out.name); found != person_.actions.end()) out.weight = found->second;
    const auto moved = placed(part, acted_[action]);
    if (std::all_of(moved.begin(), moved.end(), [&, i = size_t{0}](const Vec3& p) mutable { return length(p - at[i++]) < 1e-5F; })) return out;
    const auto turned = part_normals(part, moved);
    const bool turns = part.fixed_normals.empty();
    for (uint32_t v = 0; v < moved.size(); ++v) {
      const Vec3 offset = moved[v] - at[v], turn = turned[v] - normals[v];
      if (length(offset) < 1e-4F && length(turn) < 4e-3F) continue;
      out.vertices.push_back(v);
      out.positions.push_back(offset * kMetres);
      if (turns) out.normals.push_back(turn);
    }
    return out;
  }

  const Person& person_;
  std::vector<Vec3> rest_;
  std::vector<std::vector<Vec3>> acted_;
  float ground_ = 0;
  MorphedScene out_;
};

Result<uint32_t> skin_material(HeadMaterials& materials, const PeopleData& data, const HeadPart& skin, const Person& person, int64_t texels) {
  const SkinTextures painted = paint_skin(data, skin, person, texels);
  SceneMaterial out;
  out.name = "skin";
  out.roughness = 1, out.metallic = 0;
  PTAH_TRY(out.base_color_texture.image, materials.picture("skin", painted.colour, false));
  PTAH_TRY(out.normal_texture.image, materials.picture("skin normals", painted.normals, false));
  PTAH_TRY(out.metallic_roughness_texture.image, materials.picture("skin roughness", painted.roughness, false));
  return materials.add(std::move(out));
}

SceneMaterial plain_material(const char* name, const SrgbColour& colour, float roughness) {
  SceneMaterial out;
  out.name = name;
  out.base_color = linear_colour(colour);
  out.roughness = roughness;
  return out;
}

Result<uint32_t> painted_material(HeadMaterials& materials, const char* name, const Image& image, float roughness, bool cut_out) {
  SceneMaterial out;
  out.name = name;
  out.roughness = roughness;
  PTAH_TRY(out.base_color_texture.image, materials.picture(name, image, cut_out));
  if (cut_out) out.alpha_mode = AlphaMode::mask, out.alpha_cutoff = 0.3F, out.double_sided = true;
  return materials.add(std::move(out));
}

float lowest(const HeadPart& part, const std::vector<Vec3>& positions) {
  float out = 1e9F;
  for (const Vec3& p : placed(part, positions)) out = std::min(out, p[1]);
  return out;
}

}  // namespace

Result<Head> make_head(const PeopleData& data, const Person& person, const HeadOptions& options) {
  const auto positions = person_positions(data, person);
  HeadBuilder builder(data, person, positions);
  MorphedScene& scene = builder.scene();
  scene.scene.name = "person";
  HeadMaterials materials(scene.scene);
  const HeadPart skin = skin_part(data), shirt = shirt_part(data);
  builder.set_ground(std::min(lowest(skin, positions), lowest(shirt, positions)));
  PTAH_TRY(const uint32_t skin_look, skin_material(materials, data, skin, person, options.texels));
  PTAH_TRY(const uint32_t eye_look, painted_material(materials, "eyes", paint_eye(person, 256), 0.1F, false));
  PTAH_TRY(const uint32_t teeth_look, painted_material(materials, "teeth", paint_teeth(256), 0.25F, false));
  PTAH_TRY(const uint32_t lash_look, painted_material(materials, "lashes", paint_lashes(256), 0.8F, true));
  const Image hair_picture = paint_hair(person, 128);
  PTAH_TRY(const uint32_t hair_look, painted_material(materials, "hair", hair_picture, 0.48F, true));
  const uint32_t mouth_look = materials.add(plain_material("mouth", {0.36F, 0.15F, 0.15F}, 0.5F));
  const uint32_t tongue_look = materials.add(plain_material("tongue", {0.66F, 0.34F, 0.34F}, 0.4F));
  SceneMaterial cloth = plain_material("shirt", person.shirt_colour, 0.9F);
  cloth.double_sided = true;
  const uint32_t shirt_look = materials.add(std::move(cloth));
  builder.add(skin, skin_look, true);
  builder.add(mouth_part(data), mouth_look);
  builder.add(teeth_part(data), teeth_look);
  builder.add(tongue_part(data), tongue_look);
  builder.add(eye_part(data, true), eye_look);
  builder.add(eye_part(data, false), eye_look);
  builder.add(lashes_part(data), lash_look);
  builder.add(eyebrows_part(data, skin, person, positions), hair_look);
  builder.add(beard_part(data, skin, person, positions), hair_look);
  builder.add(hair_part(data, skin, shirt, person, positions), hair_look);
  builder.add(shirt, shirt_look);
  const GlassesParts glasses = glasses_parts(data, person, positions);
  if (!glasses.frame.triangles.empty()) {
    builder.add(glasses.frame, materials.add(plain_material("glasses", {0.10F, 0.08F, 0.08F}, 0.3F)));
    SceneMaterial glass = plain_material("lenses", {0.95F, 0.96F, 0.97F}, 0.05F);
    glass.base_color[3] = 0.08F;
    glass.alpha_mode = AlphaMode::blend;
    builder.add(glasses.lenses, materials.add(std::move(glass)));
  }
  const auto near = [&](const Vec3& place) {
    uint32_t best = 0;
    for (uint32_t v = 0; v < data.base.size(); ++v)
      if (length(data.base[v] - place) < length(data.base[best] - place)) best = v;
    return builder.metres(positions[best]);
  };
  Head out;
  out.eyes = (near({0.31F, 7.28F, 1.39F}) + near({-0.31F, 7.28F, 1.39F})) * 0.5F;
  out.chin = near({0, 6.17F, 1.35F});
  out.top = near({0, 8.49F, 0.5F});
  const Json places{{"head", {{"chin", out.chin}, {"top", out.top}}}};
  scene.scene.meshes.front().extras = places.dump();
  out.scene = std::move(scene);
  return out;
}

}  // namespace ptah
