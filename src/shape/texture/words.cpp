#include "shape/texture/words.h"

#include <algorithm>
#include <array>
#include <optional>

#include "base/text.h"
#include "shape/texture/patterns.h"

namespace ptah {

namespace {

struct Synonym {
  const char *word, *means;
};
constexpr auto kSynonyms = std::to_array<Synonym>({{"wooden", "wood"},
                                                   {"timber", "wood"},
                                                   {"oaken", "oak"},
                                                   {"lumber", "wood"},
                                                   {"plank", "planks"},
                                                   {"boards", "planks"},
                                                   {"parquet", "planks"},
                                                   {"floorboards", "planks"},
                                                   {"rock", "stone"},
                                                   {"rocks", "stone"},
                                                   {"rocky", "stone"},
                                                   {"stony", "stone"},
                                                   {"stones", "stone"},
                                                   {"bricks", "brick"},
                                                   {"brickwork", "brick"},
                                                   {"masonry", "brick"},
                                                   {"cobble", "cobblestone"},
                                                   {"cobbles", "cobblestone"},
                                                   {"cobblestones", "cobblestone"},
                                                   {"pebbles", "gravel"},
                                                   {"tile", "tiles"},
                                                   {"tiled", "tiles"},
                                                   {"cement", "concrete"},
                                                   {"stucco", "plaster"},
                                                   {"tarmac", "asphalt"},
                                                   {"earthenware", "terracotta"},
                                                   {"pottery", "terracotta"},
                                                   {"adobe", "clay"},
                                                   {"china", "porcelain"},
                                                   {"metallic", "metal"},
                                                   {"aluminum", "aluminium"},
                                                   {"golden", "gold"},
                                                   {"gilded", "gold"},
                                                   {"gilt", "gold"},
                                                   {"silvery", "silver"},
                                                   {"coppery", "copper"},
                                                   {"brazen", "brass"},
                                                   {"chromium", "chrome"},
                                                   {"stainless", "steel"},
                                                   {"fabric", "cloth"},
                                                   {"textile", "cloth"},
                                                   {"cotton", "cloth"},
                                                   {"jeans", "denim"},
                                                   {"burlap", "canvas"},
                                                   {"sackcloth", "canvas"},
                                                   {"silken", "silk"},
                                                   {"woollen", "wool"},
                                                   {"woolen", "wool"},
                                                   {"knitted", "wool"},
                                                   {"knit", "wool"},
                                                   {"hide", "leather"},
                                                   {"skin", "leather"},
                                                   {"furry", "fur"},
                                                   {"hair", "fur"},
                                                   {"scaly", "scales"},
                                                   {"reptile", "scales"},
                                                   {"dragon", "scales"},
                                                   {"lawn", "grass"},
                                                   {"turf", "grass"},
                                                   {"foliage", "leaf"},
                                                   {"leaves", "leaf"},
                                                   {"hay", "straw"},
                                                   {"thatch", "straw"},
                                                   {"magma", "lava"},
                                                   {"frozen", "ice"},
                                                   {"sandy", "sand"},
                                                   {"soil", "mud"},
                                                   {"earth", "mud"},
                                                   {"dirt", "mud"},
                                                   {"camo", "camouflage"},
                                                   {"lacquer", "paint"},
                                                   {"enamel", "paint"},
                                                   {"checkered", "checker"},
                                                   {"chequered", "checker"},
                                                   {"stripes", "striped"},
                                                   {"patina", "verdigris"},
                                                   {"crystal", "glass"},
                                                   {"skeleton", "bone"}});

/// What lies on top of another material, by the word for it and by the adjective.
struct Cover {
  const char *word, *material;
  float amount;
};
constexpr auto kCovers = std::to_array<Cover>({{"rusty", "rust", 0.5F},
                                               {"rusted", "rust", 0.65F},
                                               {"corroded", "rust", 0.7F},
                                               {"rust", "rust", 0.5F},
                                               {"mossy", "moss", 0.45F},
                                               {"moss", "moss", 0.45F},
                                               {"overgrown", "moss", 0.65F},
                                               {"snowy", "snow", 0.5F},
                                               {"snow-covered", "snow", 0.6F},
                                               {"snow", "snow", 0.5F},
                                               {"icy", "ice", 0.5F},
                                               {"frosted", "snow", 0.35F},
                                               {"dusty", "dust", 0.5F},
                                               {"dust", "dust", 0.5F},
                                               {"muddy", "mud", 0.5F},
                                               {"mud", "mud", 0.5F},
                                               {"dirty", "mud", 0.35F},
                                               {"sand", "sand", 0.4F},
                                               {"grassy", "grass", 0.5F}});

/// How a surface is: factors on what a material has.
struct Adjective {
  const char* word;
  float roughness, light, relief;
  SolidTexture texture;  ///< where the material has none of its own
};
using T = SolidTexture;
constexpr auto kAdjectives = std::to_array<Adjective>({{"polished", 0.35F, 1, 0.4F, T::none}, {"shiny", 0.4F, 1.03F, 0.6F, T::none},
                                                       {"glossy", 0.4F, 1, 0.6F, T::none},    {"smooth", 0.6F, 1, 0.3F, T::none},
                                                       {"wet", 0.35F, 0.72F, 0.8F, T::none},  {"rough", 1.35F, 1, 1.6F, T::none},
                                                       {"matte", 1.6F, 1, 1, T::none},        {"dull", 1.5F, 0.92F, 1, T::none},
                                                       {"raw", 1.25F, 1, 1.3F, T::none},      {"dry", 1.2F, 1.05F, 1, T::none},
                                                       {"dark", 1, 0.6F, 1, T::none},         {"deep", 1, 0.75F, 1, T::none},
                                                       {"light", 1, 1.3F, 1, T::none},        {"pale", 1, 1.35F, 1, T::none},
                                                       {"bright", 1, 1.2F, 1, T::none},       {"brushed", 1.1F, 1, 1, T::brushed},
                                                       {"hammered", 1, 1, 1, T::hammered},    {"beaten", 1, 1, 1, T::hammered},
                                                       {"woven", 1, 1, 1, T::cloth},          {"painted", 0.7F, 1, 1, T::paint},
                                                       {"cast", 1.3F, 0.9F, 1, T::concrete},  {"wrought", 1.2F, 0.9F, 1, T::hammered},
                                                       {"carved", 1, 1, 1.5F, T::none},       {"plain", 1, 1, 1, T::none},
                                                       {"coarse", 1.1F, 1, 1.5F, T::none},    {"fine", 1, 1, 0.7F, T::none}});

/// Words that wear a material: it gets what lies on such things.
constexpr auto kWorn = std::to_array<const char*>({"old", "ancient", "worn", "weathered", "aged", "antique"});
constexpr auto kIgnored =
    std::to_array<const char*>({"a",    "an",  "the",  "of",      "with",    "and",      "in",   "on",    "made",  "from",  "covered",  "by",     "very",
                                "some", "its", "like", "surface", "texture", "material", "wall", "floor", "fibre", "fiber", "coloured", "colored"});

/// Patterns that can be made of another material's stuff.
bool takes_stuff(SolidTexture texture) {
  return texture == T::brick || texture == T::tiles || texture == T::planks || texture == T::cobble || texture == T::gravel || texture == T::terrazzo ||
         texture == T::scales || texture == T::checker || texture == T::stripes || texture == T::camouflage || texture == T::paint || texture == T::granite;
}

template <class Table>
auto find_word(const Table& table, const std::string& word) {
  return std::find_if(table.begin(), table.end(), [&](const auto& entry) { return word == entry.word; });
}

/// Everything that a phrase says, sorted by what it is.
struct SaidMaterial {
  std::vector<Material> materials;
  std::optional<std::array<float, 3>> colour;
  std::vector<Cover> covers;
  std::vector<Adjective> adjectives;
  bool worn = false;
};

std::vector<std::string> words_of(const std::string& phrase) {
  std::vector<std::string> out;
  std::string word;
  for (const char c : lower_case(phrase) + " ") {
    if ((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '#' || c == '-') {
      word += c;
    } else if (static_cast<unsigned char>(c) >= 0x80) {
      word += c;
    } else if (!word.empty()) {
      out.push_back(std::move(word));
      word.clear();
    }
  }
  return out;
}

Result<SaidMaterial> read(const std::string& text) {
  SaidMaterial out;
  const std::vector<std::string> words = words_of(text);
  for (size_t i = 0; i < words.size(); ++i) {
    const std::string& word = words[i];
    if (std::find(kIgnored.begin(), kIgnored.end(), word) != kIgnored.end()) continue;
    if (std::find(kWorn.begin(), kWorn.end(), word) != kWorn.end()) {
      out.worn = true;
      continue;
    }
    if (const auto found = find_word(kAdjectives, word); found != kAdjectives.end()) {
      out.adjectives.push_back(*found);
      continue;
    }
    // A metal's name is its colour too: "gold" alone is the metal, "gold leather" is leather.
    const auto synonym = find_word(kSynonyms, word);
    const std::string name = synonym == kSynonyms.end() ? word : synonym->means;
    auto material = material_of(name);
    if (const auto found = find_word(kCovers, word); found != kCovers.end()) {
      // "snow" alone is a material; beside another one it lies on it.
      const bool noun = material.has_value() && word == found->material;
      if (!noun || words.size() > 1) {
        out.covers.push_back(*found);
        continue;
      }
    }
    if (material) {
      out.materials.push_back(std::move(*material));
    } else if (auto colour = colour_of(name)) {
      out.colour = *colour;
    } else {
      return unknown_name("word for a material", word, texture_words());
    }
  }
  return out;
}

SurfaceLayer layer_of(const char* material, float amount) {
  const Material m = *material_of(material);
  return {m.texture, m.albedo, m.roughness, m.metallic, amount};
}

Result<Material> base_of(SaidMaterial& phrase, const std::string& text) {
  auto& all = phrase.materials;
  if (all.empty() && !phrase.covers.empty()) {  // "mossy": what covers is all there is
    Material only = *material_of(phrase.covers.front().material);
    phrase.covers.erase(phrase.covers.begin());
    return only;
  }
  if (all.empty() && phrase.colour) return material_of("paint");
  if (all.empty())
    return fail(ErrorCode::invalid_argument, "'{}' names no material; some that are known: wood, marble, rusty iron, red brick, blue cloth", text);
  Material base = all.back();
  for (size_t i = 0; i + 1 < all.size(); ++i) {
    const Material& stuff = all[i];
    if (stuff.name == base.name) continue;
    if (const auto colour = colour_of(stuff.name); colour && !takes_stuff(base.texture)) {  // "gold leather"
      phrase.colour = *colour;
    } else if (takes_stuff(base.texture)) {
      base.albedo = stuff.albedo;
      base.roughness = stuff.roughness;
      base.metallic = stuff.metallic;
      base.name = stuff.name + " " + base.name;
    } else {
      return fail(ErrorCode::invalid_argument, "'{}' names two materials, {} and {}; take one of them", text, stuff.name, base.name);
    }
  }
  return base;
}

}  // namespace

Result<LayeredMaterial> material_by_words(const std::string& text) {
  if (text.size() > 400) return fail(ErrorCode::invalid_argument, "a phrase of {} bytes for a material; up to 400 are read", text.size());
  PTAH_TRY(SaidMaterial phrase, read(text));
  LayeredMaterial out;
  PTAH_TRY(out.base, base_of(phrase, text));
  if (phrase.colour) out.base.albedo = *phrase.colour;
  for (const Adjective& a : phrase.adjectives) {
    out.base.roughness = std::clamp(out.base.roughness * a.roughness, 0.03F, 1.0F);
    out.base.albedo = texture::lit(out.base.albedo, a.light);
    out.relief *= a.relief;
    if (a.texture != SolidTexture::none && out.base.texture == SolidTexture::none) out.base.texture = a.texture;
  }
  for (const Cover& cover : phrase.covers) out.layers.push_back(layer_of(cover.material, cover.amount));
  if (phrase.worn) {
    const bool rusts = out.base.name == "iron" || out.base.name == "steel" || out.base.name == "metal";
    const bool greens = out.base.name == "copper" || out.base.name == "bronze" || out.base.name == "brass";
    if (greens && out.base.texture == SolidTexture::none) out.base.texture = SolidTexture::patina;
    out.layers.push_back(layer_of(rusts ? "rust" : "dust", 0.3F));
    out.base.roughness = std::min(1.0F, out.base.roughness * 1.2F + 0.05F);
    out.relief *= 1.25F;
  }
  out.base.name = text;
  return out;
}

std::vector<std::string> texture_words() {
  std::vector<std::string> out = material_words();
  for (const std::string& word : colour_words()) out.push_back(word);
  for (const auto& s : kSynonyms) out.emplace_back(s.word);
  for (const auto& c : kCovers) out.emplace_back(c.word);
  for (const auto& a : kAdjectives) out.emplace_back(a.word);
  for (const char* w : kWorn) out.emplace_back(w);
  std::sort(out.begin(), out.end());
  out.erase(std::unique(out.begin(), out.end()), out.end());
  return out;
}

}  // namespace ptah
