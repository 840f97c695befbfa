#include <algorithm>
#include <cmath>
#include <numbers>

#include "media/image.h"
#include "media/mesh/gltf_parts.h"

namespace ptah {

namespace {

constexpr size_t kMaxName = 256;

std::string name_of(const Json& object) { return text_at(object, "name").substr(0, kMaxName); }

/// Reads pictures once each, and only those that a material uses.
class ImageReader {
 public:
  ImageReader(const GltfDocument& document, NoteList& notes) : document_(document), notes_(notes), index_(document.size("images"), kUnread) {}

  /// The index among `images`, or -1 with a note.
  int32_t read(size_t image) {
    const Json& entry = document_.entry("images", image);
    if (index_[image] != kUnread) return index_[image];
    index_[image] = -1;
    SceneImage out = load(entry);
    if (out.mime.empty()) {
      notes_.add("a texture that is neither PNG, JPEG nor WebP is left out");
      return -1;
    }
    images.push_back(std::move(out));
    return index_[image] = static_cast<int32_t>(images.size() - 1);
  }

  /// The mean of the red of a picture, 0 to 1; 1 with a note if it cannot be decoded.
  float mean_red(size_t image) {
    const auto picture = decode_image(load(document_.entry("images", image)).bytes);
    if (!picture) {
      notes_.add(fmt::format("a texture cannot be decoded: {}", picture.error().message));
      return 1;
    }
    double sum = 0;
    for (size_t i = 0; i < picture->rgba.size(); i += 4) sum += picture->rgba[i];
    return static_cast<float>(sum / 255 / (static_cast<double>(picture->rgba.size()) / 4));
  }
  std::vector<SceneImage> images;

 private:
  SceneImage load(const Json& entry) {
    SceneImage out{name_of(entry), {}, {}};
    if (const auto view = gltf_index(entry, "bufferView")) {
      const std::span<const uint8_t> bytes = document_.view(*view);
      out.bytes.assign(bytes.begin(), bytes.end());
    } else {
      out.bytes = document_.resource(text_at(entry, "uri"));
    }
    out.mime = picture_mime(out.bytes);
    total_ += out.bytes.size();
    if (total_ > kMaxMeshFileBytes) throw Failure({ErrorCode::over_budget, "glTF: more than 1 GiB of pictures"});
    return out;
  }

  static constexpr int32_t kUnread = -2;
  const GltfDocument& document_;
  NoteList& notes_;
  std::vector<int32_t> index_;
  size_t total_ = 0;
};

TextureWrap wrap_of(const Json& sampler, const char* key) {
  const size_t wrap = gltf_index(sampler, key).value_or(10497);
  return wrap == 33071 ? TextureWrap::clamp : wrap == 33648 ? TextureWrap::mirror : TextureWrap::repeat;
}

/// KHR_texture_transform: offset · rotation · scale.
std::array<double, 6> transform_of(const Json& extension) {
  double offset[2] = {0, 0}, scale[2] = {1, 1};
  gltf_numbers(extension, "offset", offset);
  gltf_numbers(extension, "scale", scale);
  const double angle = gltf_number(extension, "rotation", 0), c = std::cos(angle), s = std::sin(angle);
  return {c * scale[0], s * scale[1], offset[0], -s * scale[0], c * scale[1], offset[1]};
}

class MaterialReader {
 public:
  MaterialReader(const GltfDocument& document, NoteList& notes) : images(document, notes), document_(document), notes_(notes) {}

  std::pair<SceneMaterial, UvUse> read(const Json& json) {
    SceneMaterial m;
    use_ = {};
    m.name = name_of(json);
    const Json &pbr = gltf_member(json, "pbrMetallicRoughness"), &extensions = gltf_member(json, "extensions");
    color(pbr, "baseColorFactor", m.base_color);
    m.metallic = std::clamp(gltf_number(pbr, "metallicFactor", 1), 0.0F, 1.0F);
    m.roughness = std::clamp(gltf_number(pbr, "roughnessFactor", 1), 0.0F, 1.0F);
    m.base_color_texture = texture(pbr, "baseColorTexture");
    m.metallic_roughness_texture = texture(pbr, "metallicRoughnessTexture");
    if (const Json& old = gltf_member(extensions, "KHR_materials_pbrSpecularGlossiness"); !old.is_null()) {
      notes_.add("specular-glossiness materials became rough ones of their diffuse colour");
      color(old, "diffuseFactor", m.base_color);
      m.base_color_texture = texture(old, "diffuseTexture");
      m.roughness = 1 - std::clamp(gltf_number(old, "glossinessFactor", 1), 0.0F, 1.0F);
      m.metallic = 0;
    }
    m.normal_texture = texture(json, "normalTexture");
    m.normal_scale = gltf_number(gltf_member(json, "normalTexture"), "scale", 1);
    m.occlusion_texture = texture(json, "occlusionTexture");
    m.emissive_texture = texture(json, "emissiveTexture");
    std::array<float, 3> emission{0, 0, 0};
    color(json, "emissiveFactor", emission);
    m.emission = emission;
    m.emission_strength = std::clamp(gltf_number(gltf_member(extensions, "KHR_materials_emissive_strength"), "emissiveStrength", 1), 0.0F, 1e6F);
    const std::string alpha = text_at(json, "alphaMode");
    m.alpha_mode = alpha == "BLEND" ? AlphaMode::blend : alpha == "MASK" ? AlphaMode::mask : AlphaMode::opaque;
    if (m.alpha_mode != AlphaMode::blend && m.alpha_mode != AlphaMode::mask) m.base_color[3] = 1;
    m.alpha_cutoff = gltf_number(json, "alphaCutoff", 0.5F);
    m.transmission = transmission(gltf_member(extensions, "KHR_materials_transmission"));
    const Json& sides = gltf_member(json, "doubleSided");
    m.double_sided = sides.is_boolean() && sides.get<bool>();
    if (extensions.is_object())
      for (const auto& [name, value] : extensions.items())
        if (name != "KHR_materials_emissive_strength" && name != "KHR_materials_pbrSpecularGlossiness" && name != "KHR_materials_transmission")
          notes_.add(fmt::format("{} of a material is left out", name.substr(0, 100)));
    return {m, use_};
  }
  ImageReader images;

 private:
  template <size_t N>
  static void color(const Json& json, const char* key, std::array<float, N>& out) {
    double values[N];
    if (!gltf_numbers(json, key, values)) return;
    for (size_t i = 0; i < N; ++i) out[i] = static_cast<float>(std::clamp(values[i], 0.0, 1.0));
  }

  /// KHR_materials_transmission; a texture of it counts by its mean.
  float transmission(const Json& extension) {
    const float factor = std::clamp(gltf_number(extension, "transmissionFactor", 0), 0.0F, 1.0F);
    const auto index = gltf_index(gltf_member(extension, "transmissionTexture"), "index");
    if (factor == 0 || !index) return factor;
    const auto source = source_of(document_.entry("textures", *index));
    if (!source) return factor;
    notes_.add("a texture of how much light goes through became its mean");
    return factor * images.mean_red(*source);
  }

  /// The picture of a texture; none, with a note, if it is in a format that is not read.
  std::optional<size_t> source_of(const Json& texture) {
    auto source = gltf_index(gltf_member(gltf_member(texture, "extensions"), "EXT_texture_webp"), "source");
    if (!source) source = gltf_index(texture, "source");
    if (!source) notes_.add("a texture that is neither PNG, JPEG nor WebP is left out");
    return source;
  }

  SceneTexture texture(const Json& material, const char* key) {
    SceneTexture out;
    const Json& info = gltf_member(material, key);
    const auto index = gltf_index(info, "index");
    if (!index) return out;
    const Json& json = document_.entry("textures", *index);
    const auto source = source_of(json);
    if (!source) return out;
    out.image = images.read(*source);
    if (out.image < 0) return out;
    if (const auto sampler = gltf_index(json, "sampler")) {
      const Json& how = document_.entry("samplers", *sampler);
      out.wrap_u = wrap_of(how, "wrapS");
      out.wrap_v = wrap_of(how, "wrapT");
      out.nearest = gltf_index(how, "magFilter").value_or(9729) == 9728;
    }
    UvUse use{gltf_index(info, "texCoord").value_or(0), UvUse().transform, true};
    if (const Json& moved = gltf_member(gltf_member(info, "extensions"), "KHR_texture_transform"); !moved.is_null()) {
      use.transform = transform_of(moved);
      if (const auto set = gltf_index(moved, "texCoord")) use.set = *set;
    }
    if (!use_.textured) use_ = use;
    if (use_.set != use.set || use_.transform != use.transform) {
      notes_.add("a texture with other texture coordinates than the first one of its material is left out");
      return {};
    }
    return out;
  }

  const GltfDocument& document_;
  NoteList& notes_;
  UvUse use_;
};

}  // namespace

GltfMaterials read_gltf_materials(const GltfDocument& document, NoteList& notes) {
  GltfMaterials out;
  MaterialReader reader(document, notes);
  for (size_t i = 0; i < document.size("materials"); ++i) {
    auto [material, use] = reader.read(document.entry("materials", i));
    if (material.name.empty()) material.name = fmt::format("material {}", i + 1);
    out.materials.push_back(std::move(material));
    out.uvs.push_back(use);
  }
  out.images = std::move(reader.images.images);
  return out;
}

}  // namespace ptah
