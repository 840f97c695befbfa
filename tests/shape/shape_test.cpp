#include <gtest/gtest.h>

#include <cmath>
#include <cstring>

#include "base/json.h"
#include "geometry/mesh.h"
#include "media/image.h"
#include "shape/inflate.h"
#include "pixels/min_cut.h"
#include "shape/uv_unwrap.h"
#include "media/mesh_files.h"
#include "geometry/decimate.h"
#include "geometry/isosurface.h"

namespace ptah {

namespace {

/// A picture whose alpha is a soft function of the distance to an outline (positive inside, pixels).
template <class Distance>
Image draw(int64_t size, const Distance& distance) {
  Image picture = make_image(size, size);
  for (int64_t y = 0; y < size; ++y)
    for (int64_t x = 0; x < size; ++x) {
      const float alpha = std::clamp(distance(static_cast<float>(x) + 0.5F, static_cast<float>(y) + 0.5F) + 0.5F, 0.0F, 1.0F);
      uint8_t* to = picture.at(x, y);
      to[0] = 200;
      to[1] = 30;
      to[2] = static_cast<uint8_t>(x);
      to[3] = static_cast<uint8_t>(std::lround(alpha * 255));
    }
  return picture;
}

Image disc(int64_t size, float radius, float hole = 0) {
  const float middle = static_cast<float>(size) / 2;
  return draw(size, [=](float x, float y) {
    const float r = std::hypot(x - middle, y - middle);
    return std::min(radius - r, hole > 0 ? r - hole : radius);
  });
}

void expect_solid(const TexturedMesh& textured, int64_t euler, int64_t bodies) {
  const MeshReport report = inspect(welded(textured));
  EXPECT_TRUE(report.closed);
  EXPECT_TRUE(report.manifold);
  EXPECT_TRUE(report.oriented);
  EXPECT_EQ(report.degenerate, 0);
  EXPECT_EQ(report.euler, euler);
  EXPECT_EQ(report.bodies, bodies);
  EXPECT_GT(report.volume, 0);
}

}  // namespace

/// Against all cuts of small random graphs.
TEST(MinCut, IsTheLeastOfAllCuts) {
  uint32_t state = 1;
  const auto random = [&](uint32_t below) {
    state = state * 1664525U + 1013904223U;
    return (state >> 8) % below;
  };
  constexpr int32_t kNodes = 9;
  for (int trial = 0; trial < 300; ++trial) {
    MinCut graph(kNodes);
    float source[kNodes], sink[kNodes], edges[kNodes][kNodes] = {};
    for (int32_t i = 0; i < kNodes; ++i) {
      source[i] = static_cast<float>(random(8));
      sink[i] = static_cast<float>(random(8));
      graph.add_terminal(i, source[i], sink[i]);
      for (int32_t j = 0; j < i; ++j)
        if (random(3) == 0) {
          edges[i][j] = static_cast<float>(random(6));
          graph.add_edge(i, j, edges[i][j]);
        }
    }
    const auto cost = [&](uint32_t sides) {  // bit set: source's side
      float sum = 0;
      for (int32_t i = 0; i < kNodes; ++i) {
        sum += (sides >> i & 1U) ? source[i] : sink[i];
        for (int32_t j = 0; j < i; ++j)
          if ((sides >> i & 1U) != (sides >> j & 1U)) sum += edges[i][j];
      }
      return sum;
    };
    float smallest = 1e9F;
    for (uint32_t sides = 0; sides < (1U << kNodes); ++sides) smallest = std::min(smallest, cost(sides));
    EXPECT_EQ(graph.solve(), static_cast<double>(smallest)) << trial;
    uint32_t found = 0;
    for (int32_t i = 0; i < kNodes; ++i) found |= (graph.on_source_side(i) ? 1U : 0U) << i;
    EXPECT_EQ(cost(found), smallest) << trial;
  }
}

/// A blue disc with a white eye on grainy paper with a corner of another colour.
TEST(CutOut, TakesAnObjectOffItsGround) {
  Image picture = make_image(120, 100);
  uint32_t state = 5;
  const auto grain = [&] {
    state = state * 1664525U + 1013904223U;
    return static_cast<int>(state >> 28) - 8;
  };
  for (int64_t y = 0; y < 100; ++y)
    for (int64_t x = 0; x < 120; ++x) {
      const float r = std::hypot(static_cast<float>(x) - 60, static_cast<float>(y) - 50);
      const bool eye = std::hypot(static_cast<float>(x) - 70, static_cast<float>(y) - 45)<6, table = y> 70 + x / 6;
      const std::array<int, 3> ground = table ? std::array{170, 130, 90} : std::array{236, 232, 224};
      const std::array<int, 3> colour = r < 30 ? (eye ? std::array{236, 232, 224} : std::array{40, 70, 200}) : ground;
      for (size_t c = 0; c < 3; ++c) picture.at(x, y)[c] = static_cast<uint8_t>(std::clamp(colour[c] + grain(), 0, 255));
      picture.at(x, y)[3] = 255;
    }
  const Image cut = cut_out(picture);
  int64_t wrong = 0;
  for (int64_t y = 0; y < 100; ++y)
    for (int64_t x = 0; x < 120; ++x) {
      const float r = std::hypot(static_cast<float>(x) - 60, static_cast<float>(y) - 50);
      if (std::abs(r - 30) > 1.5F && (cut.at(x, y)[3] > 127) != (r < 30)) ++wrong;
    }
  EXPECT_LE(wrong, 5);
  EXPECT_EQ(cut_out(cut).rgba, cut.rgba) << "what has transparency stays as it is";
}

/// Δh = −4 with h = 0 on a circle has the answer R² − r².
TEST(Thickness, OfADiscIsAHemisphere) {
  const Mask mask = object_mask(disc(252, 80), 256);
  const std::vector<float> h = thickness_field(mask, 0);
  for (const float r : {0.0F, 20.0F, 40.0F, 60.0F, 75.0F}) {
    const auto at = h[static_cast<size_t>(128 * 256 + 128 + static_cast<int64_t>(r))];
    const float x = r + 0.5F, exact = 80 * 80 - x * x - 0.25F;
    EXPECT_NEAR(at, exact, 0.02F * 80 * 80) << r;
  }
}

TEST(Inflate, ADiscBecomesOneClosedBodyOfItsSize) {
  const auto mesh = inflate(disc(128, 50), {.target_triangles = 4000, .size_mm = 80});
  ASSERT_TRUE(mesh) << mesh.error().message;
  expect_solid(*mesh, 2, 1);
  EXPECT_NEAR(static_cast<double>(mesh->triangles.size()), 4000, 400);
  float widest = 0;
  for (const Vec3& p : mesh->positions) widest = std::max(widest, std::abs(p[0]));
  EXPECT_NEAR(widest, 0.04, 0.0005);
}

TEST(Inflate, TheGenusIsTheNumberOfHoles) {
  const auto ring = inflate(disc(128, 55, 20), {});
  ASSERT_TRUE(ring);
  expect_solid(*ring, 0, 1);
  const Image two = draw(128, [](float x, float y) {
    return std::max(25 - std::hypot(x - 32, y - 64), std::min(25 - std::hypot(x - 94, y - 64), std::hypot(x - 94, y - 64) - 8));
  });
  const auto pair = inflate(two, {});
  ASSERT_TRUE(pair);
  expect_solid(*pair, 2, 2);  // a ball (2) and a ring (0)
}

TEST(Inflate, PlatesAreFlatWhateverTheirCoverageWithin) {
  // Covered a little less than whole within, as resampling leaves it: that had counted as outline, and the faces were furrowed.
  Image disc = make_image(128, 128);
  for (int64_t y = 0; y < 128; ++y)
    for (int64_t x = 0; x < 128; ++x)
      if ((x - 64) * (x - 64) + (y - 64) * (y - 64) < 45 * 45) disc.at(x, y)[0] = 200, disc.at(x, y)[3] = static_cast<uint8_t>((x + y) % 3 == 0 ? 250 : 255);
  const TexturedMesh plate = value_or_throw(inflate(disc, {.solid = SolidKind::slab, .target_triangles = 500000, .size_mm = 100, .resolution = 64}));
  float front = 0;
  for (const Vec3& p : plate.positions) front = std::max(front, p[2]);
  size_t faces = 0;
  for (const Vec3& p : plate.positions)
    if (std::hypot(p[0], p[1]) < 0.03F) {
      EXPECT_NEAR(std::abs(p[2]), front, 0.02F * front);
      ++faces;
    }
  EXPECT_GT(faces, 10U);
}

TEST(Inflate, EverySolidOfOddPicturesIsClosedAndManifold) {
  for (const SolidKind solid : {SolidKind::round, SolidKind::flat_back, SolidKind::slab}) {
    const Image pictures[] = {
        make_image(128, 128),                                                               // nothing: a slab of the whole
        draw(128, [](float, float) { return 1.0F; }),                                       // everything
        draw(128, [](float x, float y) { return 3 - std::abs(x - y) / 1.5F; }),             // a thin diagonal
        draw(96, [](float x, float y) { return 12 * std::sin(x / 9) * std::cos(y / 7); }),  // many parts that nearly touch
        draw(128, [](float x, float y) { return 30 - std::hypot(x - 10, y - 10); }),        // cut by the border
    };
    int index = 0;
    for (const Image& picture : pictures) {
      SCOPED_TRACE(fmt::format("solid {}, picture {}", static_cast<int>(solid), index++));
      const auto mesh = inflate(picture, {.solid = solid, .target_triangles = 5000});
      ASSERT_TRUE(mesh) << mesh.error().message;
      const MeshReport report = inspect(welded(*mesh));
      EXPECT_TRUE(report.manifold);
      EXPECT_EQ(report.degenerate, 0);
      EXPECT_GT(report.volume, 0);
      for (const Vec2& uv : mesh->uvs) {
        EXPECT_TRUE(uv[0] >= 0 && uv[0] <= 1 && uv[1] >= 0 && uv[1] <= 1);
      }
    }
  }
}

TEST(Inflate, TheTextureHasNoBackgroundInIt) {
  const auto mesh = inflate(disc(128, 50), {.target_triangles = 2000});
  ASSERT_TRUE(mesh);
  const auto texture = decode_png(mesh->texture_png);
  ASSERT_TRUE(texture);
  EXPECT_EQ(texture->width, 2 * texture->height);
  for (int64_t i = 0; i < texture->width * texture->height; ++i) {
    EXPECT_EQ(texture->rgba[static_cast<size_t>(i * 4 + 3)], 255);
    EXPECT_NEAR(texture->rgba[static_cast<size_t>(i * 4)], 200, 2);
  }
}

/// Share of the surface on which a unit of texture covers at most twice the mean length, in its worst direction.
float share_within_twice(const TexturedMesh& mesh) {
  float within = 0;
  for (const Stretch& s : texture_stretch(mesh)) within += s.worst <= 2 ? s.area_share : 0;
  return within;
}

TEST(Unfold, TheRimIsNotStretched) {
  const auto star = [](float x, float y) {
    const float angle = std::atan2(y - 64, x - 64);
    return 38 + 16 * std::cos(5 * angle) - std::hypot(x - 64, y - 64);
  };
  const std::pair<const char*, Image> pictures[] = {{"disc", disc(128, 50)}, {"ring", disc(128, 55, 22)}, {"star", draw(128, star)}};
  for (const auto& [name, picture] : pictures)  // walls of a slab and the under side of a flat back are less even
    for (const auto& [solid, min_share] : {std::pair{SolidKind::round, 0.95F}, {SolidKind::flat_back, 0.92F}, {SolidKind::slab, 0.7F}}) {
      const auto mesh = inflate(picture, {.solid = solid});
      ASSERT_TRUE(mesh) << mesh.error().message;
      EXPECT_GE(share_within_twice(*mesh), min_share) << name << ", solid " << static_cast<int>(solid);
    }
}

/// Texels that belong to two triangles would show the colours of one on the other.
TEST(Unfold, TrianglesDoNotOverlapInTheTexture) {
  for (const Image& picture : {disc(128, 50), disc(128, 55, 22)}) {
    const auto mesh = inflate(picture, {.target_triangles = 3000});
    ASSERT_TRUE(mesh);
    double total = 0;
    constexpr int64_t kEdge = 512;
    std::vector<char> covered(2 * kEdge * kEdge);
    for (const Triangle& t : mesh->triangles) {
      const auto at = [&](size_t i) { return Vec2{mesh->uvs[t[i]][0] * 2 * kEdge, mesh->uvs[t[i]][1] * kEdge}; };
      const Vec2 a = at(0), b = at(1), c = at(2);
      const auto side = [](const Vec2& p, const Vec2& q, float x, float y) { return (q[0] - p[0]) * (y - p[1]) - (q[1] - p[1]) * (x - p[0]); };
      total += std::abs(static_cast<double>(side(a, b, c[0], c[1]))) / 2;
      for (auto y = static_cast<int64_t>(std::min({a[1], b[1], c[1]})); y <= static_cast<int64_t>(std::max({a[1], b[1], c[1]})); ++y)
        for (auto x = static_cast<int64_t>(std::min({a[0], b[0], c[0]})); x <= static_cast<int64_t>(std::max({a[0], b[0], c[0]})); ++x) {
          const float px = static_cast<float>(x) + 0.5F, py = static_cast<float>(y) + 0.5F;
          const float s = side(a, b, px, py), u = side(b, c, px, py), v = side(c, a, px, py);
          if ((s >= 0 && u >= 0 && v >= 0) || (s <= 0 && u <= 0 && v <= 0)) covered[static_cast<size_t>(y * 2 * kEdge + x)] = 1;
        }
    }
    const auto once = static_cast<double>(std::count(covered.begin(), covered.end(), 1));
    EXPECT_NEAR(total, once, 0.01 * once);
  }
}

TEST(Inflate, RefusesBadRequestsAndStopsWhenAsked) {
  EXPECT_FALSE(inflate(disc(64, 20), {.target_triangles = 3}));
  EXPECT_FALSE(inflate(disc(64, 20), {.size_mm = -1}));
  CancelToken token;
  token.cancel();
  const auto stopped = inflate(disc(64, 20), {}, &token);
  ASSERT_FALSE(stopped);
  EXPECT_EQ(stopped.error().code, ErrorCode::cancelled);
}

TEST(Decimate, KeepsASphereASphere) {
  Grid grid{40, 40, 40, 1, {-20, -20, -20}, std::vector<float>(64000)};
  for (int64_t i = 0; i < 64000; ++i)
    grid.values[static_cast<size_t>(i)] =
        15 - std::hypot(static_cast<float>(i % 40) - 20, static_cast<float>(i / 40 % 40) - 20, static_cast<float>(i / 1600) - 20);
  const Mesh fine = isosurface(grid), coarse = decimate(fine, 1000);
  EXPECT_TRUE(inspect(fine).manifold);
  EXPECT_EQ(inspect(fine).euler, 2);
  EXPECT_TRUE(inspect(coarse).manifold);
  EXPECT_LE(coarse.triangles.size(), 1000U);
  EXPECT_NEAR(inspect(coarse).volume, 4.18879 * 15 * 15 * 15, 0.03 * 4.18879 * 15 * 15 * 15);
}

TEST(Inspect, FindsWhatIsWrong) {
  const Mesh tetrahedron{{{0, 0, 0}, {1, 0, 0}, {0, 1, 0}, {0, 0, 1}}, {{0, 2, 1}, {0, 1, 3}, {1, 2, 3}, {0, 3, 2}}};
  EXPECT_TRUE(inspect(tetrahedron).manifold);
  EXPECT_NEAR(inspect(tetrahedron).volume, 1.0 / 6, 1e-6);
  Mesh open = tetrahedron;
  open.triangles.pop_back();
  EXPECT_FALSE(inspect(open).closed);
  Mesh turned = tetrahedron;
  std::swap(turned.triangles[0][0], turned.triangles[0][1]);
  EXPECT_TRUE(inspect(turned).closed);
  EXPECT_FALSE(inspect(turned).oriented);
}

TEST(MeshFiles, AreWellFormed) {
  const auto mesh = inflate(disc(64, 24), {.target_triangles = 500});
  ASSERT_TRUE(mesh);
  const auto glb = encode_glb(*mesh, [](auto) { return Result<std::string>(R"({"a":1})"); });
  ASSERT_TRUE(glb);
  const auto json = glb_json(*glb);
  ASSERT_TRUE(json);
  const auto gltf = parse_json(*json);
  ASSERT_TRUE(gltf);
  EXPECT_EQ((*gltf)["asset"]["extras"]["a"], 1);
  EXPECT_EQ((*gltf)["accessors"][3]["count"], mesh->triangles.size() * 3);
  EXPECT_EQ(encode_stl(welded(*mesh)).size(), 84 + 50 * mesh->triangles.size());
  const ObjFiles obj = encode_obj(*mesh, "object");
  EXPECT_EQ(std::count(obj.obj.begin(), obj.obj.end(), '\n'), static_cast<std::ptrdiff_t>(3 + 3 * mesh->positions.size() + mesh->triangles.size()));
  for (size_t cut = 0; cut < glb->size(); cut += 97) EXPECT_FALSE(glb_json(std::span(*glb).first(cut)));
}

TEST(Png, RoundTripKeepsPixelsAndTexts) {
  const Image picture = disc(33, 12);
  const auto png = encode_png(picture, {{"ptah-receipt", "{\"ü\":1}"}});
  ASSERT_TRUE(png);
  const auto again = decode_png(*png);
  ASSERT_TRUE(again);
  for (size_t i = 0; i < picture.rgba.size(); i += 4) ASSERT_EQ(std::memcmp(&picture.rgba[i], &again->rgba[i], 4), 0);
  EXPECT_EQ(*png_text(*png, "ptah-receipt"), "{\"ü\":1}");
  EXPECT_FALSE(png_text(*png, "other"));
  for (size_t cut = 0; cut < png->size(); ++cut) {
    EXPECT_FALSE(png_text(std::span(*png).first(cut), "other"));
    EXPECT_FALSE(decode_png(std::span(*png).first(cut))) << cut;
  }
}

}  // namespace ptah
