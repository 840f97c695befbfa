// OBJ, PLY, STL and 3MF files give the meshes that stand in them, in metres with y up; those that lie are refused.
#include <gtest/gtest.h>

#include <cstring>

#include "media/mesh/format_readers.h"
#include "media/mesh/mesh_reader.h"
#include "media/mesh/polygons.h"
#include "media/mesh_files.h"
#include "media/three_mf.h"
#include "media/zip.h"
#include "media/zip_reader.h"

namespace ptah {

namespace {

Bytes bytes_of(std::string_view text) { return {text.begin(), text.end()}; }

const Bytes kPng{0x89, 'P', 'N', 'G', 1, 2};

NeighbourFiles neighbours(std::map<std::string, std::string> files) {
  return [files](const std::string& name) -> Result<Bytes> {
    if (name.ends_with(".png")) return kPng;
    if (const auto found = files.find(name); found != files.end()) return bytes_of(found->second);
    return fail(ErrorCode::not_found, "no {}", name);
  };
}

MeshScene good(const Bytes& bytes, const NeighbourFiles& files = {}, SceneNotes* notes = nullptr) {
  auto scene = decode_mesh_scene(bytes, files, {}, notes);
  EXPECT_TRUE(scene) << (scene ? "" : scene.error().message);
  if (!scene) throw Failure(scene.error());
  return std::move(*scene);
}
MeshScene good(std::string_view text, const NeighbourFiles& files = {}, SceneNotes* notes = nullptr) { return good(bytes_of(text), files, notes); }

void refused(const Bytes& bytes, ErrorCode code, const std::string& words) {
  const auto scene = decode_mesh_scene(bytes, {});
  ASSERT_FALSE(scene) << words;
  EXPECT_EQ(scene.error().code, code) << scene.error().message;
  EXPECT_NE(scene.error().message.find(words), std::string::npos) << scene.error().message;
}
void refused(std::string_view text, ErrorCode code, const std::string& words) { refused(bytes_of(text), code, words); }

double volume(const MeshScene& scene) { return inspect(joined(scene)).volume; }

/// A box of 1 × 2 × 3 m with a corner at 0, in OBJ's words: quads.
constexpr const char* kBox =
    "v 0 0 0\nv 1 0 0\nv 1 2 0\nv 0 2 0\nv 0 0 3\nv 1 0 3\nv 1 2 3\nv 0 2 3\n"
    "f 1 4 3 2\nf 5 6 7 8\nf 1 2 6 5\nf 2 3 7 6\nf 3 4 8 7\nf 4 1 5 8\n";

}  // namespace

TEST(Obj, QuadsGroupsAndMaterialsAreKept) {
  const std::string text = std::string("mtllib a.mtl\no box\nusemtl red one\n") + kBox +
                           "g lid\nusemtl wood\nv 0 2 0\nvt 0.25 0.75\nvn 0 2 0\nf -9/-1/-1 -8/-1/-1 -7/-1/-1 # the last but one\n"
                           "l 1 2\nf 1 2\n";
  SceneNotes notes;
  const MeshScene scene = good(text,
                               neighbours({{"a.mtl",
                                            "newmtl red one\nKd 1 0 0\nd 0.5\nNs 98\nPm 1\nKe 0 0 1\nmap_Bump x.png\n"
                                            "newmtl wood\nmap_Kd -s 2 2 -clamp on wood.png\nKd 0.1 0.1 0.1\nPr 0.3\n"}}),
                               &notes);
  ASSERT_EQ(scene.meshes.size(), 2);
  const SceneMesh& box = scene.meshes[0];
  EXPECT_EQ(box.path, "box");
  EXPECT_EQ(box.mesh.triangles.size(), 12);
  EXPECT_EQ(box.polygons.sizes, std::vector<uint32_t>(6, 4));
  EXPECT_NEAR(inspect({box.mesh.positions, box.mesh.triangles}).volume, 6, 1e-6);
  const SceneMaterial& red = scene.materials[box.material];
  EXPECT_EQ(red.name, "red one");
  EXPECT_EQ(red.base_color, (std::array<float, 4>{1, 0, 0, 0.5F}));
  EXPECT_FLOAT_EQ(red.roughness, std::sqrt(0.02F));
  EXPECT_EQ(red.metallic, 1);
  EXPECT_EQ(red.emission, (std::array<float, 3>{0, 0, 1}));
  const SceneMesh& lid = scene.meshes[1];
  EXPECT_EQ(lid.path, "box/lid");
  EXPECT_EQ(lid.mesh.positions[0], (Vec3{0, 0, 0}));  // −9 of nine
  EXPECT_EQ(lid.mesh.normals[0], (Vec3{0, 1, 0}));
  EXPECT_EQ(lid.uvs[0], (Vec2{0.25F, 0.25F}));
  const SceneMaterial& wood = scene.materials[lid.material];
  EXPECT_EQ(wood.base_color, (std::array<float, 4>{1, 1, 1, 1})) << "a texture stands in place of Kd";
  EXPECT_EQ(wood.base_color_texture.wrap_u, TextureWrap::clamp);
  EXPECT_EQ(scene.images.at(static_cast<size_t>(wood.base_color_texture.image)).bytes, kPng);
  EXPECT_EQ(notes.size(), 4) << fmt::format("{}", fmt::join(notes, "; "));  // map_Bump, -s, lines, a face of two corners
}

TEST(Obj, FacesWithoutTextureCoordinatesHaveNoTexture) {
  const MeshScene scene = good("mtllib a.mtl\nusemtl wood\nv 0 0 0\nv 1 0 0\nv 0 1 0\nvt 0 0\no bare\nf 1 2 3\no full\nf 1/1 2/1 3/1\n",
                               neighbours({{"a.mtl", "newmtl wood\nPr 0.25\nmap_Kd wood.png\n"}}));
  const SceneMaterial &bare = scene.materials[scene.meshes[0].material], &full = scene.materials[scene.meshes[1].material];
  EXPECT_EQ(bare.base_color_texture.image, -1);
  EXPECT_EQ(full.base_color_texture.image, 0);
  EXPECT_EQ(bare.name, full.name);
  EXPECT_EQ(bare.roughness, 0.25F);
}

TEST(Obj, ColoursUnitsContinuedLinesAndFacesBeforeVertices) {
  const MeshScene scene = good("# x; units: millimetres\nf 1 2 \\\n3\nv 0 0 0 1 0 0\nv 1000 0 0 0 1 0\r\nv 0 1e3 0 0.5 0.5 0.5\n");
  const SceneMesh& m = scene.meshes[0];
  EXPECT_EQ(m.mesh.positions[1], (Vec3{1, 0, 0}));
  EXPECT_EQ(m.colours[0], (std::array<float, 4>{1, 0, 0, 1}));
  EXPECT_NEAR(m.colours[2][0], 0.2140411F, 1e-6F) << "sRGB becomes linear";
  EXPECT_EQ(m.mesh.normals[0], (Vec3{0, 0, 1}));
}

TEST(Obj, WhatLiesIsRefused) {
  refused("v 0 0 0\nv 1 0 0\nv 0 1 0\nf 1 2 4\n", ErrorCode::corrupt, "line 4: index 4 of 3");
  refused("v 0 0 0\nv 1 0 0\nv 0 1 0\nf 1 2 -4\n", ErrorCode::corrupt, "index -4 of 3");
  refused("v 0 0 0\nv 1 0\nv 0 1 0\nf 1 2 3\n", ErrorCode::corrupt, "line 2: a number");
  refused("v 0 0 0\nv 1 0 nan\nv 0 1 0\nf 1 2 3\n", ErrorCode::corrupt, "line 2: a number");
  refused("v 0 0 0\nv 1 0 0\nv 0 1 0\nf 1/1 2/1 3/1\n", ErrorCode::corrupt, "index 1 of 0");
  refused("v 0 0 0\nv 1 0 0\nv 0 1 0\n", ErrorCode::corrupt, "no faces");
  refused("Dear Ann,\nthis is no mesh.\n", ErrorCode::unsupported, "no known format");
}

TEST(Polygons, AreCutInsideTheirOutline) {
  // A comb whose fan would cover what lies between its teeth.
  std::vector<Vec3> points;
  double area = 0;
  const int teeth = 20;
  for (int i = 0; i < teeth; ++i) {
    points.push_back({static_cast<float>(2 * i), 10, 0});
    points.push_back({static_cast<float>(2 * i + 1), 1, 0});
  }
  points.push_back({2.0F * teeth, 0, 0});
  points.push_back({0, 0, 0});
  std::reverse(points.begin(), points.end());  // counter-clockwise
  std::vector<uint32_t> corners(points.size());
  for (uint32_t i = 0; i < corners.size(); ++i) corners[i] = i;
  for (size_t i = 0; i < points.size(); ++i) {
    const Vec3 &a = points[i], &b = points[(i + 1) % points.size()];
    area += static_cast<double>(a[0] * b[1] - a[1] * b[0]) / 2;
  }
  const auto cut = [&](size_t steps) {
    std::vector<Triangle> triangles;
    cut_polygon(points, corners, triangles, steps);
    double sum = 0;
    for (const auto& [a, b, c] : triangles) sum += static_cast<double>(length(cross(points[b] - points[a], points[c] - points[a]))) / 2;
    EXPECT_EQ(triangles.size(), points.size() - 2);
    return sum;
  };
  EXPECT_GT(area, 0);
  EXPECT_NEAR(cut(1 << 20), area, 1e-3);
  EXPECT_GT(cut(0), area * 1.1) << "without steps it is a fan, which this test would notice";
}

TEST(Ply, EveryFormGivesTheSame) {
  const std::string head =
      "ply\nformat {} 1.0\ncomment by Ann\nelement vertex 4\nproperty float x\nproperty float y\nproperty float z\nproperty uchar red\nproperty uchar green\n"
      "property uchar blue\nproperty double quality\nelement face 4\nproperty list uchar int vertex_indices\nelement edge 1\nproperty int a\nend_header\n";
  const std::vector<std::array<float, 3>> corners{{0, 0, 0}, {1, 0, 0}, {0, 1, 0}, {0, 0, 1}};
  const std::vector<std::array<int32_t, 3>> faces{{0, 2, 1}, {0, 1, 3}, {0, 3, 2}, {1, 2, 3}};
  std::string text = fmt::format(fmt::runtime(head), "ascii"), little = fmt::format(fmt::runtime(head), "binary_little_endian"),
              big = fmt::format(fmt::runtime(head), "binary_big_endian");
  const auto put = [&](const auto& value) {
    std::string raw(reinterpret_cast<const char*>(&value), sizeof value);
    little += raw;
    big.append(raw.rbegin(), raw.rend());
  };
  for (const auto& c : corners) {
    text += fmt::format("{} {} {} 255 0 188 0.5\n", c[0], c[1], c[2]);
    for (const float v : c) put(v);
    for (const uint8_t v : {uint8_t{255}, uint8_t{0}, uint8_t{188}}) put(v);
    put(0.5);
  }
  for (const auto& f : faces) {
    text += fmt::format("3 {} {} {}\n", f[0], f[1], f[2]);
    put(uint8_t{3});
    for (const int32_t v : f) put(v);
  }
  text += "7\n", put(int32_t{7});
  for (const std::string& file : {text, little, big}) {
    SceneNotes notes;
    const MeshScene scene = good(file, {}, &notes);
    EXPECT_NEAR(volume(scene), 1.0 / 6, 1e-6);
    EXPECT_EQ(scene.meshes[0].colours[0][0], 1);
    EXPECT_NEAR(scene.meshes[0].colours[0][2], 0.5028865F, 1e-6F);
    EXPECT_EQ(notes.size(), 2) << "quality, edges";
    refused(file.substr(0, file.size() - 12), ErrorCode::corrupt, "PLY");
  }
}

TEST(Ply, OwnFilesTexturesStripsAndPointClouds) {
  TexturedMesh mesh;
  mesh.positions = {{0, 0, 0}, {1, 0, 0}, {0, 1, 0}};
  mesh.normals = {{0, 0, 1}, {0, 0, 1}, {0, 0, 1}};
  mesh.uvs = {{0, 1}, {1, 1}, {0, 0.25F}};
  mesh.triangles = {{0, 1, 2}};
  const MeshScene own = good(encode_ply(mesh));
  EXPECT_EQ(own.meshes[0].mesh.positions, mesh.positions) << "millimetres become metres again";
  EXPECT_EQ(own.meshes[0].uvs, mesh.uvs);
  const std::string textured =
      "ply\nformat ascii 1.0\ncomment TextureFile a b.png\nelement vertex 4\nproperty float x\nproperty float y\nproperty float z\nproperty float u\n"
      "property float v\nelement tristrips 1\nproperty list int int vertex_indices\nend_header\n0 0 0 0 0\n1 0 0 1 0\n0 1 0 0 1\n1 1 0 1 1\n4 0 1 2 3\n";
  const MeshScene strip = good(textured, neighbours({}));
  EXPECT_EQ(strip.meshes[0].mesh.triangles.size(), 2);
  EXPECT_EQ(strip.images.size(), 1);
  for (const Vec3& n : strip.meshes[0].mesh.normals) EXPECT_EQ(n, (Vec3{0, 0, 1})) << "strips turn every other triangle";
  const std::string cloud = "ply\nformat ascii 1.0\nelement vertex 1\nproperty float x\nproperty float y\nproperty float z\nend_header\n1 2 3\n";
  refused(cloud, ErrorCode::unsupported, "a point cloud of 1 points");
  EXPECT_EQ(value_or_throw(decode_ply_points(bytes_of(cloud))).positions, (std::vector<Vec3>{{1, 2, 3}}));
}

TEST(Ply, WhatLiesIsRefused) {
  const std::string vertex = "property float x\nproperty float y\nproperty float z\n";
  refused("ply\nformat ascii 1.0\nelement vertex 1000000000\n" + vertex + "end_header\n0 0 0\n", ErrorCode::corrupt, "more than the file holds");
  refused(
      "ply\nformat binary_little_endian 1.0\nelement vertex 0\n" + vertex + "element face 9999999\nproperty list uint uint vertex_indices\nend_header\n1234",
      ErrorCode::corrupt, "more than the file holds");
  refused(
      "ply\nformat ascii 1.0\nelement vertex 3\n" + vertex + "element face 1\nproperty list int int vertex_index\nend_header\n0 0 0\n1 0 0\n0 1 0\n3 0 1 3\n",
      ErrorCode::corrupt, "vertex 3 of 3");
  refused("ply\nformat ascii 1.0\nelement vertex 1\n" + vertex + "element face 1\nproperty list int int vertex_index\nend_header\n0 0 0\n999999999 0 0\n",
          ErrorCode::corrupt, "a list longer");
  refused("ply\nformat ascii 1.0\nelement vertex 1\nproperty float x\nend_header\n0\n", ErrorCode::corrupt, "without x, y and z");
  refused("ply\nformat oral 1.0\nend_header\n", ErrorCode::corrupt, "format");
  refused("ply\nformat ascii 1.0\nelement vertex 1\n", ErrorCode::corrupt, "header");
}

TEST(Stl, BothFormsAreRead) {
  const Mesh tetrahedron{{{0, 0, 0}, {1, 0, 0}, {0, 1, 0}, {0, 0, 1}}, {{0, 2, 1}, {0, 1, 3}, {0, 3, 2}, {1, 2, 3}}};
  Bytes binary = encode_stl(for_printing(tetrahedron));
  const MeshScene scene = good(binary);
  EXPECT_NEAR(volume(scene), 1.0 / 6, 1e-6);
  EXPECT_TRUE(inspect(welded(scene)).closed);
  // Lying on the floor, its corner is where it was: y is up again.
  EXPECT_NE(std::find(scene.meshes[0].mesh.positions.begin(), scene.meshes[0].mesh.positions.end(), (Vec3{0, 1, 0})), scene.meshes[0].mesh.positions.end());
  std::memcpy(binary.data(), "solid of a program", 18);
  EXPECT_NEAR(volume(good(binary)), 1.0 / 6, 1e-6) << "binary by its length";
  const std::string facet = "facet normal 0 0 1\n outer loop\n  vertex 0 0 0\n  vertex 1e3 0 0\n  vertex 0 1000 0\n endloop\nendfacet\n";
  const MeshScene two = good("solid one\n" + facet + "endsolid one\nsolid two/b\n" + facet + "endsolid\n");
  ASSERT_EQ(two.meshes.size(), 2);
  EXPECT_EQ(two.meshes[1].path, "two_b");
  EXPECT_EQ(two.meshes[0].mesh.positions[1], (Vec3{1, 0, 0}));
  refused("solid\nfacet normal 0 0 1\nouter loop\nvertex 0 0\n", ErrorCode::corrupt, "line 4");
  refused("solid\nfacet\nouter loop\nvertex 0 0 0\nvertex 0 0 0\nvertex 0 0 1\nvertex 0 0 1\n", ErrorCode::corrupt, "more than three corners");
  refused("solid\nfacet\nendsolid\n", ErrorCode::corrupt, "no triangles");
  Bytes infinite = encode_stl(tetrahedron);
  const float wrong = std::numeric_limits<float>::infinity();
  std::memcpy(infinite.data() + 96, &wrong, 4);
  refused(infinite, ErrorCode::corrupt, "a position at inf");
  refused("v 0 0 0\nv 2e9 0 0\nv 0 1 0\nf 1 2 3\n", ErrorCode::corrupt, "a position at 2e+09");
}

TEST(MeshOptions, UnitsAndAxesCanBeSaid) {
  const Bytes stl = encode_stl({{{0, 0, 0}, {1, 0, 0}, {0, 2, 0}}, {{0, 1, 2}}});
  const MeshScene scene = value_or_throw(decode_mesh_scene(stl, {}, {.metres_per_unit = 0.0254, .z_up = false}));
  EXPECT_NEAR(scene.meshes[0].mesh.positions[2][1], 50.8F, 1e-4F);
  EXPECT_FALSE(decode_mesh_scene(stl, {}, {.metres_per_unit = 0}));
}

namespace {

Bytes package(const std::string& model, const std::vector<ZipEntry>& more = {}) {
  std::vector<ZipEntry> entries{
      {"_rels/.rels", bytes_of("<Relationships><Relationship Id='a' Target='/3D/m.model' Type='http://schemas.microsoft.com/3dmanufacturing/2013/01/3dmodel'/>"
                               "</Relationships>")},
      {"3D/m.model", bytes_of(model)}};
  entries.insert(entries.end(), more.begin(), more.end());
  return value_or_throw(zip_archive(entries));
}

const std::string kTetrahedron =
    "<mesh><vertices><vertex x='0' y='0' z='0'/><vertex x='1' y='0' z='0'/><vertex x='0' y='1' z='0'/><vertex x='0' y='0' z='1'/></vertices><triangles>"
    "<triangle v1='0' v2='2' v3='1'/><triangle v1='0' v2='1' v3='3'/><triangle v1='0' v2='3' v3='2' pid='5' p1='1'/>"
    "<triangle v1='1' v2='2' v3='3' pid='6' p1='0' p2='1' p3='0'/></triangles></mesh>";
const std::string kResources =
    "<basematerials id='5'><base name='white' displaycolor='#FFFFFF'/><base name='A &amp; B' displaycolor='#FF000080'/></basematerials>"
    "<m:colorgroup id='6'><m:color color='#0000FF'/><m:color color='#00FF00'/></m:colorgroup>";

std::string model(const std::string& resources, const std::string& build, const std::string& more = "unit='inch'") {
  return "<?xml version='1.0'?><!-- a -->\n<model " + more + " xmlns:m='http://schemas.microsoft.com/3dmanufacturing/material/2015/02'><resources>" +
         resources + "</resources><build>" + build + "</build></model>";
}

}  // namespace

TEST(ThreeMf, ComponentsPropertiesAndUnits) {
  const std::string objects = "<object id='1' name='tip'>" + kTetrahedron +
                              "</object><object id='2' name='pair' type='model'><components><component objectid='1'/>"
                              "<component objectid='1' transform='-2 0 0 0 1 0 0 0 1 5 0 0'/></components></object><object id='3' type='support'>" +
                              kTetrahedron + "</object>";
  SceneNotes notes;
  const MeshScene scene =
      good(package(model(kResources + objects, "<item objectid='2' transform='1 0 0 0 1 0 0 0 1 0 0 10'/><item objectid='3'/>")), {}, &notes);
  EXPECT_NEAR(volume(scene), 0.0254 * 0.0254 * 0.0254 * 3 / 6, 1e-9) << "a mirrored part is turned outside again";
  ASSERT_EQ(scene.meshes.size(), 6) << "three materials, twice";
  EXPECT_EQ(scene.meshes[0].path, "pair/tip");
  float lowest = 1;
  for (const SceneMesh& m : scene.meshes)
    for (const Vec3& p : m.mesh.positions) lowest = std::min(lowest, p[1]);
  EXPECT_NEAR(lowest, 0.254F, 1e-6F) << "z is up in 3MF";
  std::vector<std::string> names;
  for (const SceneMaterial& m : scene.materials) names.push_back(m.name);
  EXPECT_EQ(names, (std::vector<std::string>{"default", "A & B", "colours 6"}));
  EXPECT_NEAR(scene.materials[1].base_color[3], 0.50196F, 1e-4F);
  const SceneMesh& coloured = *std::find_if(scene.meshes.begin(), scene.meshes.end(), [](const SceneMesh& m) { return m.material == 2; });
  EXPECT_EQ(coloured.colours[1], (std::array<float, 4>{0, 1, 0, 1}));
  EXPECT_EQ(notes.size(), 1) << "supports";
}

TEST(ThreeMf, TexturesOtherPartsAndOwnFiles) {
  const std::string textured =
      "<m:texture2d id='7' path='/3D/a.png' contenttype='image/png' tilestyleu='mirror'/><m:texture2dgroup id='8' texid='7'><m:tex2coord u='0.25' v='1'/>"
      "</m:texture2dgroup><object id='1' pid='8' pindex='0'><mesh><vertices><vertex x='0' y='0' z='0'/><vertex x='1' y='0' z='0'/><vertex x='0' y='1' z='0'/>"
      "</vertices><triangles><triangle v1='0' v2='1' v3='2'/></triangles></mesh></object>";
  const MeshScene scene =
      good(package(model("", "<item p:path='/3D/other.model' objectid='1'/>"), {{"3D/other.model", bytes_of(model(textured, ""))}, {"3D/a.png", kPng}}));
  EXPECT_EQ(scene.meshes[0].uvs[0], (Vec2{0.25F, 0}));
  EXPECT_EQ(scene.images.at(0).bytes, kPng);
  EXPECT_EQ(scene.materials[0].base_color_texture.wrap_u, TextureWrap::mirror);
  const Mesh tetrahedron{{{0, 0, 0}, {1, 0, 0}, {0, 1, 0}, {0, 0, 1}}, {{0, 2, 1}, {0, 1, 3}, {0, 3, 2}, {1, 2, 3}}};
  const MeshScene own = good(value_or_throw(encode_3mf("a <b>", {{255, 0, 0, 255}, {0, 255, 0, 255}}, {{"tip", tetrahedron, {0, 1, 1, 0}}})));
  EXPECT_NEAR(volume(own), 1.0 / 6, 1e-6);
  EXPECT_EQ(own.meshes[0].path, "tip");
}

TEST(ThreeMf, WhatLiesIsRefused) {
  const std::string object = "<object id='1'>" + kTetrahedron + "</object>", item = "<item objectid='1'/>", both = kResources + object;
  good(package(model(both, item)));
  refused(package(model(both, "<item objectid='2'/>")), ErrorCode::corrupt, "no object 2");
  refused(package(model(both, "")), ErrorCode::corrupt, "no triangles");
  refused(package(model(both, item, "unit='cubit'")), ErrorCode::corrupt, "cubit");
  refused(package(model(both, item, "requiredextensions='v' xmlns:v='http://example.org/volumes'")), ErrorCode::unsupported, "http://example.org/volumes");
  refused(package(model(kResources + "<object id='1'><components><component objectid='1'/></components></object>", item)), ErrorCode::unsupported, "deep");
  std::string twice;  // 2⁴⁰ tetrahedra
  for (int i = 2; i <= 40; ++i)
    twice += fmt::format("<object id='{0}'><components><component objectid='{1}'/><component objectid='{1}'/></components></object>", i, i - 1);
  refused(package(model(both + twice, "<item objectid='40'/>")), ErrorCode::over_budget, "components");
  refused(package(model(both + "<object id='1'/>", item)), ErrorCode::corrupt, "two objects");
  refused(package("<model><resources>"), ErrorCode::corrupt, "cut off");
  refused(package("<!DOCTYPE lolz [<!ENTITY a 'b'>]><model/>"), ErrorCode::corrupt, "document type");
  std::string deep;
  for (int i = 0; i < 70; ++i) deep += "<a>";
  refused(package(deep), ErrorCode::corrupt, "too deep");
  const Bytes whole = package(model(both, item));
  for (size_t size = 4; size < whole.size(); size += 7) EXPECT_FALSE(decode_mesh_scene({whole.data(), size}, {})) << size;
}

TEST(ZipReader, IsBoundedAndChecksWhatItReads) {
  const Bytes zeros(size_t{1} << 20, 0);
  Bytes archive = value_or_throw(zip_archive({{"a/zeros", zeros}, {"b", bytes_of("hello")}}));
  ASSERT_LT(archive.size(), 4096);
  ZipReader zip = value_or_throw(ZipReader::open(archive));
  EXPECT_EQ(value_or_throw(zip.read("a/zeros", size_t{1} << 20)), zeros);
  EXPECT_EQ(zip.read("b", size_t{1} << 20).error().code, ErrorCode::over_budget) << "the sum counts";
  EXPECT_EQ(zip.read("c", size_t{1} << 30).error().code, ErrorCode::not_found);
  const auto hello = std::search(archive.begin(), archive.end(), std::begin("hello"), std::end("hello") - 1);
  ASSERT_NE(hello, archive.end());
  *hello = 'j';
  ZipReader changed = value_or_throw(ZipReader::open(archive));
  EXPECT_EQ(changed.read("b", size_t{1} << 20).error().code, ErrorCode::corrupt) << "checksum";
}

}  // namespace ptah
