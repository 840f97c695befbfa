// Solid textures, materials by words, and maps that are baked of them.
#include <gtest/gtest.h>

#include <cmath>
#include <random>

#include "base/parallel.h"
#include "geometry/primitives.h"
#include "shape/texture/textured_scene.h"
#include "shape/texture/words.h"

namespace ptah {
namespace {

float light(const SurfaceSample& s) { return (s.albedo[0] + s.albedo[1] + s.albedo[2]) / 3; }

TEST(SolidTextures, EveryMaterialIsWithinBoundsAndFadesWhenFine) {
  std::mt19937 random(5);
  std::uniform_real_distribution<float> at(-2, 2);
  for (const std::string& word : material_words()) {
    SCOPED_TRACE(word);
    const LayeredMaterial material{value_or_throw(material_of(word)), {}, 1};
    double sum[2]{}, squares[2]{};
    constexpr int kSamples = 600;
    for (int i = 0; i < kSamples; ++i) {
      const Vec3 p{at(random), at(random), at(random)}, n = normalized({at(random), at(random), at(random)});
      for (const int far : {0, 1}) {
        const SurfaceSample s = sample_material(material, p, n, far ? 20.0F : 1e-4F);
        for (const float v : s.albedo) {
          EXPECT_GE(v, 0);
          EXPECT_LE(v, 1);
        }
        EXPECT_GE(s.roughness, 0.03F);
        EXPECT_LE(s.roughness, 1);
        EXPECT_GE(s.metallic, 0);
        EXPECT_LE(s.metallic, 1);
        EXPECT_LT(std::abs(s.height), 0.1F);
        sum[far] += static_cast<double>(light(s));
        squares[far] += static_cast<double>(light(s)) * static_cast<double>(light(s));
      }
    }
    const double near = squares[0] / kSamples - std::pow(sum[0] / kSamples, 2), far = squares[1] / kSamples - std::pow(sum[1] / kSamples, 2);
    if (uniform(material)) {
      EXPECT_LT(near, 1e-9);
    } else {
      EXPECT_GT(near, 1e-7) << "a pattern is seen";
      EXPECT_LE(far, near * 1.05 + 1e-6) << "what is finer than a texel does not flicker";
    }
  }
}

TEST(SolidTextures, SnowLiesOnTop) {
  const LayeredMaterial snowy = value_or_throw(material_by_words("snowy stone"));
  double up = 0, down = 0;
  for (int i = 0; i < 200; ++i) {
    const Vec3 p{static_cast<float>(i) * 0.037F, 0, static_cast<float>(i % 17) * 0.11F};
    up += static_cast<double>(light(sample_material(snowy, p, {0, 1, 0}, 0.001F)));
    down += static_cast<double>(light(sample_material(snowy, p, {0, -1, 0}, 0.001F)));
  }
  EXPECT_GT(up / 200, 0.8);
  EXPECT_LT(down / 200, 0.65);
}

struct Said {
  const char* phrase;
  SolidTexture texture;
  size_t layers;
};

TEST(MaterialWords, PhrasesMeanWhatTheySay) {
  using T = SolidTexture;
  for (const auto& [phrase, texture, layers] :
       {Said{"rusty bronze", T::none, 1}, Said{"a wall of mossy red bricks", T::brick, 1}, Said{"marble tiles", T::tiles, 0},
        Said{"Wooden planks", T::planks, 0}, Said{"snow", T::snow, 0}, Said{"stone with snow", T::stone, 1}, Said{"dark blue leather", T::leather, 0},
        Said{"blue", T::paint, 0}, Said{"mossy", T::moss, 0}, Said{"old iron", T::none, 1}, Said{"brushed steel", T::brushed, 0},
        Said{"#80ff00 plastic", T::none, 0}, Said{"gold leather", T::leather, 0}, Said{"aluminum", T::brushed, 0}}) {
    SCOPED_TRACE(phrase);
    const auto made = material_by_words(phrase);
    ASSERT_TRUE(made) << made.error().message;
    EXPECT_EQ(made->base.texture, texture);
    EXPECT_EQ(made->layers.size(), layers);
    EXPECT_EQ(made->base.name, phrase);
  }
  const auto roughness = [](const char* phrase) { return value_or_throw(material_by_words(phrase)).base.roughness; };
  EXPECT_LT(roughness("polished bronze"), roughness("bronze"));
  EXPECT_GT(roughness("rough bronze"), roughness("bronze"));
  const auto brightness = [](const char* phrase) {
    const auto a = value_or_throw(material_by_words(phrase)).base.albedo;
    return a[0] + a[1] + a[2];
  };
  EXPECT_LT(brightness("dark oak"), brightness("oak"));
  EXPECT_GT(value_or_throw(material_by_words("blue leather")).base.albedo[2], value_or_throw(material_by_words("red leather")).base.albedo[2]);
  EXPECT_EQ(value_or_throw(material_by_words("bronze")).base.metallic, 1);
  EXPECT_EQ(value_or_throw(material_by_words("rusty iron")).layers.at(0).texture, T::rust);
}

TEST(MaterialWords, WhatIsNotKnownIsSaid) {
  const auto refused = [](const std::string& phrase) { return material_by_words(phrase).error(); };
  EXPECT_EQ(refused("rusty bronce").code, ErrorCode::invalid_argument);
  EXPECT_NE(refused("rusty bronce").message.find("bronze"), std::string::npos) << refused("rusty bronce").message;
  EXPECT_EQ(refused("").code, ErrorCode::invalid_argument);
  EXPECT_EQ(refused("polished").code, ErrorCode::invalid_argument) << "no material";
  EXPECT_EQ(refused("glass velvet").code, ErrorCode::invalid_argument) << "two that do not go together";
  EXPECT_EQ(refused(std::string(500, 'a')).code, ErrorCode::invalid_argument);
}

TEST(MaterialWords, EveryKnownWordSaysSomething) {
  for (const std::string& word : texture_words()) {
    const auto alone = material_by_words(word), beside = material_by_words(word + " marble");
    EXPECT_TRUE(alone || beside) << word;
  }
}

/// A mesh with normals as scenes have them; `uvs` of an unwrap if asked.
MeshScene scene_of(const Mesh& mesh) {
  SceneMesh node{.path = "thing", .mesh = {mesh.positions, {}, mesh.triangles}};
  add_normals(node, 40);
  return {.name = "thing", .materials = {{}}, .meshes = {node}};
}

/// The texture's value at a place, as a renderer reads it.
std::array<float, 3> read_texture(const Image& image, const Vec2& uv) {
  const float x = uv[0] * static_cast<float>(image.width) - 0.5F, y = uv[1] * static_cast<float>(image.height) - 0.5F;
  const float fx = x - std::floor(x), fy = y - std::floor(y);
  std::array<float, 3> out{};
  for (const int dy : {0, 1})
    for (const int dx : {0, 1}) {
      const auto px = std::clamp<int64_t>(static_cast<int64_t>(std::floor(x)) + dx, 0, image.width - 1);
      const auto py = std::clamp<int64_t>(static_cast<int64_t>(std::floor(y)) + dy, 0, image.height - 1);
      const float w = (dx ? fx : 1 - fx) * (dy ? fy : 1 - fy);
      for (size_t c = 0; c < 3; ++c) out[c] += w * static_cast<float>(image.at(px, py)[c]) / 255;
    }
  return out;
}

TEST(Baking, ShowsTheMaterialAtEachPlace) {
  // A smooth pattern: what the texture shows, read as a renderer reads it, is what the material is there, also at the charts' borders.
  const Mesh ball = triangulated(ellipsoid_mesh(1, 1, 1, {.around = 32}));
  LayeredMaterial marble = value_or_throw(material_by_words("marble"));
  const TexturedScene made = value_or_throw(textured_mesh(scene_of(ball), marble, {.texels = 1024, .scale = 8}));
  const SceneMesh& node = made.scene.meshes.at(0);
  const Image& map = made.maps.base_color;
  LayeredMaterial coarse = marble;
  coarse.base.scale *= 8;
  double error = 0, edge_error = 0;
  int64_t count = 0, edge_count = 0;
  for (const Triangle& t : node.mesh.triangles)
    for (const Vec3& w : {Vec3{1.0F / 3, 1.0F / 3, 1.0F / 3}, Vec3{0.5F, 0.5F, 0}, Vec3{0, 0.5F, 0.5F}, Vec3{1, 0, 0}}) {
      Vec3 p{}, n{};
      Vec2 uv{};
      for (size_t k = 0; k < 3; ++k) {
        p = p + node.mesh.positions[t[k]] * w[k];
        n = n + node.mesh.normals[t[k]] * w[k];
        for (size_t i = 0; i < 2; ++i) uv[i] += node.uvs[t[k]][i] * w[k];
      }
      // The ball is a metre wide and stands on y = 0.
      const auto wanted = sample_material(coarse, p - Vec3{0, 0.5F, 0}, normalized(n), 0.002F).albedo, shown = read_texture(map, uv);
      double off = 0;
      for (size_t c = 0; c < 3; ++c) off += std::pow(static_cast<double>(wanted[c] - shown[c]), 2) / 3;
      const bool border = w[0] == 0 || w[2] == 0;
      (border ? edge_error : error) += off;
      ++(border ? edge_count : count);
    }
  EXPECT_GT(-10 * std::log10(error / static_cast<double>(count)), 35) << "dB";
  EXPECT_GT(-10 * std::log10(edge_error / static_cast<double>(edge_count)), 35) << "dB on edges, where the seams are";
  EXPECT_GT(made.maps.coverage, 0.5);
}

TEST(Baking, OnlyWhatTheMaterialHasIsWritten) {
  const MeshScene box = scene_of(triangulated(box_mesh(1, 1, 1)));
  const auto images = [&](const char* words) {
    std::vector<std::string> names;
    for (const SceneImage& image : value_or_throw(textured_mesh(box, value_or_throw(material_by_words(words)), {.texels = 64})).scene.images)
      names.push_back(image.name);
    return names;
  };
  EXPECT_EQ(images("bronze"), (std::vector<std::string>{"base color", "metallic roughness"}));
  EXPECT_EQ(images("brick"), (std::vector<std::string>{"base color", "metallic roughness", "normal"}));
  EXPECT_EQ(images("lava"), (std::vector<std::string>{"base color", "metallic roughness", "normal", "emission"}));
}

TEST(Baking, IsTheSameForAnyNumberOfThreadsAndCanBeCancelled) {
  const MeshScene box = scene_of(triangulated(box_mesh(1, 1, 1)));
  const LayeredMaterial wood = value_or_throw(material_by_words("wood"));
  set_threads(1);
  const Image one = value_or_throw(textured_mesh(box, wood, {.texels = 128})).maps.base_color;
  set_threads(3);
  EXPECT_EQ(one.rgba, value_or_throw(textured_mesh(box, wood, {.texels = 128})).maps.base_color.rgba);
  set_threads(0);
  CancelToken token;
  token.cancel();
  EXPECT_EQ(textured_mesh(box, wood, {}, nullptr, {}, &token).error().code, ErrorCode::cancelled);
}

/// Two triangles facing +z, a unit square with texture coordinates of its own; `mirrored` runs u the other way.
MeshScene square(bool mirrored) {
  SceneMesh node{.path = "square", .mesh = {{{0, 0, 0}, {1, 0, 0}, {1, 1, 0}, {0, 1, 0}}, {}, {{0, 1, 2}, {0, 2, 3}}}};
  node.mesh.normals.assign(4, {0, 0, 1});
  node.uvs = {{0, 1}, {1, 1}, {1, 0}, {0, 0}};
  if (mirrored)
    for (Vec2& uv : node.uvs) uv[0] = 1 - uv[0];
  return {.name = "square", .materials = {{}}, .meshes = {node}};
}

TEST(MeshTexturing, KeepsTheMeshsOwnCoordinatesUnlessAsked) {
  const LayeredMaterial wood = value_or_throw(material_by_words("oak"));
  std::vector<std::string> notes;
  const MeshScene own = square(false);
  const TexturedScene kept = value_or_throw(textured_mesh(own, wood, {.texels = 64}, &notes));
  EXPECT_EQ(kept.scene.meshes[0].uvs, own.meshes[0].uvs);
  EXPECT_EQ(kept.scene.meshes[0].mesh.positions, own.meshes[0].mesh.positions);
  EXPECT_TRUE(notes.empty()) << notes.front();
  const TexturedScene unwrapped = value_or_throw(textured_mesh(own, wood, {.texels = 64, .unwrap = true}, &notes));
  EXPECT_NE(unwrapped.scene.meshes[0].uvs, own.meshes[0].uvs);
  EXPECT_TRUE(notes.empty()) << "it was asked for";
}

TEST(MeshTexturing, CoordinatesThatCannotCarryATextureAreMadeAnewAndThatIsSaid) {
  const LayeredMaterial wood = value_or_throw(material_by_words("oak"));
  const auto note = [&](const MeshScene& scene) {
    std::vector<std::string> notes;
    const TexturedScene made = value_or_throw(textured_mesh(scene, wood, {.texels = 64}, &notes));
    EXPECT_EQ(made.scene.meshes[0].uvs.size(), made.scene.meshes[0].mesh.positions.size());
    return notes.empty() ? std::string() : notes.front();
  };
  MeshScene bare = square(false);
  bare.meshes[0].uvs.clear();
  EXPECT_NE(note(bare).find("no texture coordinates"), std::string::npos);
  MeshScene tiled = square(false);
  for (Vec2& uv : tiled.meshes[0].uvs) uv[0] *= 3;
  EXPECT_NE(note(tiled).find("beyond the texture"), std::string::npos);
  MeshScene palette = square(false);
  for (Vec2& uv : palette.meshes[0].uvs) uv = {0.3F, 0.6F};
  EXPECT_NE(note(palette).find("palette"), std::string::npos);
  MeshScene small = square(false);
  for (Vec2& uv : small.meshes[0].uvs) uv = {uv[0] * 0.1F, uv[1] * 0.1F};
  EXPECT_NE(note(small).find("of the texture"), std::string::npos);
  MeshScene twice = square(false);
  twice.meshes.push_back(twice.meshes[0]);
  for (Vec3& p : twice.meshes[1].mesh.positions) p[2] += 1;
  EXPECT_NE(note(twice).find("50 %"), std::string::npos) << note(twice);
}

TEST(MeshTexturing, NormalsLeanTheSameWayWhereTheTextureIsMirrored) {
  // The bumps of a surface do not depend on how its texture runs: the normal in space is the same.
  const LayeredMaterial brick = value_or_throw(material_by_words("brick"));
  const auto normal_at = [&](const TexturedScene& made, const Vec2& uv) {
    const auto c = read_texture(made.maps.normal, uv);
    const auto& t = made.scene.meshes[0].tangents.at(0);
    const Vec3 n{0, 0, 1}, tangent{t[0], t[1], t[2]}, up = cross(n, tangent) * t[3];
    return normalized(tangent * (c[0] * 2 - 1) + up * (c[1] * 2 - 1) + n * (c[2] * 2 - 1));
  };
  const TexturedScene plain = value_or_throw(textured_mesh(square(false), brick, {.texels = 256})),
                      other = value_or_throw(textured_mesh(square(true), brick, {.texels = 256}));
  ASSERT_TRUE(plain.maps.relief);
  EXPECT_EQ(plain.scene.meshes[0].tangents[0][3], 1);
  EXPECT_EQ(other.scene.meshes[0].tangents[0][3], -1);
  double apart = 0, lean = 0;
  int count = 0;
  for (float u = 0.1F; u < 0.9F; u += 0.013F)
    for (float v = 0.1F; v < 0.9F; v += 0.017F, ++count) {
      const Vec3 a = normal_at(plain, {u, v}), b = normal_at(other, {1 - u, v});
      apart += static_cast<double>(length(a - b));
      lean += static_cast<double>(length(a - Vec3{0, 0, 1}));
    }
  EXPECT_GT(lean / count, 0.05) << "there are bumps";
  EXPECT_LT(apart / count, 0.15 * lean / count);
}

TEST(MeshTexturing, WhatCannotBeIsSaid) {
  const LayeredMaterial wood = value_or_throw(material_by_words("oak"));
  EXPECT_EQ(textured_mesh({}, wood, {}).error().code, ErrorCode::invalid_argument);
  EXPECT_EQ(textured_mesh(square(false), wood, {.texels = 9000}).error().code, ErrorCode::invalid_argument);
}

}  // namespace
}  // namespace ptah
