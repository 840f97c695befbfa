#include "media/mesh/mtl_reader.h"

#include <algorithm>
#include <cmath>

#include "base/text.h"
#include "media/glb_scene.h"
#include "media/mesh/scan.h"

namespace ptah {

namespace {

constexpr size_t kMaxMaterials = 65536, kMaxLibraries = 64;

float number(std::string_view& rest, float usual) { return float_of(next_word(rest)).value_or(usual); }

std::array<float, 3> colour(std::string_view rest) {
  std::array<float, 3> out{};
  out[0] = std::clamp(number(rest, 0), 0.0F, 1.0F);
  for (size_t i = 1; i < 3; ++i) out[i] = std::clamp(number(rest, out[0]), 0.0F, 1.0F);  // one number is a grey
  for (float& c : out) c = linear_of(c);
  return out;
}

}  // namespace

void MtlReader::read_library(const std::string& name) {
  if (libraries_.size() >= kMaxLibraries || !libraries_.insert(name).second) return;
  const auto bytes = files_ ? files_(name) : fail(ErrorCode::not_found, "no folder");
  if (!bytes) {
    notes_.add(fmt::format("the materials '{}' cannot be read", path_level(name, "")));
    return;
  }
  read({reinterpret_cast<const char*>(bytes->data()), bytes->size()});
}

uint32_t MtlReader::material(const std::string& name) {
  const auto found = materials_.find(name);
  if (found != materials_.end()) return found->second;
  if (scene_.materials.size() >= kMaxMaterials) throw Failure({ErrorCode::over_budget, fmt::format("OBJ: more than {} materials", kMaxMaterials)});
  const auto index = static_cast<uint32_t>(scene_.materials.size());
  materials_[name] = index;
  SceneMaterial made;
  made.name = path_level(name, "default");
  scene_.materials.push_back(made);
  return index;
}

void MtlReader::read(std::string_view text) {
  uint32_t current = ~0U;
  size_t at = 0;
  while (at < text.size()) {
    std::string_view line = next_line(text, at);
    const std::string_view word = next_word(line);
    if (word == "newmtl")
      current = material(std::string(trimmed(line)));
    else if (current != ~0U && !word.empty() && word[0] != '#')
      property(scene_.materials[current], word, line);
  }
}

void MtlReader::property(SceneMaterial& m, std::string_view word, std::string_view rest) {
  if (word == "Kd") {
    if (m.base_color_texture.image >= 0) return;
    const auto c = colour(rest);
    std::copy(c.begin(), c.end(), m.base_color.begin());
  } else if (word == "d" || word == "Tr") {
    if (trimmed(rest).starts_with("-halo")) next_word(rest);
    const float value = std::clamp(number(rest, word == "d" ? 1.0F : 0.0F), 0.0F, 1.0F);
    m.base_color[3] = word == "d" ? value : 1 - value;
  } else if (word == "Ns") {
    m.roughness = std::sqrt(2 / (std::max(number(rest, 0), 0.0F) + 2));
  } else if (word == "Pr") {
    m.roughness = std::clamp(number(rest, 1), 0.0F, 1.0F);
  } else if (word == "Pm") {
    m.metallic = std::clamp(number(rest, 0), 0.0F, 1.0F);
  } else if (word == "Ke") {
    m.emission = colour(rest);
  } else if (word == "map_Kd") {
    texture(m.base_color_texture, rest);
    if (m.base_color_texture.image >= 0) std::fill_n(m.base_color.begin(), 3, 1.0F);
  } else if (word == "map_Ke") {
    texture(m.emissive_texture, rest);
    if (m.emissive_texture.image >= 0) m.emission = {1, 1, 1};
  } else if (word == "norm") {
    texture(m.normal_texture, rest);
  } else if (word.starts_with("map_") || word == "bump" || word == "disp" || word == "refl") {
    notes_.add(fmt::format("'{}' of materials is left out", path_level(std::string(word), "")));
  }
}

void MtlReader::texture(SceneTexture& out, std::string_view rest) {
  // Options before the name: -s, -o and -t take up to three numbers, -mm two, all others one word.
  rest = trimmed(rest);
  while (rest.starts_with('-')) {
    const std::string_view option = next_word(rest);
    const size_t max_numbers = option == "-s" || option == "-o" || option == "-t" ? 3 : option == "-mm" ? 2 : 0;
    if (max_numbers == 0) {
      const std::string_view value = next_word(rest);
      if (option == "-clamp" && value == "on") out.wrap_u = out.wrap_v = TextureWrap::clamp;
    } else {
      notes_.add(fmt::format("the option {} of textures is left out", option));
    }
    for (size_t i = 0; i < max_numbers; ++i) {
      std::string_view ahead = rest;
      if (!float_of(next_word(ahead))) break;
      rest = ahead;
    }
    rest = trimmed(rest);
  }
  const std::string name(rest);
  const auto [found, added] = images_.emplace(name, -1);
  if (added) {
    auto bytes = files_ ? files_(name) : fail(ErrorCode::not_found, "no folder");
    const std::string mime = bytes ? picture_mime(*bytes) : "";
    if (mime.empty()) {
      notes_.add(fmt::format("the texture '{}' cannot be read", path_level(name, "")));
    } else {
      found->second = static_cast<int32_t>(scene_.images.size());
      scene_.images.push_back({"", mime, std::move(*bytes)});
    }
  }
  out.image = found->second;
}

}  // namespace ptah
