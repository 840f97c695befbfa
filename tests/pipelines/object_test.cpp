// From any picture to an object, or a plain word why not.
#include <gtest/gtest.h>

#include "media/mesh/mesh_reader.h"
#include "pipelines/create.h"

namespace ptah {
namespace {

constexpr ObjectRequest kNew{.target_triangles = 1000, .millimetres = true, .fit = kObjectFit};

Image filled(int64_t w, int64_t h, std::array<uint8_t, 4> colour) {
  Image out = make_image(w, h);
  for (size_t i = 0; i < out.rgba.size(); ++i) out.rgba[i] = colour[i % 4];
  return out;
}
/// Colours that change everywhere, so that nothing stands out.
Image photo(int64_t edge) {
  Image out = make_image(edge, edge);
  uint32_t state = 1;
  for (size_t i = 0; i < out.rgba.size(); ++i) {
    state = state * 1664525 + 1013904223;
    out.rgba[i] = i % 4 == 3 ? 255 : static_cast<uint8_t>(state >> 24);
  }
  return out;
}
Result<Work> made(const Image& picture, ObjectRequest request = kNew, Formats formats = {true, true, false, false, false}) {
  return object_work(picture, request, formats);
}
std::array<float, 3> extent(const Work& work) {
  const auto& obj = work.files.at("object.obj");
  std::array<float, 3> low{1e9F, 1e9F, 1e9F}, high{-1e9F, -1e9F, -1e9F};
  std::string text(obj.begin(), obj.end());
  for (size_t at = text.find("\nv "); at != std::string::npos; at = text.find("\nv ", at + 1)) {
    std::array<float, 3> p{};
    std::sscanf(text.c_str() + at + 3, "%f %f %f", p.data(), p.data() + 1, p.data() + 2);
    for (size_t i = 0; i < 3; ++i) low[i] = std::min(low[i], p[i]), high[i] = std::max(high[i], p[i]);
  }
  return {high[0] - low[0], high[1] - low[1], high[2] - low[2]};
}

TEST(Object, HasWhatIsAskedForOfItsFiles) {
  Image disc = filled(96, 96, {255, 255, 255, 0});
  for (int64_t y = 0; y < 96; ++y)
    for (int64_t x = 0; x < 96; ++x)
      if ((x - 48) * (x - 48) + (y - 48) * (y - 48) < 1600) disc.at(x, y)[0] = 200, disc.at(x, y)[3] = 255;
  ObjectRequest request = kNew;
  const Work plain = value_or_throw(made(disc, request));
  request.output = {.low_poly = 300, .lod = true, .collider = "hull", .pivot = "base"};
  const Work work = value_or_throw(made(disc, request, {.png = true, .glb = true, .obj = true, .stl = true}));
  const Bytes& glb = work.files.at("object.glb");
  const MeshScene scene = value_or_throw(decode_mesh_scene(glb, {}, {.all_levels = true}));
  std::map<std::string, size_t> triangles;
  for (const SceneMesh& m : scene.meshes) {
    triangles[m.path.substr(0, m.path.find('/'))] += m.mesh.triangles.size();
    MeshScene alone = scene;
    alone.meshes = {m};
    EXPECT_TRUE(inspect(welded(alone)).manifold) << m.path;
  }
  EXPECT_EQ(triangles.size(), 5U);
  EXPECT_LE(triangles["object_LOD0"], 300U);
  EXPECT_LE(triangles["object_LOD1"], 150U);
  EXPECT_TRUE(triangles.contains("object_collider"));
  EXPECT_LE(work.files.at("object.stl").size(), 84U + 300 * 50);
  EXPECT_EQ(value_or_throw(replay_object(work.receipt, {.from = disc})).files, work.files);
  EXPECT_FALSE(plain.receipt["request"].contains("lod"));
}

TEST(Object, OfNothingIsRefused) {
  const auto nothing = made(filled(64, 64, {0, 0, 0, 0}));
  ASSERT_FALSE(nothing);
  EXPECT_EQ(nothing.error().code, ErrorCode::invalid_argument);
  EXPECT_NE(nothing.error().message.find("transparent"), std::string::npos);
  EXPECT_FALSE(made(filled(64, 64, {9, 9, 9, 20}))) << "all but transparent";
}

TEST(Object, OfAPhotoOfWhichNothingWasCutOutIsSaid) {
  const auto block = made(photo(96));
  ASSERT_FALSE(block);
  EXPECT_NE(block.error().message.find("nothing could be cut out"), std::string::npos) << block.error().message;
  ObjectRequest slab = kNew;
  slab.solid = "slab";
  EXPECT_TRUE(made(photo(96), slab)) << "a plate of all of it, where that is asked for";
}

TEST(Object, OfThinAndTinyPicturesIsMade) {
  for (const auto& [w, h] : {std::pair<int64_t, int64_t>{2, 2000}, {2000, 2}, {1, 1}, {1, 300}, {3, 3}})
    for (const char* solid : {"round", "flat-back", "slab"}) {
      ObjectRequest request = kNew;
      request.solid = solid;
      const auto work = made(filled(w, h, {10, 200, 30, 255}), request);
      EXPECT_TRUE(work) << w << " × " << h << " " << solid << ": " << (work ? "" : work.error().message);
    }
}

TEST(Object, IsOfThePartThatShowsSomething) {
  Image small = make_image(400, 400);
  for (int64_t y = 180; y < 200; ++y)
    for (int64_t x = 100; x < 140; ++x) std::copy_n(std::array<uint8_t, 4>{200, 30, 30, 255}.data(), 4, small.at(x, y));
  const auto size = extent(value_or_throw(made(small, kNew, {true, true, true, false, false})));
  EXPECT_NEAR(size[0], 100, 0.5F);
  EXPECT_NEAR(size[1], 50, 5) << "half a per cent of the picture, twice as wide as high; before, all of it became a plate";
}

TEST(Object, ObjAndPlyAreInMillimetresAndSaySo) {
  Image disc = make_image(64, 64);
  for (int64_t y = 0; y < 64; ++y)
    for (int64_t x = 0; x < 64; ++x)
      if ((x - 32) * (x - 32) + (y - 32) * (y - 32) < 600) std::copy_n(std::array<uint8_t, 4>{200, 90, 30, 255}.data(), 4, disc.at(x, y));
  const Formats all{true, true, true, true, true};
  const Work work = value_or_throw(made(disc, kNew, all));
  EXPECT_NEAR(extent(work)[0], 100, 1);
  const auto text = [&](const char* name) { return std::string(work.files.at(name).begin(), work.files.at(name).begin() + 120); };
  EXPECT_NE(text("object.obj").find("millimetres"), std::string::npos);
  EXPECT_NE(text("object.ply").find("millimetres"), std::string::npos);
  // Earlier receipts lack the fields, and are made again as they were.
  const ObjectRequest before{.target_triangles = 1000};
  EXPECT_FALSE(to_json(before).contains("millimetres") || to_json(before).contains("fit"));
  const Work old = value_or_throw(made(disc, before, all));
  EXPECT_NEAR(extent(old)[0], 0.1F, 0.001F);
  EXPECT_EQ(value_or_throw(object_request(to_json(kNew))).fit, kObjectFit);
  for (const Work& one : {work, old}) EXPECT_EQ(value_or_throw(replay_object(one.receipt, {disc, {}, {}})).receipt, one.receipt);
}

}  // namespace
}  // namespace ptah
