// Previews show what is there: silhouettes, depth, colours, shadows; the same for any number of threads.
#include "render/raster.h"

#include <gtest/gtest.h>

#include "base/parallel.h"
#include "geometry/primitives.h"

namespace ptah {
namespace {

RenderScene ball_on_plate() {
  RenderScene scene;
  scene.materials = {{.albedo = {0.8F, 0.05F, 0.05F}}, {.albedo = {0.05F, 0.05F, 0.8F}}};
  Mesh ball = triangulated(ellipsoid_mesh(1, 1, 1));
  for (Vec3& p : ball.positions) p[1] += 0.1F;
  scene.meshes = {{shaded(ball), 0}, {shaded(triangulated(box_mesh(3, 0.1F, 3))), 1}};
  return scene;
}

TEST(Raster, NearerSurfacesHideFartherOnes) {
  const RenderView view{.width = 200, .height = 200, .turn = 0, .tilt = 15};
  const Image image = value_or_throw(render(ball_on_plate(), view));
  const uint8_t* middle = image.at(100, 92);
  EXPECT_GT(middle[0], 2 * middle[2]) << "the red ball in front";
  int blue = 0;
  for (int64_t y = 100; y < 200; ++y)
    for (int64_t x = 0; x < 200; ++x) blue += image.at(x, y)[2] > 2 * image.at(x, y)[0];
  EXPECT_GT(blue, 1000) << "the plate below";
}

TEST(Raster, EverythingFitsAndNothingElseIsPainted) {
  for (const float turn : {0.0F, 45.0F, 130.0F, 200.0F}) {
    RenderView view{.width = 160, .height = 120, .turn = turn, .ground = false, .transparent = true};
    const Image image = value_or_throw(render(ball_on_plate(), view));
    int64_t painted = 0;
    for (int64_t y = 0; y < image.height; ++y)
      for (int64_t x = 0; x < image.width; ++x) {
        const bool border = x < 4 || y < 4 || x >= image.width - 4 || y >= image.height - 4;
        if (border) {
          EXPECT_EQ(image.at(x, y)[3], 0) << turn << ": " << x << ", " << y;
        }
        painted += image.at(x, y)[3] > 0;
      }
    EXPECT_GT(painted, 160 * 120 / 8) << turn;
  }
}

TEST(Raster, ThingsThrowShadows) {
  RenderView view{.width = 200, .height = 200, .turn = 0, .tilt = 35};
  const RenderScene scene = ball_on_plate();
  RenderScene bare = scene;
  bare.meshes.erase(bare.meshes.begin());
  // The same camera for both: a speck as high as the ball.
  Mesh speck = triangulated(box_mesh(0.001F, 0.001F, 0.001F));
  for (Vec3& p : speck.positions) p[1] += 1.1F;
  bare.meshes.push_back({shaded(speck), 0});
  const Image with = value_or_throw(render(scene, view)), without = value_or_throw(render(bare, view));
  int darker = 0, changed = 0;
  for (int64_t y = 0; y < 200; ++y)
    for (int64_t x = 0; x < 200; ++x) {
      const uint8_t *a = with.at(x, y), *b = without.at(x, y);
      const bool plate = a[2] > 2 * a[0] && b[2] > 2 * b[0];
      if (!plate) continue;
      changed += a[2] != b[2];
      darker += a[2] + 20 < b[2];
    }
  EXPECT_GT(darker, 300) << changed;
}

TEST(Raster, TheSamePixelsForAnyNumberOfThreads) {
  const RenderView view{.width = 256, .height = 256};
  const int before = threads();
  set_threads(1);
  const Image one = value_or_throw(render(ball_on_plate(), view));
  set_threads(3);
  const Image three = value_or_throw(render(ball_on_plate(), view));
  set_threads(before);
  EXPECT_EQ(one.rgba, three.rgba);
}

TEST(Raster, RefusesWhatCannotBeSeen) {
  EXPECT_FALSE(render({}, {}));
  EXPECT_FALSE(render(ball_on_plate(), {.width = 8}));
  CancelToken token;
  token.cancel();
  const auto stopped = render(ball_on_plate(), {}, &token);
  ASSERT_FALSE(stopped);
  EXPECT_EQ(stopped.error().code, ErrorCode::cancelled);
}

}  // namespace
}  // namespace ptah
