// What the path tracer computes for several paths at once: the numbers of one path, the formulas written plainly, and energy that is kept.
#include "render/trace/lane_targets.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "tests/render/lanes_test.cpp"
#include <hwy/foreach_target.h>

#include <gtest/gtest.h>

#include <bit>

#include "base/philox.h"
#include "render/environment.h"
#include "render/trace/lights-inl.h"
#include "render/trace/sampler-inl.h"
#include "render/trace/surface-inl.h"

#ifndef PTAH_TESTS_RENDER_LANES_TEST_TYPES
#define PTAH_TESTS_RENDER_LANES_TEST_TYPES
namespace ptah {
/// A direction that a surface or the surroundings gave, and what comes with it.
struct Given {
  Vec3 direction{};
  Rgb light{};
  float pdf = 0;
};
/// How a point reflects, and three random numbers a question.
struct Asked {
  SurfacePoint point;
  Vec3 view;
  bool compensate = true;
};
enum class Draw { mirror, diffuse, none };
using Numbers = std::array<float, 3>;
}  // namespace ptah
#endif

HWY_BEFORE_NAMESPACE();
namespace ptah::HWY_NAMESPACE {
namespace {

void store3(const V3& v, Vec3* to, size_t count) {
  HWY_ALIGN float values[3][kLanes];
  hn::Store(v.x, DF(), values[0]), hn::Store(v.y, DF(), values[1]), hn::Store(v.z, DF(), values[2]);
  for (size_t i = 0; i < count; ++i) to[i] = {values[0][i], values[1][i], values[2][i]};
}

V3 load3(const Numbers* from, size_t count) {
  HWY_ALIGN float values[3][kLanes] = {};
  for (size_t i = 0; i < count; ++i)
    for (size_t c = 0; c < 3; ++c) values[c][i] = from[i][c];
  return {hn::Load(DF(), values[0]), hn::Load(DF(), values[1]), hn::Load(DF(), values[2])};
}

void give(const V3& direction, const V3& light, VF pdf, Given* to, size_t count) {
  std::array<Vec3, 8> directions, lights;
  HWY_ALIGN float pdfs[kLanes];
  hn::Store(pdf, DF(), pdfs);
  store3(direction, directions.data(), count), store3(light, lights.data(), count);
  for (size_t i = 0; i < count; ++i) to[i] = {directions[i], lights[i], pdfs[i]};
}

}  // namespace

/// Directions of the mirror, the diffuse surface, or the numbers themselves, and the response to light from there.
std::vector<Given> LobeGives(const Asked& asked, Draw draw, const std::vector<Numbers>& numbers) {
  std::vector<SplitSumCell> cells;
  const SplitSumTable& table = split_sum_table();
  for (size_t y = 0; y + 1 < table.size(); ++y)
    for (size_t x = 0; x + 1 < table.size(); ++x)
      cells.push_back({{table[y][x].scale, table[y][x].bias, table[y][x + 1].scale, table[y][x + 1].bias, table[y + 1][x].scale, table[y + 1][x].bias,
                        table[y + 1][x + 1].scale, table[y + 1][x + 1].bias}});
  const SurfacePoint& p = asked.point;
  const Points points{splat3(0, 0, 1),   splat3(0, 0, 1),  splat3(p.albedo),  zero3(),          splat(p.roughness),
                      splat(p.metallic), splat(p.opacity), splat(p.coverage), splat(p.specular)};
  const Lobes lobes(points, splat3(asked.view), cells.data(), asked.compensate);
  std::vector<Given> out(numbers.size());
  for (size_t i = 0; i < numbers.size(); i += kLanes) {
    const size_t count = std::min(kLanes, numbers.size() - i);
    const V3 given = load3(&numbers[i], count);
    const V3 light = draw == Draw::mirror ? lobes.sample_mirror(given.x, given.y) : draw == Draw::diffuse ? lobes.sample_diffuse(given.x, given.y) : given;
    const Scattered scattered = lobes.scattered(light);
    give(light, scattered.response, scattered.pdf, &out[i], count);
  }
  return out;
}

std::vector<Given> SkyGives(const Environment& environment, bool sample, const std::vector<Numbers>& numbers) {
  const Sky sky(environment.view());
  std::vector<Given> out(numbers.size());
  for (size_t i = 0; i < numbers.size(); i += kLanes) {
    const size_t count = std::min(kLanes, numbers.size() - i);
    const V3 given = load3(&numbers[i], count);
    const SkySamples seen = sample ? sky.sample(given.x, given.y) : sky.seen(given);
    give(seen.direction, seen.radiance, seen.pdf, &out[i], count);
  }
  return out;
}

/// Two numbers, then one, of samples of a pixel.
std::vector<Numbers> SamplerGives(uint64_t seed, uint64_t pixel, uint32_t first, uint32_t dimension) {
  const auto key = PixelSampler(seed, pixel).key();
  HWY_ALIGN uint32_t samples[kLanes];
  for (size_t i = 0; i < kLanes; ++i) samples[i] = PixelSampler::reversed(first + static_cast<uint32_t>(i));
  const Samples of{hn::Load(DU(), samples), {words(key[0]), words(key[1]), words(key[2])}};
  const Pair pair = pair_of(of, dimension);
  std::vector<Numbers> out(kLanes);
  store3({pair.a, pair.b, number_of(of, dimension + 1)}, out.data(), kLanes);
  return out;
}

/// Points of triangles, each seen from a direction; `numbers` are barycentric, of corners 0 and 1.
std::vector<SurfacePoint> PointsOf(const TracedTables& scene, const std::vector<int32_t>& triangles, const std::vector<Numbers>& numbers,
                                   const std::vector<Numbers>& views) {
  std::vector<SurfacePoint> out(numbers.size());
  for (size_t i = 0; i < numbers.size(); i += kLanes) {
    const size_t count = std::min(kLanes, numbers.size() - i);
    HWY_ALIGN int32_t triangle[kLanes] = {};
    std::copy_n(&triangles[i], count, triangle);
    const V3 at = load3(&numbers[i], count);
    const Points p = points_at(scene, {hn::FirstN(DF(), count), hn::Load(DI(), triangle), at.x, at.y, splat(1) - at.x - at.y}, load3(&views[i], count)).points;
    std::array<Vec3, 8> normal, geometric, albedo, emission, some, more;
    store3(p.normal, normal.data(), count), store3(p.geometric, geometric.data(), count), store3(p.albedo, albedo.data(), count);
    store3(p.emission, emission.data(), count);
    store3({p.roughness, p.metallic, p.opacity}, some.data(), count), store3({p.coverage, p.specular, p.specular}, more.data(), count);
    for (size_t k = 0; k < count; ++k)
      out[i + k] = {normal[k], geometric[k], albedo[k], emission[k], some[k][0], some[k][1], some[k][2], more[k][0], more[k][1]};
  }
  return out;
}

}  // namespace ptah::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace ptah {

HWY_EXPORT(LobeGives);
HWY_EXPORT(SkyGives);
HWY_EXPORT(SamplerGives);
HWY_EXPORT(PointsOf);

namespace {

std::vector<Given> gives(const Asked& asked, Draw draw, const std::vector<Numbers>& numbers) { return HWY_DYNAMIC_DISPATCH(LobeGives)(asked, draw, numbers); }
std::vector<Given> gives(const Environment& sky, bool sample, const std::vector<Numbers>& numbers) {
  return HWY_DYNAMIC_DISPATCH(SkyGives)(sky, sample, numbers);
}

Vec3 seen_at(float facing) { return {std::sqrt(1 - facing * facing), 0, facing}; }

std::vector<Numbers> sobol(uint32_t count) {
  PixelSampler random(7, 0);
  std::vector<Numbers> out;
  for (uint32_t i = 0; i < count; ++i) {
    random.start(i);
    const auto [a, b] = random.two();
    out.push_back({a, b, 0});
  }
  return out;
}

TEST(Lanes, DrawTheNumbersOfOnePathAfterAnother) {
  for (const uint64_t pixel : {0ULL, 77ULL, 1ULL << 33})
    for (const uint32_t first : {0U, 1000U}) {
      const auto got = HWY_DYNAMIC_DISPATCH(SamplerGives)(5, pixel, first, 3);
      PixelSampler random(5, pixel);
      for (uint32_t i = 0; i < got.size(); ++i) {
        random.start(first + i);
        for (int before = 0; before < 3; ++before) random.one();
        const auto [a, b] = random.two();
        EXPECT_EQ(got[i], (Numbers{a, b, random.one()}));
      }
    }
}

/// GGX with Smith's masking, Schlick's Fresnel and the light given back, above a diffuse surface, as the papers have them; and the density of what is drawn.
Given plainly(const Asked& asked, const Vec3& light) {
  const SurfacePoint& p = asked.point;
  const double alpha = alpha_of(p.roughness), pi = std::numbers::pi;
  const Vec3 half = unit_of(asked.view + light);
  const auto lambda = [&](double cosine) { return (std::sqrt(1 + alpha * alpha * (1 / (cosine * cosine) - 1)) - 1) / 2; };
  const double base = 1 + half[2] * half[2] * (alpha * alpha - 1), d = alpha * alpha / (pi * base * base);
  const double seen = lambda(asked.view[2]), lit = lambda(light[2]), fresnel = std::pow(1 - dot(asked.view, half), 5);
  const Reflectance in_all = p.reflectance(asked.view[2], asked.compensate);
  const SplitSum table = split_sum(asked.view[2], p.roughness);
  const double single = table.scale + table.bias, f90 = p.specular + (1 - p.specular) * p.metallic;
  const double sum = luminance(in_all.mirror()) + luminance(in_all.diffuse()) + luminance(in_all.through());
  Given out{light, {}, 0};
  for (size_t c = 0; c < 3; ++c) {
    const double f0 = 0.04 * p.specular + (p.albedo[c] - 0.04 * p.specular) * p.metallic, gain = asked.compensate ? 1 + f0 * (1 - single) / single : 1;
    const double mirror = (f0 + (f90 - f0) * fresnel) * d / ((1 + seen + lit) * 4 * asked.view[2] * light[2]) * gain * p.coverage;
    out.light[c] = static_cast<float>((mirror + in_all.diffuse()[c] / pi) * light[2]);
  }
  out.pdf = static_cast<float>((luminance(in_all.mirror()) * d / ((1 + seen) * 4 * asked.view[2]) + luminance(in_all.diffuse()) * light[2] / pi) / sum);
  return out;
}

TEST(Lanes, ScatterLightByTheFormulas) {
  std::vector<Numbers> lights;
  Random random(11);
  for (int i = 0; i < 101; ++i) {
    const float height = 0.05F + 0.95F * random.uniform(), phi = 2 * kPi * random.uniform(), sine = std::sqrt(1 - height * height);
    lights.push_back({sine * std::cos(phi), sine * std::sin(phi), height});
  }
  for (const float roughness : {0.2F, 0.5F, 1.0F})
    for (const float metallic : {0.0F, 0.4F, 1.0F})
      for (const bool compensate : {false, true}) {
        SurfacePoint point{.albedo = {0.9F, 0.5F, 0.1F}, .roughness = roughness, .metallic = metallic, .opacity = 0.7F, .coverage = 0.9F, .specular = 0.8F};
        const Asked asked{point, seen_at(0.6F), compensate};
        for (const Given& got : gives(asked, Draw::none, lights)) {
          const Given expected = plainly(asked, got.direction);
          for (size_t c = 0; c < 3; ++c) EXPECT_NEAR(got.light[c], expected.light[c], 1e-5F + 3e-4F * expected.light[c]) << roughness << " " << metallic;
          EXPECT_NEAR(got.pdf, expected.pdf, 1e-5F + 3e-4F * expected.pdf) << roughness << " " << metallic;
        }
      }
}

/// What a surface reflects of light from everywhere, and lets through: its mirror and its diffuse surface sampled, each for its share.
Rgb reflected_of(const SurfacePoint& point, float facing, bool compensate = true) {
  const Reflectance in_all = point.reflectance(facing, compensate);
  const float mirror = luminance(in_all.mirror()), diffuse = luminance(in_all.diffuse()), through = luminance(in_all.through()),
              sum = mirror + diffuse + through;
  Rgb out = in_all.through();
  constexpr uint32_t kCount = 1 << 14;
  const auto numbers = sobol(kCount);
  for (const bool by_mirror : {true, false}) {
    const float share = (by_mirror ? mirror : diffuse) / sum;
    if (share == 0) continue;
    for (const Given& got : gives({point, seen_at(facing), compensate}, by_mirror ? Draw::mirror : Draw::diffuse, numbers))
      if (got.direction[2] > 0)
        for (size_t c = 0; c < 3; ++c) out[c] += share * got.light[c] / got.pdf / kCount;
  }
  return out;
}

TEST(Furnace, WhiteSurfacesReflectAllLight) {
  for (const float roughness : {0.0F, 0.1F, 0.3F, 0.5F, 0.7F, 0.85F, 1.0F})
    for (const float facing : {0.15F, 0.4F, 0.75F, 1.0F}) {
      const SurfacePoint white{.albedo = {1, 1, 1}, .roughness = roughness};
      SurfacePoint metal = white, glass = white;
      metal.metallic = 1, glass.opacity = 0.3F;
      EXPECT_NEAR(reflected_of(metal, facing)[0], 1, 0.01) << "metal, roughness " << roughness << ", facing " << facing;
      EXPECT_NEAR(reflected_of(white, facing)[0], 1, 0.01) << "dielectric, roughness " << roughness << ", facing " << facing;
      EXPECT_NEAR(reflected_of(glass, facing)[0], 1, 0.01) << "what is clear, roughness " << roughness;
    }
}

TEST(Furnace, ScatteringOnceLosesLight) {
  const SurfacePoint rough{.albedo = {1, 1, 1}, .roughness = 1, .metallic = 1}, smooth{.albedo = {1, 1, 1}, .roughness = 0.1F, .metallic = 1};
  EXPECT_LT(reflected_of(rough, 0.75F, false)[0], 0.75F) << "what is given back is much more than the tolerance above";
  EXPECT_NEAR(reflected_of(smooth, 0.75F, false)[0], 1, 0.01);
}

TEST(Mirror, DensitiesIntegrateToOne) {
  const SurfacePoint point{.albedo = {1, 1, 1}, .roughness = 0.6F, .metallic = 1};
  const Asked asked{point, seen_at(0.6F)};
  std::vector<Numbers> evenly, drawn;
  Random random(3);
  constexpr int kCount = 200000;
  for (int i = 0; i < kCount; ++i) {
    const float height = random.uniform(), phi = 2 * kPi * random.uniform(), sine = std::sqrt(1 - height * height);
    evenly.push_back({sine * std::cos(phi), sine * std::sin(phi), height});
    drawn.push_back({random.uniform(), random.uniform(), 0});
  }
  double sum = 0, above = 0;
  for (const Given& got : gives(asked, Draw::none, evenly)) sum += got.pdf * 2 * kPi / kCount;
  for (const Given& got : gives(asked, Draw::mirror, drawn)) above += got.direction[2] > 0 ? 1.0 / kCount : 0;
  EXPECT_NEAR(sum, above, 0.01);
  EXPECT_LT(above, 0.99) << "some are below the surface";
}

Image noise(int64_t width, int64_t height, uint64_t seed) {
  Image out = make_image(width, height);
  Random random(seed);
  for (uint8_t& byte : out.rgba) byte = static_cast<uint8_t>(random.below(256));
  return out;
}

/// Triangles anywhere, in materials with and without textures, tints, holes and bumps.
RenderScene rag_rug() {
  RenderScene scene;
  scene.textures = {noise(7, 5, 1), noise(16, 16, 2), noise(1, 3, 3), noise(33, 2, 4)};
  scene.materials = {{.albedo = {0.3F, 0.6F, 0.9F}, .roughness = 0.3F, .metallic = 0.2F, .specular = 0.7F},
                     {.emission = {1, 2, 3}, .albedo_texture = 0, .roughness_texture = 1, .normal_texture = 3, .emission_texture = 2, .normal_scale = 0.7F},
                     {.emission = {2, 2, 2}, .opacity = 0.8F, .albedo_texture = 3, .alpha_cutoff = 0.4F},
                     {.emission = {4, 4, 4}, .opacity = 0.5F, .alpha_cutoff = 0.6F},
                     {.roughness = 0.9F, .opacity = 0.4F}};
  Random random(21);
  const auto point = [&] { return Vec3{random.normal(), random.normal(), random.normal()}; };
  for (uint32_t m = 0; m < 2 * scene.materials.size(); ++m) {
    RenderMesh mesh{.material = m % 5};
    for (uint32_t i = 0; i < 60; ++i) {
      mesh.mesh.positions.push_back(point());
      mesh.mesh.normals.push_back(unit_of(point()));
      mesh.uvs.push_back({3 * random.normal(), 3 * random.normal()});
      if (m == 4 || m == 6) mesh.colours.push_back({random.uniform(), random.uniform(), random.uniform(), random.uniform()});
      if (i % 3 == 2) mesh.mesh.triangles.push_back({i - 2, i - 1, i});
    }
    scene.meshes.push_back(std::move(mesh));
  }
  return scene;
}

TEST(Lanes, KnowWhatPointsAreMadeOf) {
  const SurfaceScene surface(rag_rug());
  const TracedTables tables(surface, nullptr);
  EXPECT_FALSE(tables.all_plain);
  std::vector<int32_t> triangles;
  std::vector<Numbers> numbers, views;
  Random random(8);
  for (int i = 0; i < 4001; ++i) {
    const float root = std::sqrt(random.uniform());
    triangles.push_back(static_cast<int32_t>(random.below(static_cast<uint32_t>(surface.size()))));
    numbers.push_back({1 - root, root * random.uniform(), 0});
    views.push_back(unit_of(Vec3{random.normal(), random.normal(), random.normal()}));
  }
  const auto got = HWY_DYNAMIC_DISPATCH(PointsOf)(tables, triangles, numbers, views);
  size_t turned = 0;
  for (size_t i = 0; i < got.size(); ++i) {
    const SurfacePoint expected = surface.at(static_cast<size_t>(triangles[i]), numbers[i][0], numbers[i][1], views[i]);
    if (dot(got[i].normal, expected.normal) < 0.9999F || got[i].coverage - expected.coverage > 0.5F) {  // at right angles to the viewer, at the cutoff
      ++turned;
      continue;
    }
    for (size_t c = 0; c < 3; ++c) {
      EXPECT_NEAR(got[i].geometric[c], expected.geometric[c], 1e-5F);
      EXPECT_NEAR(got[i].albedo[c], expected.albedo[c], 1e-4F);
      EXPECT_NEAR(got[i].emission[c], expected.emission[c], 1e-4F * 4);
    }
    EXPECT_NEAR(got[i].roughness, expected.roughness, 1e-4F);
    EXPECT_NEAR(got[i].metallic, expected.metallic, 1e-4F);
    EXPECT_NEAR(got[i].coverage, expected.coverage, 1e-4F);
    EXPECT_EQ(got[i].opacity, expected.opacity);
    EXPECT_EQ(got[i].specular, expected.specular);
  }
  EXPECT_LT(turned, 10U);
}

TEST(Lanes, SeeTheSurroundingsAsTheyAre) {
  HdrImage map{48, 24, std::vector<Rgb>(48 * 24)};
  Random random(9);
  for (Rgb& pixel : map.pixels) pixel = {random.uniform(), random.uniform() * random.uniform() * 20, random.uniform()};
  const auto light = value_or_throw(Environment::of(map, 50));
  std::vector<Numbers> directions{{0, 0.8F, 0.6F}, {1, 0, 0}, {0, 0, 1}, {0, 0, -1}}, numbers{{0, 0, 0}, {0.9999999F, 0.9999999F, 0}};
  for (int i = 0; i < 3000; ++i) {
    directions.push_back(unit_of(Vec3{random.normal(), random.normal(), random.normal()}));
    numbers.push_back({random.uniform(), random.uniform(), 0});
  }
  size_t other_pixels = 0;
  for (const Given& got : gives(*light, false, directions)) {
    const Rgb expected = light->radiance(got.direction);
    for (size_t c = 0; c < 3; ++c) EXPECT_NEAR(got.light[c], expected[c], 1e-3F);
    other_pixels += std::abs(got.pdf - light->pdf(got.direction)) > 1e-5F;
  }
  EXPECT_LT(other_pixels, 5U) << "only at the edges of pixels";
  const auto samples = gives(*light, true, numbers);
  for (size_t i = 0; i < samples.size(); ++i) {
    const auto expected = light->sample(numbers[i][0], numbers[i][1]);
    for (size_t c = 0; c < 3; ++c) {
      EXPECT_NEAR(samples[i].direction[c], expected.direction[c], 1e-5F);
      EXPECT_NEAR(samples[i].light[c], expected.radiance[c], 1e-3F);
    }
    EXPECT_NEAR(samples[i].pdf, expected.pdf, 1e-5F);
  }
}

}  // namespace
}  // namespace ptah
#endif
