// Morph targets in GLB files: written, read again, put on, animated; broken files are refused.
#include <gtest/gtest.h>

#include "media/mesh/mesh_reader.h"
#include "media/mesh_files.h"
#include "media/morph/glb_morphs.h"

namespace ptah {

namespace {

/// A square of which one target raises a corner and another does nothing.
MorphedScene moving_square() {
  MorphedScene out;
  out.scene.name = "square";
  out.scene.materials.emplace_back();
  SceneMesh mesh;
  mesh.path = "skin";
  mesh.mesh.positions = {{0, 0, 0}, {1, 0, 0}, {1, 1, 0}, {0, 1, 0}};
  mesh.mesh.normals.assign(4, {0, 0, 1});
  mesh.mesh.triangles = {{0, 1, 2}, {0, 2, 3}};
  out.scene.meshes.push_back(mesh);
  mesh.path = "hair";
  out.scene.meshes.push_back(mesh);
  out.morphs = {{{"jawOpen", {2}, {{0, 0, 2}}, {{1, 0, 0}}, 0.5F}, {"tongueOut", {}, {}, {}, 0}}, {}};
  return out;
}

Json document_of(const Bytes& glb) { return value_or_throw(parse_json(value_or_throw(glb_json(glb)))); }

Vec3 corner(const Bytes& glb) { return value_or_throw(decode_mesh_scene(glb, {})).meshes.at(0).mesh.positions.at(2); }

Bytes replaced(const Bytes& glb, const std::string& from, const std::string& to) {
  Bytes out = glb;
  const auto found = std::search(out.begin(), out.end(), from.begin(), from.end());
  EXPECT_NE(found, out.end()) << from;
  std::copy(to.begin(), to.end(), found);
  return out;
}

}  // namespace

TEST(GlbMorphs, AreWrittenAsSparseAccessorsWithNames) {
  const Bytes glb = value_or_throw(encode_glb(moving_square()));
  const Json json = document_of(glb);
  const Json& mesh = json["meshes"][0];
  EXPECT_EQ(mesh["extras"]["targetNames"], Json({"jawOpen", "tongueOut"}));
  EXPECT_EQ(mesh["weights"], Json({0.5, 0}));
  const Json& accessor = json["accessors"][mesh["primitives"][0]["targets"][0]["POSITION"].get<size_t>()];
  EXPECT_EQ(accessor["count"], 4);
  EXPECT_EQ(accessor["sparse"]["count"], 1);
  EXPECT_EQ(accessor["max"], Json({0, 0, 2}));
  EXPECT_FALSE(json["meshes"][1].contains("extras")) << "a mesh that does not move has no targets";
}

TEST(GlbMorphs, PosedIsTheSceneWithItsWeights) {
  const MorphedScene scene = moving_square();
  EXPECT_FLOAT_EQ(posed(scene).meshes[0].mesh.positions[2][2], 1);
  EXPECT_NEAR(posed(scene).meshes[0].mesh.normals[2][0], 0.4472, 1e-3);
  const auto read = value_or_throw(GlbMorphs::read(value_or_throw(encode_glb(scene))));
  EXPECT_EQ(read->names(), (std::vector<std::string>{"jawOpen", "tongueOut"}));
  EXPECT_FLOAT_EQ(read->resting().at("jawOpen"), 0.5F);
  EXPECT_FLOAT_EQ(corner(value_or_throw(read->posed({})))[2], 1) << "the file's own weight";
  EXPECT_FLOAT_EQ(corner(value_or_throw(read->posed({{"jawOpen", 1}, {"nobody", 3}})))[2], 2);
  EXPECT_FLOAT_EQ(corner(value_or_throw(read->posed({{"jawOpen", 0}})))[2], 0);
}

TEST(GlbMorphs, AnimatedHasOneChannelAMovingNode) {
  const auto read = value_or_throw(GlbMorphs::read(value_or_throw(encode_glb(moving_square()))));
  const Bytes glb = value_or_throw(read->animated({{"jawOpen"}, {0, 0.5F, 1}, {0, 1, 0.25F}}, "talk"));
  const Json json = document_of(glb);
  ASSERT_EQ(json["animations"].size(), 1U);
  const Json& animation = json["animations"][0];
  ASSERT_EQ(animation["channels"].size(), 1U);
  EXPECT_EQ(animation["channels"][0]["target"]["path"], "weights");
  EXPECT_EQ(json["accessors"][animation["samplers"][0]["output"].get<size_t>()]["count"], 6) << "3 frames of 2 targets";
  EXPECT_EQ(json["accessors"][animation["samplers"][0]["input"].get<size_t>()]["max"], Json({1.0}));
  EXPECT_TRUE(decode_mesh_scene(glb, {})) << "still a mesh";
  EXPECT_EQ(read->animated({{"jawOpen"}, {}, {}}, "none").error().code, ErrorCode::invalid_argument);
  EXPECT_EQ(read->animated({{"jawOpen"}, {0, 1}, {0}}, "none").error().code, ErrorCode::invalid_argument);
}

TEST(GlbMorphs, RefusesWhatIsBroken) {
  MorphedScene scene = moving_square();
  scene.morphs[0][0].vertices = {9};
  EXPECT_EQ(encode_glb(scene).error().code, ErrorCode::invalid_argument);
  scene = moving_square();
  scene.morphs.pop_back();
  EXPECT_EQ(encode_glb(scene).error().code, ErrorCode::invalid_argument);
  EXPECT_EQ(GlbMorphs::read(value_or_throw(encode_glb(moving_square().scene))).error().code, ErrorCode::invalid_argument) << "no targets";
  const Bytes glb = value_or_throw(encode_glb(moving_square()));
  EXPECT_EQ(GlbMorphs::read(replaced(glb, "\"tongueOut\"]", "\"tongueOut\",")).error().code, ErrorCode::corrupt);
  EXPECT_EQ(GlbMorphs::read(replaced(glb, "[\"jawOpen\",\"tongueOut\"]", "[\"jawOpen__tongueOut\"]  ")).error().code, ErrorCode::corrupt)
      << "fewer names than targets";
  for (size_t i = 0; i < glb.size(); i += 7) {
    Bytes broken = glb;
    broken[i] ^= 0xFF;
    const auto read = GlbMorphs::read(broken);  // must not crash
    if (read) (void)(*read)->posed({{"jawOpen", 1}});
  }
}

}  // namespace ptah
