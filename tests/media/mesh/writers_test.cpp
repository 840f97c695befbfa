// What is written in each format is read again: the same surfaces, colours, names and sizes.
#include "media/mesh/write/mesh_writer.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "media/image.h"
#include "media/mesh/format_readers.h"
#include "media/zip_reader.h"

namespace ptah {

namespace {

/// Two colours, left and right.
Bytes picture() {
  Image image{2, 1, {}};
  image.rgba = {255, 0, 0, 255, 0, 0, 255, 255};
  return value_or_throw(encode_png(image));
}

SceneMesh tetrahedron(const std::string& path, uint32_t material, float at) {
  SceneMesh m;
  m.path = path;
  m.material = material;
  m.mesh.positions = {{at, 0.1F, 0}, {at + 1, 0.1F, 0}, {at, 1.1F, 0}, {at, 0.1F, 1.0F / 3}};
  m.mesh.triangles = {{0, 2, 1}, {0, 1, 3}, {0, 3, 2}, {1, 2, 3}};
  return m;
}

/// A textured part, one of a colour with vertex colours, and a pyramid with a quad as its base.
MeshScene scene() {
  MeshScene out;
  out.name = "toy";
  out.images = {{"halves", "image/png", picture()}};
  SceneMaterial painted, red;
  painted.name = "painted one";
  painted.base_color_texture.image = 0;
  painted.roughness = 0.25F;
  red.name = "red";
  red.base_color = {1, 0, 0, 0.5F};
  red.metallic = 1;
  red.emission = {0, 0, 0.5F};
  out.materials = {painted, red};
  SceneMesh a = tetrahedron("body/left", 0, 0), b = tetrahedron("tip", 1, 3);
  a.uvs = {{0.25F, 0.5F}, {0.25F, 0.5F}, {0.25F, 0.5F}, {0.25F, 0.5F}};
  b.colours = {{1, 1, 1, 1}, {0.5F, 1, 1, 1}, {1, 1, 1, 1}, {1, 1, 1, 1}};
  SceneMesh p;
  p.path = "roof";
  p.material = 1;
  p.mesh.positions = {{-1, 2, -1}, {1, 2, -1}, {1, 2, 1}, {-1, 2, 1}, {0, 3, 0}};
  p.mesh.triangles = {{0, 1, 2}, {0, 2, 3}, {1, 0, 4}, {2, 1, 4}, {3, 2, 4}, {0, 3, 4}};
  p.polygons = {{4, 3, 3, 3, 3}, {0, 1, 2, 3, 1, 0, 4, 2, 1, 4, 3, 2, 4, 0, 3, 4}};
  out.meshes = {a, b, p};
  for (SceneMesh& m : out.meshes) add_normals(m, 35);
  return out;
}

std::map<std::string, Bytes> written(const MeshScene& scene, const std::string& format, SceneNotes* notes = nullptr) {
  return value_or_throw(encode_mesh_scene(scene, *value_or_throw(find_mesh_format(format)), "toy", notes));
}

MeshScene again(const std::map<std::string, Bytes>& files, const std::string& name) {
  const NeighbourFiles beside = [&](const std::string& wanted) -> Result<Bytes> {
    if (const auto found = files.find(wanted); found != files.end()) return found->second;
    return fail(ErrorCode::not_found, "no {}", wanted);
  };
  SceneNotes notes;
  MeshScene out = value_or_throw(decode_mesh_scene(files.at(name), beside, {}, &notes));
  EXPECT_TRUE(notes.empty()) << notes[0];
  return out;
}

/// The largest difference between the places of two meshes with the same triangles.
float difference(const Mesh& a, const Mesh& b) {
  EXPECT_EQ(a.triangles.size(), b.triangles.size());
  float worst = 0;
  for (size_t t = 0; t < std::min(a.triangles.size(), b.triangles.size()); ++t)
    for (size_t c = 0; c < 3; ++c) worst = std::max(worst, length(a.positions[a.triangles[t][c]] - b.positions[b.triangles[t][c]]));
  return worst;
}

}  // namespace

TEST(WriteMesh, EveryFormatKeepsTheSurface) {
  const MeshScene from = scene();
  const double volume = inspect(welded(from)).volume;
  ASSERT_GT(volume, 1);
  for (const auto& [format, bound] : {std::pair("glb", 0.0F), {"obj", 0.0F}, {"ply", 0.0F}, {"stl", 1e-6F}, {"3mf", 3e-6F}}) {
    const auto files = written(from, format);
    const MeshScene back = again(files, fmt::format("toy.{}", format));
    EXPECT_LE(difference(joined(from), joined(back)), bound) << format;
    const MeshReport report = inspect(welded(back));
    EXPECT_TRUE(report.closed && report.oriented) << format;
    EXPECT_NEAR(report.volume, volume, 1e-5) << format;
    EXPECT_EQ(written(from, format), files) << "the same bytes";
  }
}

TEST(WriteMesh, ObjKeepsPartsFacesMaterialsAndTextures) {
  SceneNotes notes;
  const auto files = written(scene(), "obj", &notes);
  EXPECT_TRUE(notes.empty());
  EXPECT_EQ(files.at("toy-1.png"), picture());
  const MeshScene back = again(files, "toy.obj");
  ASSERT_EQ(back.meshes.size(), 3);
  EXPECT_EQ(back.meshes[0].path, "body/left");
  EXPECT_EQ(back.meshes[0].uvs[0], (Vec2{0.25F, 0.5F}));
  EXPECT_EQ(back.meshes[2].polygons.sizes, (std::vector<uint32_t>{4, 3, 3, 3, 3}));
  EXPECT_NEAR(std::min_element(back.meshes[1].colours.begin(), back.meshes[1].colours.end())->at(0), 0.5F, 1e-5F);
  const SceneMaterial& red = back.materials[back.meshes[1].material];
  EXPECT_EQ(red.name, "red");
  EXPECT_EQ(red.base_color, (std::array<float, 4>{1, 0, 0, 0.5F}));
  EXPECT_EQ(red.metallic, 1);
  EXPECT_NEAR(red.emission[2], 0.5F, 1e-5F);
  const SceneMaterial& painted = back.materials[back.meshes[0].material];
  EXPECT_EQ(painted.roughness, 0.25F);
  EXPECT_EQ(back.images.at(static_cast<size_t>(painted.base_color_texture.image)).bytes, picture());
  for (size_t i = 0; i < 3; ++i) EXPECT_LT(length(back.meshes[i].mesh.normals[0] - scene().meshes[i].mesh.normals[0]), 1e-5F);
}

TEST(WriteMesh, WhatLightGoesThroughIsClearInEveryFormat) {
  MeshScene glass = scene();
  glass.materials[1].base_color[3] = 0.5F;
  glass.materials[1].transmission = 0.5F;
  const MeshScene obj = again(written(glass, "obj"), "toy.obj");
  EXPECT_EQ(obj.materials[obj.meshes[1].material].base_color[3], 0.25F);
  const Bytes usdz = written(glass, "usdz").at("toy.usdz");
  ZipReader zip = value_or_throw(ZipReader::open(usdz));
  const Bytes layer = value_or_throw(zip.read("scene.usda", 1 << 20));
  EXPECT_NE(std::string(layer.begin(), layer.end()).find("float inputs:opacity = 0.25"), std::string::npos);
  const MeshScene glb = again(written(glass, "glb"), "toy.glb");
  EXPECT_EQ(glb.materials[1].base_color[3], 0.5F);
  EXPECT_EQ(glb.materials[1].transmission, 0.5F);
}

TEST(WriteMesh, PlyPaintsVerticesOrNamesItsTexture) {
  SceneNotes notes;
  const MeshScene several = again(written(scene(), "ply", &notes), "toy.ply");
  EXPECT_EQ(notes.size(), 2) << "one mesh, colours of vertices";
  EXPECT_NEAR(several.meshes[0].colours[0][0], 1, 1e-6F);  // red of the texture's left half, not its mean
  EXPECT_EQ(several.meshes[0].colours[0][2], 0);
  EXPECT_TRUE(several.meshes[0].polygons.empty()) << "triangles only";
  MeshScene one = scene();
  one.meshes.resize(1);
  const auto files = written(one, "ply");
  const MeshScene textured = again(files, "toy.ply");
  EXPECT_EQ(textured.images.at(0).bytes, picture());
  EXPECT_EQ(textured.meshes[0].uvs[0], (Vec2{0.25F, 0.5F}));
}

TEST(WriteMesh, ThreeMfHasAColourForEachTriangle) {
  const MeshScene back = again(written(scene(), "3mf"), "toy.3mf");
  std::map<std::string, std::array<float, 4>> colours;
  for (const SceneMesh& m : back.meshes) colours[m.path] = m.colours[0];
  EXPECT_EQ(colours["left"], (std::array<float, 4>{1, 0, 0, 1}));
  EXPECT_NEAR(colours["roof"][3], 0.5F, 0.01F);
  EXPECT_TRUE(colours.contains("tip"));
}

TEST(WriteMesh, UsdzIsAStoredArchiveAlignedAt64) {
  MeshScene from = scene();
  from.meshes[0].path = "2 \"legs\"/left";
  const Bytes usdz = written(from, "usdz").at("toy.usdz");
  EXPECT_STREQ(mesh_format_of(usdz)->name, "usdz");
  ZipReader zip = value_or_throw(ZipReader::open(usdz));
  const Bytes layer = value_or_throw(zip.read("scene.usda", 1 << 20));
  const std::string text(layer.begin(), layer.end());
  EXPECT_EQ(value_or_throw(zip.read("textures/1.png", 1 << 20)), picture());
  for (const std::string magic : {"#usda 1.0", "\x89PNG"}) {
    const std::string whole(usdz.begin(), usdz.end());
    const size_t at = whole.find(magic);
    ASSERT_NE(at, std::string::npos);
    EXPECT_EQ(at % 64, 0U) << magic;
  }
  for (const char* words : {"metersPerUnit = 1\n", "upAxis = \"Y\"", "def Xform \"_2__legs_\"", "string name = \"2 \\\"legs\\\"\"", "def Mesh \"left\"",
                            "int[] faceVertexCounts = [4, 3, 3, 3, 3]", "asset inputs:file = @textures/1.png@", "texCoord2f[] primvars:st = [(0.25, 0.5)",
                            "color3f[] primvars:displayColor", "rel material:binding = </toy/Materials/painted_one>", "float inputs:opacity = 0.5"})
    EXPECT_NE(text.find(words), std::string::npos) << words;
}

TEST(WriteMesh, PointsLieOnTheSurfaceAndHaveItsColours) {
  const MeshScene from = scene();
  const Bytes ply = value_or_throw(encode_ply_points(from, 1000, 3));
  const PointCloud cloud = value_or_throw(decode_ply_points(ply));
  ASSERT_EQ(cloud.positions.size(), 1000);
  ASSERT_EQ(cloud.normals.size(), 1000);
  size_t below = 0;
  for (size_t i = 0; i < 1000; ++i)
    if (std::abs(cloud.positions[i][1] - 0.1F) < 1e-6F) {
      ++below;
      EXPECT_LT(length(cloud.normals[i] - Vec3{0, -1, 0}), 1e-5F);
    }
  EXPECT_GT(below, 10);
  EXPECT_NE(value_or_throw(encode_ply_points(from, 1000, 4)), ply);
  // Four bytes of colour end a point; the first lies on the red half of the picture.
  EXPECT_EQ(Bytes(ply.end() - 1000 * 28 + 24, ply.end() - 1000 * 28 + 28), (Bytes{255, 0, 0, 255}));
}

TEST(WriteMesh, WhatIsIncompleteIsRefused) {
  EXPECT_EQ(encode_mesh_scene(scene(), *value_or_throw(find_mesh_format("gltf")), "a").error().code, ErrorCode::unsupported);
  const MeshFormat& stl = *value_or_throw(find_mesh_format("stl"));
  EXPECT_FALSE(encode_mesh_scene({}, stl, "a"));
  MeshScene broken = scene();
  broken.meshes[1].mesh.triangles[0][0] = 99;
  EXPECT_FALSE(encode_mesh_scene(broken, stl, "a"));
  broken = scene();
  broken.meshes[1].colours.pop_back();
  EXPECT_FALSE(encode_ply_points(broken, 10));
}

}  // namespace ptah
