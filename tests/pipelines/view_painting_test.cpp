// Meshes that are painted from several sides: depth pictures, projection, what is hidden, blending.
#include "pipelines/texturing/view_painting.h"

#include <gtest/gtest.h>

#include <cmath>

#include "geometry/primitives.h"
#include "shape/texture/textured_scene.h"

namespace ptah {
namespace {

AtlasMesh atlas_of(const Mesh& mesh) {
  SceneMesh node{.path = "thing", .mesh = {mesh.positions, {}, mesh.triangles}};
  add_normals(node, 40);
  const UvMap map = value_or_throw(unwrap({node.mesh.positions, node.mesh.triangles}, {.resolution = 512, .margin = 4}));
  return atlas_mesh(node.mesh, map);
}

RenderScene scene_of(const AtlasMesh& mesh) {
  RenderScene scene;
  scene.materials.push_back({});
  scene.meshes.push_back({{mesh.positions, mesh.normals, mesh.triangles}, 0});
  return scene;
}

/// Smooth stripes in space: what a painter who never errs paints.
std::array<float, 3> pattern(const Vec3& p) { return {128 + 100 * std::sin(9 * p[0]), 128 + 100 * std::sin(9 * p[1] + 1), 128 + 100 * std::sin(9 * p[2] + 2)}; }

Vec3 place_in(const AtlasMesh& mesh, const ViewSurface& seen, size_t i) {
  const Triangle& t = mesh.triangles[seen.triangle[i]];
  const Vec2& at = seen.place[i];
  return mesh.positions[t[0]] * (1 - at[0] - at[1]) + mesh.positions[t[1]] * at[0] + mesh.positions[t[2]] * at[1];
}

Image painted_exactly(const AtlasMesh& mesh, const ViewSurface& seen) {
  Image out = make_image(seen.width, seen.height);
  for (size_t i = 0; i < seen.depth.size(); ++i) {
    const std::array<float, 3> colour = seen.depth[i] > 0 ? pattern(place_in(mesh, seen, i)) : std::array<float, 3>{255, 0, 255};
    for (size_t c = 0; c < 3; ++c) out.rgba[4 * i + c] = static_cast<uint8_t>(std::lround(colour[c]));
    out.rgba[4 * i + 3] = 255;
  }
  return out;
}

/// The mean error of a texture against the pattern, in dB, as seen from a camera; of at least so many pixels.
double error_of(const AtlasMesh& mesh, const Image& texture, const ViewSurface& seen) {
  double sum = 0, count = 0;
  for (size_t i = 0; i < seen.depth.size(); ++i) {
    if (seen.depth[i] <= 0) continue;
    const Triangle& t = mesh.triangles[seen.triangle[i]];
    const Vec2& at = seen.place[i];
    std::array<int64_t, 2> texel{};
    for (size_t k = 0; k < 2; ++k) {
      const float v = (1 - at[0] - at[1]) * mesh.uvs[t[0]][k] + at[0] * mesh.uvs[t[1]][k] + at[1] * mesh.uvs[t[2]][k];
      texel[k] = std::clamp<int64_t>(static_cast<int64_t>(v * static_cast<float>(texture.width)), 0, texture.width - 1);
    }
    const auto wanted = pattern(place_in(mesh, seen, i));
    for (size_t c = 0; c < 3; ++c) sum += std::pow(static_cast<double>(wanted[c]) - static_cast<double>(texture.at(texel[0], texel[1])[c]), 2);
    count += 3;
  }
  return 10 * std::log10(255 * 255 * count / std::max(sum, 1e-9));
}

TEST(ViewPainting, DepthIsWhiteWhereItIsNearAndBlackWhereNothingIs) {
  // A plate at z = 0.5 in front of one at z = -0.5, seen from the front.
  AtlasMesh mesh;
  for (const float z : {0.5F, -0.5F}) {
    const auto first = static_cast<uint32_t>(mesh.positions.size());
    const float wide = z > 0 ? 0.2F : 0.6F;
    mesh.positions.insert(mesh.positions.end(), {{-wide, -wide, z}, {wide, -wide, z}, {wide, wide, z}, {-wide, wide, z}});
    mesh.triangles.push_back({first, first + 1, first + 2});
    mesh.triangles.push_back({first, first + 2, first + 3});
  }
  mesh.normals.assign(8, {0, 0, 1});
  mesh.uvs.assign(8, {0, 0});
  const Camera camera = Camera::looking_at(scene_of(mesh), {0, 0, 30}, 128, 128);
  const ViewSurface seen = view_surface(mesh, camera, 128, 128);
  const Image depth = depth_picture(seen);
  EXPECT_EQ(depth.at(64, 64)[0], 255) << "the near plate";
  EXPECT_EQ(depth.at(2, 2)[0], 0) << "nothing";
  const Vec3 behind = camera.project({0.45F, 0, -0.5F});
  EXPECT_EQ(depth.at(static_cast<int64_t>(behind[0]), static_cast<int64_t>(behind[1]))[0], 64) << "the far plate";
  // Depths are those of the camera, whatever order the triangles have.
  EXPECT_NEAR(seen.depth[seen.index(64, 64)], camera.project({0, 0, 0.5F})[2], 1e-3);
  // What is on the mesh's right, seen from the front, is on the picture's right.
  EXPECT_GT(camera.project({0.5F, 0, 0})[0], camera.project({-0.5F, 0, 0})[0]);
  EXPECT_LT(camera.project({0, 0.5F, 0})[1], camera.project({0, -0.5F, 0})[1]) << "up is up";
}

TEST(ViewPainting, WhatIsPaintedExactlyComesBackExactly) {
  for (const auto& [name, solid] :
       {std::pair{"ball", triangulated(ellipsoid_mesh(1, 1, 1, {.around = 48}))}, std::pair{"box", triangulated(box_mesh(1, 0.7F, 0.5F))},
        std::pair{"torus", triangulated(torus_mesh(0.4F, 0.15F, {.around = 48}))}}) {
    SCOPED_TRACE(name);
    const AtlasMesh mesh = atlas_of(solid);
    std::vector<Direction> directions;
    for (const PaintedView& view : painted_views(8)) directions.push_back(view.from);
    const auto cameras = Camera::round(scene_of(mesh), directions, 512, 512);
    PaintedTexture texture(mesh, 512);
    for (const Camera& camera : cameras) {
      const ViewSurface seen = view_surface(mesh, camera, 512, 512);
      texture.put(painted_exactly(mesh, seen), seen, camera);
    }
    EXPECT_GE(texture.coverage(), std::string(name) == "torus" ? 0.97 : 0.995);
    const Image made = texture.finished();
    for (const Camera& camera : cameras) EXPECT_GE(error_of(mesh, made, view_surface(mesh, camera, 512, 512)), 35) << "dB";
  }
}

TEST(ViewPainting, WhatLiesBehindIsNotPainted) {
  // A ball in front of a plate: the plate's middle is hidden from the front, and stays so.
  Mesh both = triangulated(ellipsoid_mesh(0.4F, 0.4F, 0.4F, {.around = 32}));
  for (Vec3& p : both.positions) p = p + Vec3{0, -0.2F, 0.5F};
  const Mesh plate = triangulated(box_mesh(1, 1, 0.1F));
  const auto first = static_cast<uint32_t>(both.positions.size());
  for (const Vec3& p : plate.positions) both.positions.push_back(p + Vec3{0, -0.5F, 0});
  for (const auto& [a, b, c] : plate.triangles) both.triangles.push_back({first + a, first + b, first + c});
  const AtlasMesh mesh = atlas_of(both);
  const Camera camera = Camera::looking_at(scene_of(mesh), {0, 0, 20}, 256, 256);
  const ViewSurface seen = view_surface(mesh, camera, 256, 256);
  // All white where the ball is, all black elsewhere.
  Image picture = make_image(256, 256);
  for (size_t i = 0; i < seen.depth.size(); ++i) {
    const bool ball = seen.depth[i] > 0 && place_in(mesh, seen, i)[2] > 0.2F;
    std::fill_n(picture.rgba.begin() + static_cast<std::ptrdiff_t>(4 * i), 3, static_cast<uint8_t>(ball ? 255 : 0));
    picture.rgba[4 * i + 3] = 255;
  }
  PaintedTexture texture(mesh, 512);
  texture.put(picture, seen, camera);
  const Image made = texture.finished();
  int64_t white = 0, count = 0;
  for (const Triangle& t : mesh.triangles)
    for (int i = 1; i < 20; ++i)
      for (int j = 1; i + j < 20; ++j) {
        const float v = static_cast<float>(i) / 20, w = static_cast<float>(j) / 20, u = 1 - v - w;
        const Vec3 p = mesh.positions[t[0]] * u + mesh.positions[t[1]] * v + mesh.positions[t[2]] * w;
        if (std::abs(p[2] - 0.05F) > 1e-3F) continue;  // the front of the plate
        std::array<int64_t, 2> at{};
        for (size_t k = 0; k < 2; ++k) at[k] = static_cast<int64_t>((u * mesh.uvs[t[0]][k] + v * mesh.uvs[t[1]][k] + w * mesh.uvs[t[2]][k]) * 512);
        white += made.at(at[0], at[1])[0] > 60;
        ++count;
      }
  ASSERT_GT(count, 100);
  EXPECT_LT(static_cast<double>(white) / static_cast<double>(count), 0.02) << "the ball's picture is not on the plate";
  EXPECT_LT(texture.coverage(), 0.6);
}

TEST(ViewPainting, LaterViewsKeepWhatIsThere) {
  const AtlasMesh mesh = atlas_of(triangulated(ellipsoid_mesh(1, 1, 1, {.around = 32})));
  int64_t calls = 0;
  std::vector<double> white;
  const auto painter = [&](const PaintedView& view, const Sources& sources) -> Result<Image> {
    EXPECT_EQ(sources.controls.size(), 1U);
    EXPECT_EQ(sources.from.has_value(), calls > 0);
    EXPECT_EQ(sources.mask.has_value(), calls > 0);
    EXPECT_NE(std::string(view.words).find("view"), std::string::npos);
    const Image& depth = sources.controls[0];
    Image out = make_image(depth.width, depth.height);
    const auto shade = static_cast<uint8_t>(calls == 0 ? 200 : 40);
    double share = 0, all = 0;
    for (int64_t y = 0; y < depth.height; ++y)
      for (int64_t x = 0; x < depth.width; ++x) {
        std::fill_n(out.at(x, y), 3, shade);
        out.at(x, y)[3] = 255;
        if (depth.at(x, y)[0] == 0) continue;
        ++all;
        if (sources.mask) share += sources.mask->at(x, y)[0] > 0;
        if (sources.from && sources.mask->at(x, y)[0] == 0) {
          EXPECT_NEAR(sources.from->at(x, y)[0], sources.from->at(x, y)[1], 1);
        }
      }
    white.push_back(sources.mask ? share / all : 1);
    ++calls;
    return out;
  };
  double fraction = -1;
  const PaintedMaps made = value_or_throw(paint_views(mesh, {.views = 6, .size = 128, .texels = 256}, painter, [&](const Progress& p) {
    EXPECT_GE(p.fraction, fraction);
    fraction = p.fraction;
  }));
  EXPECT_EQ(made.painted, calls);
  EXPECT_EQ(made.views.size(), static_cast<size_t>(calls));
  ASSERT_GE(white.size(), 3U);
  EXPECT_GT(white[1], 0.9) << "the back is new";
  EXPECT_LT(white[2], 0.8) << "of the side half is there";
  EXPECT_GT(made.coverage, 0.98);
  // The front stays as it was painted first: the texture has both shades.
  int64_t light = 0;
  for (size_t i = 0; i < made.base_color.rgba.size(); i += 4) light += made.base_color.rgba[i] > 190;
  EXPECT_GT(light, 256 * 256 / 12);
}

TEST(ViewPainting, HiddenPlacesAreFilledFromTheirNeighbours) {
  // Only the front of a ball is painted, red above and blue below: the back gets both, as high as they lie in front.
  const AtlasMesh mesh = atlas_of(triangulated(ellipsoid_mesh(1, 1, 1, {.around = 32})));
  const Camera camera = Camera::looking_at(scene_of(mesh), {0, 0, 30}, 256, 256);
  const ViewSurface seen = view_surface(mesh, camera, 256, 256);
  Image picture = make_image(256, 256);
  for (size_t i = 0; i < seen.depth.size(); ++i) {
    const bool above = seen.depth[i] > 0 && place_in(mesh, seen, i)[1] > 0.5F;
    picture.rgba[4 * i] = above ? 255 : 0;
    picture.rgba[4 * i + 2] = above ? 0 : 255;
    picture.rgba[4 * i + 3] = 255;
  }
  PaintedTexture texture(mesh, 256);
  texture.put(picture, seen, camera);
  const Image made = texture.finished();
  const ViewSurface back = view_surface(mesh, Camera::looking_at(scene_of(mesh), {180, 0, 30}, 256, 256), 256, 256);
  int64_t right = 0, count = 0;
  for (size_t i = 0; i < back.depth.size(); ++i) {
    if (back.depth[i] <= 0) continue;
    const Vec3 p = place_in(mesh, back, i);
    if (std::abs(p[1] - 0.5F) < 0.15F) continue;
    const Triangle& t = mesh.triangles[back.triangle[i]];
    std::array<int64_t, 2> at{};
    for (size_t k = 0; k < 2; ++k)
      at[k] = static_cast<int64_t>(
          ((1 - back.place[i][0] - back.place[i][1]) * mesh.uvs[t[0]][k] + back.place[i][0] * mesh.uvs[t[1]][k] + back.place[i][1] * mesh.uvs[t[2]][k]) * 256);
    const uint8_t* c = made.at(std::clamp<int64_t>(at[0], 0, 255), std::clamp<int64_t>(at[1], 0, 255));
    right += p[1] > 0.5F ? c[0] > c[2] : c[2] > c[0];
    ++count;
  }
  EXPECT_GT(static_cast<double>(right) / static_cast<double>(count), 0.9);
}

TEST(ViewPainting, WhatCannotBeIsSaid) {
  const AtlasMesh mesh = atlas_of(triangulated(box_mesh(1, 1, 1)));
  const auto painter = [](const PaintedView&, const Sources&) -> Result<Image> { return make_image(64, 64); };
  EXPECT_EQ(paint_views(mesh, {.views = 5}, painter).error().code, ErrorCode::invalid_argument);
  EXPECT_EQ(paint_views(mesh, {.views = 11}, painter).error().code, ErrorCode::invalid_argument);
  EXPECT_EQ(paint_views(mesh, {.size = 128}, painter).error().code, ErrorCode::invalid_argument) << "a picture of another size";
  const auto refusing = [](const PaintedView&, const Sources&) -> Result<Image> { return fail(ErrorCode::over_budget, "no"); };
  EXPECT_EQ(paint_views(mesh, {.size = 64}, refusing).error().code, ErrorCode::over_budget);
  CancelToken token;
  token.cancel();
  EXPECT_EQ(paint_views(mesh, {.size = 64}, painter, {}, &token).error().code, ErrorCode::cancelled);
}

}  // namespace
}  // namespace ptah
