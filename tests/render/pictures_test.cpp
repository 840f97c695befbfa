// The two renderers: they keep energy, agree with each other, give the same bytes for any number of threads, and stop when told.
#include <gtest/gtest.h>

#include "base/parallel.h"
#include "geometry/primitives.h"
#include "render/trace/path_tracer.h"

namespace ptah {
namespace {

RenderScene ball(const RenderMaterial& material) {
  RenderScene scene;
  scene.materials = {material};
  scene.meshes = {{shaded(triangulated(ellipsoid_mesh(1, 1, 1))), 0}};
  return scene;
}

RenderScene still_life() {
  RenderScene scene = ball({.albedo = {0.8F, 0.1F, 0.1F}, .roughness = 0.4F});
  scene.materials.push_back({.albedo = {0.9F, 0.7F, 0.3F}, .roughness = 0.3F, .metallic = 1});
  scene.materials.push_back({.albedo = {0.8F, 0.9F, 0.95F}, .roughness = 0.05F, .opacity = 0.35F});
  for (Vec3& p : scene.meshes[0].mesh.positions) p[1] += 0.5F;
  Mesh box = triangulated(box_mesh(1, 1, 1)), pane = triangulated(box_mesh(0.8F, 1.4F, 0.05F));
  for (Vec3& p : box.positions) p[0] += 1;
  for (Vec3& p : pane.positions) p[2] += 1;
  scene.meshes.push_back({shaded(box), 1});
  scene.meshes.push_back({shaded(pane), 2});
  return scene;
}

std::shared_ptr<const Environment> studio() { return value_or_throw(Environment::of(with_mean(value_or_throw(shipped_environment("studio")), 0.85F))); }

Radiance traced(const RenderScene& scene, std::shared_ptr<const Environment> light, TraceSettings settings, const Direction& from = {}) {
  const auto ready = value_or_throw(TracedScene::prepare(scene, std::move(light)));
  return value_or_throw(ready->trace(Camera::looking_at(scene, from, settings.frame.width, settings.frame.height), settings));
}

TEST(Tracer, TheWhiteFurnaceStaysWhite) {
  for (const float metallic : {0.0F, 1.0F})
    for (const float roughness : {0.05F, 0.5F, 1.0F}) {
      const Radiance got = traced(ball({.albedo = {1, 1, 1}, .roughness = roughness, .metallic = metallic}), Environment::constant({1, 1, 1}),
                                  {.frame = {.width = 32, .height = 32, .ground = false}, .samples = 128});
      double sum = 0, count = 0;
      for (size_t i = 0; i < got.light.size(); ++i)
        if (luminance(got.through[i]) == 0) sum += luminance(got.light[i]), ++count;
      ASSERT_GT(count, 300);
      EXPECT_NEAR(sum / count, 1, metallic > 0 ? 0.01 : 0.02) << "metallic " << metallic << ", roughness " << roughness;
    }
}

TEST(Tracer, WhatLetsLightThroughKeepsItToo) {
  // Of a white thing in white light as much is seen as of what is behind it, whatever part of it is there.
  RenderScene glass = ball({.albedo = {1, 1, 1}, .roughness = 0.4F, .opacity = 0.3F}),
              holes = ball({.albedo = {1, 1, 1}, .roughness = 0.4F, .albedo_texture = 0});
  holes.textures = {make_image(8, 8)};
  for (size_t i = 0; i < holes.textures[0].rgba.size(); ++i) holes.textures[0].rgba[i] = i % 4 < 3 ? 255 : static_cast<uint8_t>(i * 37 % 256);
  for (const Vec3& p : holes.meshes[0].mesh.positions) holes.meshes[0].uvs.push_back({p[0], p[1]});
  RenderScene cut = holes;
  cut.materials[0].alpha_cutoff = 0.5F;
  for (const auto& [scene, most, name] : {std::tuple{glass, 0.95F, "glass"}, std::tuple{holes, 0.95F, "holes"}, std::tuple{cut, 0.9F, "cut out"}}) {
    const Radiance got =
        traced(scene, Environment::constant({1, 1, 1}), {.frame = {.width = 32, .height = 32, .ground = false}, .samples = 128, .bounces = 24});
    double sum = 0, behind = 0, count = 0;
    for (size_t i = 0; i < got.light.size(); ++i)
      if (got.depth[i] > 0 && luminance(got.through[i]) < most)
        sum += luminance(got.light[i]) + luminance(got.through[i]), behind += luminance(got.through[i]), ++count;
    ASSERT_GT(count, 200) << name;
    EXPECT_NEAR(sum / count, 1, 0.02) << name;
    EXPECT_GT(behind / count, 0.05) << name << ": something is seen through it";
  }
}

TEST(Tracer, AGlowingThingLightsItsNeighbours) {
  RenderScene scene = ball({.albedo = {0.8F, 0.8F, 0.8F}, .roughness = 1});
  Mesh lamp = triangulated(box_mesh(0.5F, 0.05F, 0.5F));
  for (Vec3& p : lamp.positions) p[1] += 1.5F;
  scene.materials.push_back({.emission = {0, 5, 0}});
  scene.meshes.push_back({shaded(lamp), 1});
  const TraceSettings settings{.frame = {.width = 48, .height = 48}, .samples = 64};
  const Radiance got = traced(scene, nullptr, settings, {0, 0, 30});
  const auto at = [&](int64_t x, int64_t y) { return got.light[static_cast<size_t>(y * 48 + x)]; };
  Rgb upper{}, lower{};
  for (int64_t x = 18; x < 30; ++x) {
    for (size_t c = 0; c < 3; ++c) upper[c] += at(x, 20)[c], lower[c] += at(x, 42)[c];
  }
  EXPECT_GT(upper[1], 0.1F) << "the ball's upper side is lit";
  EXPECT_EQ(upper[0], 0) << "by green light alone";
  EXPECT_LT(lower[1], 0.05F * upper[1]) << "the lower one is not";
}

TEST(Tracer, LampsLightWhatIsNearThemWhereverTheyAre) {
  const auto brightness = [](float height) {
    RenderScene scene;
    scene.materials = {{.albedo = {0.5F, 0.5F, 0.5F}, .roughness = 1, .specular = 0}, {.albedo = {0, 0, 0}, .emission = {5, 5, 5}, .specular = 0}};
    Mesh plate = triangulated(box_mesh(1, 0.05F, 1)), lamp = triangulated(box_mesh(0.3F, 0.002F, 0.3F));
    for (Vec3& p : plate.positions) p[1] += height;
    for (Vec3& p : lamp.positions) p[1] += height + 0.35F;
    scene.meshes = {{shaded(plate), 0}, {shaded(lamp), 1}};
    const Radiance got = traced(scene, nullptr, {.frame = {.width = 48, .height = 48, .ground = false}, .samples = 64});
    double sum = 0;
    for (size_t i = 0; i < got.light.size(); ++i)
      if (got.albedo[i][0] > 0.1F) sum += luminance(got.light[i]);
    return sum;
  };
  const double near_the_origin = brightness(0), far = brightness(20);
  EXPECT_GT(near_the_origin, 50);
  EXPECT_NEAR(far / near_the_origin, 1, 0.01);
}

TEST(Tracer, SamplingLightsAndSurfacesAgree) {
  // A small strong light in the map: with few samples only the density of both ways together finds it without fireflies; the mean is that of many samples.
  HdrImage map{64, 32, std::vector<Rgb>(64 * 32, Rgb{0.05F, 0.05F, 0.05F})};
  map.at(10, 8) = map.at(11, 8) = {300, 280, 250};
  const auto light = value_or_throw(Environment::of(map));
  const RenderScene scene = ball({.albedo = {0.7F, 0.7F, 0.7F}, .roughness = 0.25F});
  const auto mean = [&](int64_t samples, uint64_t seed) {
    const Radiance got = traced(scene, light, {.frame = {.width = 24, .height = 24, .ground = false}, .samples = samples, .seed = seed});
    double sum = 0;
    for (const Rgb& value : got.light) sum += luminance(value);
    return sum;
  };
  const double few = mean(16, 1), many = mean(256, 2);
  EXPECT_NEAR(few, many, 0.03 * many);
}

TEST(Renderers, AgreeOnWhatIsOpaque) {
  const RenderScene scene = ball({.albedo = {0.7F, 0.3F, 0.2F}, .roughness = 0.5F});
  const FrameSettings frame{.width = 96, .height = 96, .ground = false};
  const auto light = studio();
  const Camera camera = Camera::looking_at(scene, {}, 96, 96);
  const Image lit = value_or_throw(value_or_throw(LitScene::prepare(scene, light))->frame(camera, frame));
  const auto ready = value_or_throw(TracedScene::prepare(scene, light));
  const Image traced = developed(value_or_throw(ready->trace(camera, {.frame = frame, .samples = 64})), *ready, camera, frame);
  double squares = 0;
  for (size_t i = 0; i < lit.rgba.size(); ++i) squares += std::pow(static_cast<double>(lit.rgba[i]) - traced.rgba[i], 2);
  const double rms = std::sqrt(squares / static_cast<double>(lit.rgba.size()));
  EXPECT_LT(rms, 8) << "30 dB";
}

TEST(Renderers, TheSameBytesForAnyNumberOfThreads) {
  const RenderScene scene = still_life();
  const FrameSettings frame{.width = 72, .height = 64};
  const Camera camera = Camera::looking_at(scene, {}, 72, 64);
  const int before = threads();
  std::vector<Image> lit, traced;
  for (const int count : {1, 2, 3}) {
    set_threads(count);
    const auto light = studio();
    lit.push_back(value_or_throw(value_or_throw(LitScene::prepare(scene, light))->frame(camera, frame)));
    const auto ready = value_or_throw(TracedScene::prepare(scene, light));
    traced.push_back(developed(value_or_throw(ready->trace(camera, {.frame = frame, .samples = 6})), *ready, camera, frame));
  }
  set_threads(before);
  EXPECT_EQ(lit[0].rgba, lit[1].rgba);
  EXPECT_EQ(lit[0].rgba, lit[2].rgba);
  EXPECT_EQ(traced[0].rgba, traced[1].rgba);
  EXPECT_EQ(traced[0].rgba, traced[2].rgba);
}

TEST(Renderers, BackgroundsAreWhatWasAskedFor) {
  const RenderScene scene = ball({.albedo = {0.5F, 0.5F, 0.5F}});
  const Camera camera = Camera::looking_at(scene, {}, 48, 48);
  const auto ready = value_or_throw(TracedScene::prepare(scene, studio()));
  const auto lit = value_or_throw(LitScene::prepare(scene, studio()));
  for (const bool paths : {false, true}) {
    const auto corner = [&](const Background& background, int64_t y = 1) {
      const FrameSettings frame{.width = 48, .height = 48, .background = background, .ground = false};
      const Image image = paths ? developed(value_or_throw(ready->trace(camera, {.frame = frame, .samples = 2})), *ready, camera, frame)
                                : value_or_throw(lit->frame(camera, frame));
      return std::array<int, 4>{image.at(1, y)[0], image.at(1, y)[1], image.at(1, y)[2], image.at(1, y)[3]};
    };
    EXPECT_EQ(corner({.kind = Background::Kind::transparent})[3], 0) << paths;
    EXPECT_EQ(corner({.kind = Background::Kind::colour, .colour = {0, 0, 1}}), (std::array<int, 4>{0, 0, 255, 255})) << paths;
    EXPECT_NE(corner({.kind = Background::Kind::environment}), corner({})) << paths;
    EXPECT_GT(corner({})[0], corner({}, 46)[0]) << "darker below";
  }
}

TEST(Renderers, ThingsStandOnTheirShadows) {
  const RenderScene scene = ball({.albedo = {0.5F, 0.5F, 0.5F}});
  const Camera camera = Camera::looking_at(scene, {}, 64, 64);
  const auto ready = value_or_throw(TracedScene::prepare(scene, studio()));
  const auto lit = value_or_throw(LitScene::prepare(scene, studio()));
  for (const bool paths : {false, true}) {
    const auto alpha = [&](bool ground) {
      const FrameSettings frame{.width = 64, .height = 64, .background = {.kind = Background::Kind::transparent}, .ground = ground};
      const Image image = paths ? developed(value_or_throw(ready->trace(camera, {.frame = frame, .samples = 32})), *ready, camera, frame)
                                : value_or_throw(lit->frame(camera, frame));
      int64_t sum = 0;
      for (int64_t x = 0; x < 64; ++x) sum += image.at(x, 61)[3];
      return sum;
    };
    EXPECT_EQ(alpha(false), 0) << paths;
    EXPECT_GT(alpha(true), 64 * 10) << paths;
  }
}

TEST(Renderers, StopWhenTold) {
  CancelToken cancel;
  const RenderScene scene = still_life();
  const Camera camera = Camera::looking_at(scene, {}, 64, 64);
  const auto ready = value_or_throw(TracedScene::prepare(scene, studio()));
  const auto got = ready->trace(
      camera, {.frame = {.width = 64, .height = 64}, .samples = 4096}, [&](double) { cancel.cancel(); }, &cancel);
  ASSERT_FALSE(got);
  EXPECT_EQ(got.error().code, ErrorCode::cancelled);
}

TEST(Renderers, TexturesColourAndCutOut) {
  RenderScene scene;
  Image picture = make_image(2, 1);
  const std::array<uint8_t, 8> pixels{255, 0, 0, 255, 0, 255, 0, 0};  // red, and a hole
  std::copy(pixels.begin(), pixels.end(), picture.rgba.begin());
  scene.textures = {picture};
  scene.materials = {{.albedo = {1, 1, 1}, .roughness = 1, .albedo_texture = 0}};
  Mesh sheet{{{-1, -1, 0}, {1, -1, 0}, {1, 1, 0}, {-1, 1, 0}}, {{0, 1, 2}, {0, 2, 3}}};
  scene.meshes = {{shaded(sheet), 0, {{0, 1}, {1, 1}, {1, 0}, {0, 0}}}};
  const FrameSettings frame{.width = 64, .height = 64, .background = {.kind = Background::Kind::transparent}, .ground = false};
  const Camera camera = Camera::looking_at(scene, {0, 0, 30}, 64, 64);
  const auto ready = value_or_throw(TracedScene::prepare(scene, studio()));
  const Image lit = value_or_throw(value_or_throw(LitScene::prepare(scene, studio()))->frame(camera, frame));
  const Image traced = developed(value_or_throw(ready->trace(camera, {.frame = frame, .samples = 16})), *ready, camera, frame);
  for (const Image* image : {&lit, &traced}) {
    EXPECT_GT(image->at(20, 32)[0], 2 * image->at(20, 32)[1]) << "red on the left";
    EXPECT_GT(image->at(20, 32)[3], 225);
    EXPECT_LT(image->at(46, 32)[3], 60) << "a hole on the right";
  }
}

TEST(Renderers, WhatCannotBeIsRefused) {
  EXPECT_FALSE(LitScene::prepare({}, studio()));
  EXPECT_FALSE(TracedScene::prepare({}, studio()));
  RenderScene wrong = ball({});
  wrong.meshes[0].mesh.triangles[0][1] = 1U << 30;
  EXPECT_FALSE(LitScene::prepare(wrong, studio()));
  wrong = ball({.albedo_texture = 3});
  EXPECT_FALSE(TracedScene::prepare(wrong, studio()));
  wrong = ball({});
  wrong.meshes[0].mesh.positions[0][0] = std::numeric_limits<float>::quiet_NaN();
  EXPECT_FALSE(LitScene::prepare(wrong, studio()));
  const auto lit = value_or_throw(LitScene::prepare(ball({}), studio()));
  EXPECT_FALSE(lit->frame({}, {.width = 8, .height = 8}));
}

/// Slats before a board, with gaps that are as narrow as the shadow maps are fine: along the slats nothing changes.
TEST(Rasterised, GapsAreNotDotted) {
  RenderScene scene;
  scene.materials = {{.albedo = {0.8F, 0.6F, 0.4F}, .roughness = 0.6F}};
  Mesh board = triangulated(box_mesh(2, 2, 0.1F));
  scene.meshes = {{shaded(board), 0}};
  for (int i = 0; i < 8; ++i) {
    Mesh slat = triangulated(box_mesh(2, 0.2F, 0.1F));
    for (Vec3& p : slat.positions) p = p + Vec3{0, 0.02F + 0.25F * static_cast<float>(i), 0.1F};
    scene.meshes.push_back({shaded(slat), 0});
  }
  const Camera camera = Camera::looking_at(scene, {0, 20, 30}, 160, 160);
  const Image picture = value_or_throw(value_or_throw(LitScene::prepare(scene, studio()))->frame(camera, {.width = 160, .height = 160}));
  double sum = 0, count = 0;
  int worst = 0;
  for (int64_t y = 40; y < 120; ++y)
    for (int64_t x = 50; x < 110; ++x) {
      const int bend = std::abs(picture.at(x - 1, y)[1] - 2 * picture.at(x, y)[1] + picture.at(x + 1, y)[1]);
      sum += bend, ++count;
      worst = std::max(worst, bend);
    }
  // With one offset for all lights: 4.3 and 138.
  EXPECT_LT(sum / count, 1.8);
  EXPECT_LT(worst, 60);
}

}  // namespace
}  // namespace ptah
