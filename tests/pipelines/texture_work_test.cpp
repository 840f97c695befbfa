// Meshes in a material by words, as works: files, receipts, replay, verification.
#include "pipelines/texturing/texture_work.h"

#include <gtest/gtest.h>

#include <set>

#include "geometry/primitives.h"
#include "media/glb_scene.h"
#include "media/mesh/mesh_reader.h"
#include "pipelines/recipes.h"
#include "work/verification.h"
#include "work/work_folder.h"

namespace ptah {
namespace {

namespace fs = std::filesystem;

class TextureWork : public testing::Test {
 protected:
  void SetUp() override {
    fs::remove_all(folder_);
    fs::create_directories(folder_);
    SceneMesh node{.path = "statue/body"};
    const Mesh mesh = triangulated(cylinder_mesh(0.2F, 0.1F, 1));
    node.mesh = {mesh.positions, {}, mesh.triangles};
    add_normals(node, 40);
    SceneMesh plinth{.path = "statue/plinth"};
    const Mesh box = triangulated(box_mesh(0.6F, 0.1F, 0.6F));
    plinth.mesh = {box.positions, {}, box.triangles};
    add_normals(plinth, 40);
    write(value_or_throw(encode_glb({.name = "statue", .materials = {{}}, .meshes = {node, plinth}})));
  }
  void TearDown() override { fs::remove_all(folder_); }
  void write(const Bytes& bytes) { value_or_throw(write_file(mesh_, std::span<const uint8_t>(bytes))); }
  TextureTask task(const char* words = "rusty bronze") const { return {.mesh = mesh_, .material = words, .texels = 128}; }
  static Work made(const TextureTask& task) { return value_or_throw(texture_work(task, value_or_throw(texture_sources(task)))); }

  fs::path folder_ = fs::temp_directory_path() / fmt::format("ptah-texture-{}", ::getpid());
  fs::path mesh_ = folder_ / "statue.glb";
};

TEST_F(TextureWork, IsAGlbWithItsMapsAndTheNodesOfTheMesh) {
  TextureTask wanted = task("mossy brick");
  wanted.maps = true;
  const Work work = made(wanted);
  std::set<std::string> names;
  for (const auto& [name, bytes] : work.files) names.insert(name);
  EXPECT_EQ(names, (std::set<std::string>{"object.glb", "base-color.png", "metallic-roughness.png", "normal.png", "from-mesh.glb", "receipt.json"}));
  EXPECT_EQ(work.files.at("from-mesh.glb"), value_or_throw(read_file(mesh_)));
  const MeshScene scene = value_or_throw(decode_mesh_scene(work.files.at("object.glb"), {}));
  ASSERT_EQ(scene.meshes.size(), 2U);
  EXPECT_TRUE(scene.meshes[0].path.ends_with("body")) << scene.meshes[0].path;
  EXPECT_EQ(scene.meshes[1].mesh.triangles.size(), 12U);
  ASSERT_EQ(scene.materials.size(), 1U);
  EXPECT_EQ(scene.materials[0].name, "mossy brick");
  EXPECT_GE(scene.materials[0].normal_texture.image, 0);
  for (const SceneMesh& m : scene.meshes) EXPECT_EQ(m.uvs.size(), m.mesh.positions.size());
  const Image color = value_or_throw(decode_image(work.files.at("base-color.png")));
  EXPECT_EQ(color.width, 128);
  EXPECT_EQ(work.receipt["request"]["material"], "mossy brick");
  EXPECT_FALSE(work.receipt["request"].contains("mesh")) << "where it lay is nobody's business";
}

TEST_F(TextureWork, IsMadeAgainFromItsFolder) {
  const Work work = made(task());
  const fs::path place = folder_ / "work";
  value_or_throw(write_work(work, place));
  fs::remove(mesh_);
  ModelCache models;
  const auto again = replay_path(models, place);
  ASSERT_TRUE(again) << again.error().message;
  EXPECT_EQ(again->work.files, work.files);
  // Another mesh in its place is seen.
  Bytes other = work.files.at("from-mesh.glb");
  other.back() ^= 1;
  value_or_throw(write_file(place / "from-mesh.glb", std::span<const uint8_t>(other)));
  EXPECT_EQ(replay_path(models, place).error().code, ErrorCode::mismatch);
  fs::remove(place / "from-mesh.glb");
  EXPECT_EQ(replay_path(models, place).error().code, ErrorCode::not_found);
}

TEST_F(TextureWork, NamesOfSourcesInReceiptsStayInTheFolder) {
  const Work work = made(task());
  Json receipt = work.receipt;
  for (const char* name : {"../statue.glb", "a/b.glb", "/etc/passwd.", ".hidden.glb", "plain"}) {
    receipt["sources"] = {{name, work.receipt["sources"].begin().value()}};
    EXPECT_EQ(read_sources(receipt, folder_).error().code, ErrorCode::unsupported) << name;
  }
}

TEST_F(TextureWork, ChangesAreSeen) {
  const fs::path place = folder_ / "work";
  const Work work = made(task());
  value_or_throw(write_work(work, place));
  EXPECT_TRUE(value_or_throw(verify_work(place)).whole);
  EXPECT_TRUE(value_or_throw(verify_work(place / "object.glb")).whole) << "a single file has its receipt inside";
  Bytes glb = work.files.at("object.glb");
  glb[glb.size() - 100] ^= 1;
  value_or_throw(write_file(folder_ / "other.glb", std::span<const uint8_t>(glb)));
  EXPECT_FALSE(value_or_throw(verify_work(folder_ / "other.glb")).whole);
}

TEST_F(TextureWork, EveryFieldChangesTheWork) {
  const Work work = made(task("brick"));
  EXPECT_EQ(made(task("brick")).files, work.files);
  const auto other = [&](auto change) {
    TextureTask changed = task("brick");
    change(changed);
    return made(changed).files.at("object.glb") != work.files.at("object.glb");
  };
  EXPECT_TRUE(other([](TextureTask& t) { t.material = "blue brick"; }));
  EXPECT_TRUE(other([](TextureTask& t) { t.texels = 64; }));
  EXPECT_TRUE(other([](TextureTask& t) { t.scale = 2; }));
  // The mesh that was textured has coordinates now; they are kept, or not.
  write(work.files.at("object.glb"));
  TextureTask again = task("brick");
  const Bytes kept = made(again).files.at("object.glb");
  again.unwrap = true;
  again.texels = 64;
  const auto uvs = [](const Bytes& glb) { return value_or_throw(decode_mesh_scene(glb, {})).meshes.at(0).uvs; };
  EXPECT_EQ(uvs(kept), uvs(work.files.at("object.glb")));
  EXPECT_NE(uvs(made(again).files.at("object.glb")), uvs(kept));
}

TEST_F(TextureWork, AGltfWithItsFilesBecomesOneFile) {
  // The same mesh as glTF with a buffer beside it.
  const Bytes glb = value_or_throw(read_file(mesh_));
  const auto word = [&](size_t at) { return static_cast<size_t>(glb[at] | glb[at + 1] << 8 | glb[at + 2] << 16 | glb[at + 3] << 24); };
  const size_t json_size = word(12);
  Json json = value_or_throw(parse_json(std::string(glb.begin() + 20, glb.begin() + 20 + static_cast<std::ptrdiff_t>(json_size))));
  const Bytes body(glb.begin() + 28 + static_cast<std::ptrdiff_t>(json_size), glb.end());
  json["buffers"][0]["uri"] = "statue.bin";
  value_or_throw(write_file(folder_ / "statue.bin", std::span<const uint8_t>(body)));
  value_or_throw(write_file(folder_ / "statue.gltf", std::string_view(json.dump())));
  TextureTask other = task();
  other.mesh = folder_ / "statue.gltf";
  const Work work = made(other);
  EXPECT_TRUE(work.files.contains("from-mesh.glb"));
  EXPECT_EQ(value_or_throw(decode_mesh_scene(work.files.at("object.glb"), {})).meshes.size(), 2U);
}

TEST_F(TextureWork, OtherFormatsAndWorksAreMeshesToo) {
  value_or_throw(write_file(folder_ / "box.obj", std::string_view("v 0 0 0\nv 1 0 0\nv 0 1 0\nv 0 0 1\nf 1 3 2\nf 1 2 4\nf 1 4 3\nf 2 3 4\n")));
  TextureTask other = task();
  other.mesh = folder_ / "box.obj";
  const Work work = made(other);
  EXPECT_EQ(value_or_throw(decode_mesh_scene(work.files.at("object.glb"), {})).meshes.at(0).mesh.triangles.size(), 4U);
  value_or_throw(write_work(work, folder_ / "work"));
  other.mesh = folder_ / "work";
  EXPECT_EQ(made(other).files.at("from-mesh.glb"), work.files.at("object.glb"));
  fs::create_directories(folder_ / "other");
  fs::rename(folder_ / "box.obj", folder_ / "other" / "object.obj");
  other.mesh = folder_ / "other";
  EXPECT_EQ(value_or_throw(decode_mesh_scene(made(other).files.at("object.glb"), {})).meshes.at(0).mesh.triangles.size(), 4U);
}

TEST_F(TextureWork, WhatCannotBeIsSaid) {
  ModelCache models;
  const Recipe& recipe = *value_or_throw(find_recipe("texture"));
  const auto refused = [&](const Json& fields) {
    const auto request = open_request(recipe, fields);
    return request ? run_recipe(recipe, models, *request).error().code : request.error().code;
  };
  EXPECT_EQ(refused({{"mesh", mesh_.string()}, {"material", "rusty bronce"}}), ErrorCode::invalid_argument);
  EXPECT_EQ(refused({{"mesh", (folder_ / "none.glb").string()}, {"material", "wood"}}), ErrorCode::not_found);
  EXPECT_EQ(refused({{"mesh", mesh_.string()}, {"material", "wood"}, {"texels", 32}}), ErrorCode::invalid_argument);
  value_or_throw(write_file(folder_ / "text.glb", std::string_view("no mesh")));
  EXPECT_EQ(refused({{"mesh", (folder_ / "text.glb").string()}, {"material", "wood"}}), ErrorCode::unsupported);
  Bytes cut = value_or_throw(read_file(mesh_));
  cut.resize(cut.size() / 2);
  write(cut);
  EXPECT_EQ(refused({{"mesh", mesh_.string()}, {"material", "wood"}}), ErrorCode::corrupt);
}

}  // namespace
}  // namespace ptah
