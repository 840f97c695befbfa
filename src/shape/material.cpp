#include "shape/material.h"

#include <algorithm>

#include "base/text.h"

namespace ptah {

namespace {

struct ColourWord {
  const char* word;
  uint32_t rgb;
};
constexpr std::array<ColourWord, 24> kColours{{{"red", 0xC8322B},    {"orange", 0xE8822A}, {"yellow", 0xF2CB3A}, {"green", 0x3E8E4A}, {"blue", 0x2F66B8},
                                               {"purple", 0x7A45A8}, {"pink", 0xEE8FB2},   {"brown", 0x7B4B2A},  {"black", 0x1C1C1F}, {"white", 0xF2F1EC},
                                               {"gray", 0x8A8C90},   {"grey", 0x8A8C90},   {"beige", 0xDCCBA8},  {"cyan", 0x3FB8C4},  {"turquoise", 0x35B5A5},
                                               {"gold", 0xE2B33C},   {"silver", 0xC9CCD1}, {"cream", 0xF3E9CF},  {"navy", 0x22345E},  {"maroon", 0x6E1F2A},
                                               {"olive", 0x7C7B33},  {"teal", 0x1F7A7C},   {"violet", 0x8659C7}, {"tan", 0xC79F6F}}};

struct MaterialWord {
  const char* word;
  uint32_t rgb;
  float roughness, metallic, opacity;
  SolidTexture texture;
};
using T = SolidTexture;
constexpr auto kMaterials = std::to_array<MaterialWord>({{"plain", 0xCFCFCF, 0.6F, 0, 1, T::none},        {"wood", 0x9A6A3C, 0.6F, 0, 1, T::wood},
                                                         {"oak", 0xB98A56, 0.55F, 0, 1, T::wood},         {"pine", 0xD9B27C, 0.6F, 0, 1, T::wood},
                                                         {"walnut", 0x5E4029, 0.5F, 0, 1, T::wood},       {"birch", 0xE3CFA6, 0.6F, 0, 1, T::wood},
                                                         {"bark", 0x5B4430, 0.9F, 0, 1, T::bark},         {"bamboo", 0xD8BE74, 0.5F, 0, 1, T::wood},
                                                         {"stone", 0x8D8A84, 0.85F, 0, 1, T::stone},      {"granite", 0x6F6E70, 0.5F, 0, 1, T::granite},
                                                         {"concrete", 0xA3A19C, 0.9F, 0, 1, T::concrete}, {"plaster", 0xE6E0D3, 0.9F, 0, 1, T::concrete},
                                                         {"marble", 0xE9E6E1, 0.25F, 0, 1, T::marble},    {"brick", 0xA04A36, 0.9F, 0, 1, T::brick},
                                                         {"clay", 0xB5653F, 0.85F, 0, 1, T::none},        {"ceramic", 0xF0EDE6, 0.2F, 0, 1, T::none},
                                                         {"porcelain", 0xF6F5F2, 0.12F, 0, 1, T::none},   {"tiles", 0xD5DADB, 0.25F, 0, 1, T::tiles},
                                                         {"metal", 0xA9ADB2, 0.35F, 1, 1, T::none},       {"steel", 0xB6BABF, 0.25F, 1, 1, T::none},
                                                         {"iron", 0x55575B, 0.55F, 1, 1, T::none},        {"chrome", 0xD8DADD, 0.06F, 1, 1, T::none},
                                                         {"brass", 0xC9A24B, 0.3F, 1, 1, T::none},        {"bronze", 0x8C6239, 0.4F, 1, 1, T::none},
                                                         {"copper", 0xC06C46, 0.3F, 1, 1, T::none},       {"gold", 0xE6B84A, 0.2F, 1, 1, T::none},
                                                         {"silver", 0xD5D7DA, 0.2F, 1, 1, T::none},       {"rust", 0x8A4B2B, 0.9F, 0.3F, 1, T::rust},
                                                         {"plastic", 0xE0E0E0, 0.35F, 0, 1, T::none},     {"rubber", 0x242427, 0.85F, 0, 1, T::none},
                                                         {"glass", 0xCFE4E8, 0.05F, 0, 0.35F, T::none},   {"ice", 0xBFE0F0, 0.1F, 0, 0.6F, T::ice},
                                                         {"cloth", 0xB9B2A6, 0.95F, 0, 1, T::cloth},      {"velvet", 0x7A2E3B, 0.95F, 0, 1, T::cloth},
                                                         {"leather", 0x6B4226, 0.55F, 0, 1, T::leather},  {"paper", 0xF4F1E6, 0.9F, 0, 1, T::none},
                                                         {"wax", 0xF1E7CF, 0.5F, 0, 1, T::none},          {"leaf", 0x4C8A3A, 0.7F, 0, 1, T::none},
                                                         {"grass", 0x5E9A40, 0.95F, 0, 1, T::grass},      {"light", 0xFFF3D2, 0.6F, 0, 1, T::none},
                                                         {"mahogany", 0x6E3425, 0.4F, 0, 1, T::wood},     {"ebony", 0x2E2622, 0.35F, 0, 1, T::wood},
                                                         {"cherry", 0x9A5436, 0.45F, 0, 1, T::wood},      {"maple", 0xD9B07A, 0.45F, 0, 1, T::wood},
                                                         {"teak", 0xA87545, 0.5F, 0, 1, T::wood},         {"cedar", 0xB2714A, 0.6F, 0, 1, T::wood},
                                                         {"driftwood", 0xA59C8F, 0.9F, 0, 1, T::wood},    {"planks", 0x9C7146, 0.65F, 0, 1, T::planks},
                                                         {"cork", 0xB98A5E, 0.9F, 0, 1, T::granite},      {"straw", 0xD9BE6C, 0.9F, 0, 1, T::fur},
                                                         {"sandstone", 0xCDAA76, 0.9F, 0, 1, T::stone},   {"limestone", 0xCFC7B2, 0.9F, 0, 1, T::stone},
                                                         {"slate", 0x4C545B, 0.75F, 0, 1, T::stone},      {"basalt", 0x3C3C3E, 0.85F, 0, 1, T::stone},
                                                         {"obsidian", 0x141318, 0.06F, 0, 1, T::none},    {"jade", 0x4FA67A, 0.2F, 0, 1, T::marble},
                                                         {"malachite", 0x1F7F56, 0.25F, 0, 1, T::marble}, {"alabaster", 0xF1E9DC, 0.3F, 0, 1, T::marble},
                                                         {"terrazzo", 0xE0D9CC, 0.3F, 0, 1, T::terrazzo}, {"cobblestone", 0x7F7B75, 0.9F, 0, 1, T::cobble},
                                                         {"gravel", 0x8B867E, 0.95F, 0, 1, T::gravel},    {"terracotta", 0xBE6B43, 0.85F, 0, 1, T::concrete},
                                                         {"asphalt", 0x3A3A3C, 0.95F, 0, 1, T::granite},  {"sand", 0xD8BF8A, 0.95F, 0, 1, T::sand},
                                                         {"mud", 0x5A4431, 0.85F, 0, 1, T::mud},          {"snow", 0xF3F6FA, 0.7F, 0, 1, T::snow},
                                                         {"moss", 0x55712C, 1.0F, 0, 1, T::moss},         {"lava", 0x2A1A16, 0.9F, 0, 1, T::lava},
                                                         {"aluminium", 0xC9CCCF, 0.3F, 1, 1, T::brushed}, {"titanium", 0x9A9790, 0.35F, 1, 1, T::brushed},
                                                         {"platinum", 0xD6D3CC, 0.18F, 1, 1, T::none},    {"lead", 0x6C7077, 0.6F, 1, 1, T::none},
                                                         {"tin", 0xBFC2C4, 0.4F, 1, 1, T::brushed},       {"pewter", 0x85888B, 0.45F, 1, 1, T::hammered},
                                                         {"verdigris", 0xA5714B, 0.45F, 1, 1, T::patina}, {"denim", 0x34527D, 0.95F, 0, 1, T::cloth},
                                                         {"linen", 0xD8CDB8, 0.95F, 0, 1, T::cloth},      {"silk", 0xC9B0C0, 0.35F, 0, 1, T::cloth},
                                                         {"wool", 0xBFB4A2, 1.0F, 0, 1, T::knit},         {"canvas", 0xC8BB9E, 0.95F, 0, 1, T::cloth},
                                                         {"suede", 0x8A6748, 0.98F, 0, 1, T::fur},        {"fur", 0x7D5B3C, 0.95F, 0, 1, T::fur},
                                                         {"scales", 0x3F7A53, 0.4F, 0, 1, T::scales},     {"bone", 0xE4DBC4, 0.55F, 0, 1, T::concrete},
                                                         {"ivory", 0xF2EAD6, 0.3F, 0, 1, T::none},        {"camouflage", 0x6B7145, 0.9F, 0, 1, T::camouflage},
                                                         {"carbon", 0x26272A, 0.3F, 0, 1, T::carbon},     {"paint", 0xC8322B, 0.3F, 0, 1, T::paint},
                                                         {"chocolate", 0x4A2A1A, 0.35F, 0, 1, T::none},   {"coral", 0xE8795F, 0.8F, 0, 1, T::concrete},
                                                         {"dust", 0xB7A88F, 0.97F, 0, 1, T::dust},        {"checker", 0x2A2A2C, 0.5F, 0, 1, T::checker},
                                                         {"striped", 0xB8342E, 0.6F, 0, 1, T::stripes}});

std::array<float, 3> parts_of(uint32_t rgb) {
  return {static_cast<float>(rgb >> 16 & 255) / 255, static_cast<float>(rgb >> 8 & 255) / 255, static_cast<float>(rgb & 255) / 255};
}

}  // namespace

const std::vector<std::string>& colour_words() {
  static const std::vector<std::string> words = [] {
    std::vector<std::string> out;
    for (const ColourWord& c : kColours) out.emplace_back(c.word);
    return out;
  }();
  return words;
}

Result<std::array<float, 3>> colour_of(const std::string& word) {
  if (word.size() == 7 && word[0] == '#' && word.find_first_not_of("0123456789abcdefABCDEF", 1) == std::string::npos)
    return parts_of(static_cast<uint32_t>(std::stoul(word.substr(1), nullptr, 16)));
  const auto found = std::find_if(kColours.begin(), kColours.end(), [&](const ColourWord& c) { return word == c.word; });
  if (found == kColours.end()) return unknown_name("colour", word, colour_words());
  return parts_of(found->rgb);
}

const std::vector<std::string>& material_words() {
  static const std::vector<std::string> words = [] {
    std::vector<std::string> out;
    for (const MaterialWord& m : kMaterials) out.emplace_back(m.word);
    return out;
  }();
  return words;
}

Result<Material> material_of(const std::string& word) {
  const auto found = std::find_if(kMaterials.begin(), kMaterials.end(), [&](const MaterialWord& m) { return word == m.word; });
  if (found == kMaterials.end()) return unknown_name("material", word, material_words());
  Material out;
  out.name = word;
  out.albedo = parts_of(found->rgb);
  out.roughness = found->roughness;
  out.metallic = found->metallic;
  out.opacity = found->opacity;
  out.texture = found->texture;
  if (word == "light") out.emission = out.albedo;
  return out;
}

}  // namespace ptah
