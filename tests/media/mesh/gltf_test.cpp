// glTF files give the meshes that stand in them, where they stand; those that lie are refused.
#include <draco/compression/expert_encode.h>
#include <draco/mesh/triangle_soup_mesh_builder.h>
#include <gtest/gtest.h>

#include "media/glb_scene.h"
#include "media/image.h"
#include "media/mesh/mesh_reader.h"
#include "media/mesh_files.h"
#include "tests/files/temporary_folder.h"
#include "tests/media/mesh/gltf_builder.h"

namespace ptah {

namespace {

MeshScene good(const GltfBuilder& file, SceneNotes* notes = nullptr) {
  auto scene = decode_glb(file.glb(), notes);
  EXPECT_TRUE(scene) << (scene ? "" : scene.error().message);
  return scene ? std::move(*scene) : MeshScene{};
}

void refused(const GltfBuilder& file, ErrorCode code, const std::string& words) {
  const auto scene = decode_glb(file.glb());
  ASSERT_FALSE(scene) << words;
  EXPECT_EQ(scene.error().code, code) << scene.error().message;
  EXPECT_NE(scene.error().message.find(words), std::string::npos) << scene.error().message;
}

double volume(const MeshScene& scene) { return inspect(joined(scene)).volume; }

/// A scene that uses whatever one has.
MeshScene full_scene() {
  MeshScene scene;
  scene.name = "chair";
  scene.extras = R"({"maker":"Ann"})";
  scene.images = {{"wood", "image/png", {0x89, 'P', 'N', 'G', 1}},
                  {"bumps", "image/jpeg", {0xFF, 0xD8, 0xFF, 7}},
                  {"glow", "image/webp", {'R', 'I', 'F', 'F', 0, 0, 0, 0, 'W', 'E', 'B', 'P'}}};
  SceneMaterial wood;
  wood.name = "wood";
  wood.base_color = {0.5F, 0.25F, 0.125F, 1};
  wood.roughness = 0.75F, wood.metallic = 0.25F;
  wood.emission = {0, 1, 0.5F}, wood.emission_strength = 3;
  wood.base_color_texture = {0, TextureWrap::clamp, TextureWrap::mirror, true};
  wood.normal_texture.image = 1;
  wood.normal_scale = 0.5F;
  wood.emissive_texture.image = 2;
  wood.alpha_mode = AlphaMode::mask, wood.alpha_cutoff = 0.25F;
  wood.double_sided = true;
  SceneMaterial glass;
  glass.name = "glass";
  glass.base_color = {1, 1, 1, 0.5F};
  glass.alpha_mode = AlphaMode::blend;
  glass.transmission = 0.75F;
  scene.materials = {wood, glass};
  for (const char* path : {"seat", "legs/leg 1", "legs/leg 2"}) {
    SceneMesh m;
    m.path = path;
    m.mesh = shaded({{{0, 0, 0}, {1, 0, 0}, {0, 1, 0}, {0, 0, 1}}, {{0, 2, 1}, {0, 1, 3}, {0, 3, 2}, {1, 2, 3}}});
    for (size_t i = 0; i < m.mesh.positions.size(); ++i) {
      m.uvs.push_back({static_cast<float>(i) / 16, 0.25F});
      m.colours.push_back({1, static_cast<float>(i) / 16, 0, 0.5F});
    }
    m.material = scene.meshes.size() == 2 ? 1 : 0;
    m.extras = scene.meshes.empty() ? R"({"print":true})" : "";
    scene.meshes.push_back(m);
  }
  return scene;
}

}  // namespace

TEST(Gltf, WhatIsWrittenIsRead) {
  const MeshScene scene = full_scene();
  const Bytes glb = value_or_throw(encode_glb(scene));
  SceneNotes notes;
  const MeshScene again = value_or_throw(decode_glb(glb, &notes));
  EXPECT_TRUE(notes.empty()) << notes[0];
  EXPECT_EQ(again.name, "chair");
  EXPECT_EQ(again.extras, scene.extras);
  ASSERT_EQ(again.meshes.size(), 3);
  for (size_t i = 0; i < 3; ++i) {
    const SceneMesh &a = scene.meshes[i], &b = again.meshes[i];
    EXPECT_EQ(a.path, b.path);
    EXPECT_EQ(a.material, b.material);
    EXPECT_EQ(a.mesh.positions, b.mesh.positions);
    EXPECT_EQ(a.mesh.normals, b.mesh.normals);
    EXPECT_EQ(a.mesh.triangles, b.mesh.triangles);
    EXPECT_EQ(a.uvs, b.uvs);
    EXPECT_EQ(a.colours, b.colours);
    EXPECT_EQ(a.extras, b.extras);
  }
  ASSERT_EQ(again.images.size(), 3);
  for (size_t i = 0; i < 3; ++i) {
    EXPECT_EQ(again.images[i].bytes, scene.images[i].bytes);
    EXPECT_EQ(again.images[i].mime, scene.images[i].mime);
    EXPECT_EQ(again.images[i].name, scene.images[i].name);
  }
  EXPECT_EQ(value_or_throw(encode_glb(again)), glb) << "materials and all the rest";
}

TEST(Gltf, TransmissionIsKept) {
  const Bytes glb = value_or_throw(encode_glb(full_scene()));
  const MeshScene again = value_or_throw(decode_glb(glb));
  EXPECT_EQ(again.materials.at(0).transmission, 0);
  EXPECT_EQ(again.materials.at(1).transmission, 0.75F);
  const Json json = value_or_throw(parse_json(value_or_throw(glb_json(glb))));
  const auto& used = json["extensionsUsed"];
  EXPECT_NE(std::find(used.begin(), used.end(), "KHR_materials_transmission"), used.end());
  EXPECT_FALSE(json["materials"][0]["extensions"].contains("KHR_materials_transmission"));
  // A texture of it counts by the mean of its red.
  Image halves{2, 1, {255, 9, 9, 255, 0, 9, 9, 255}};
  const Bytes picture = value_or_throw(encode_png(halves));
  GltfBuilder file = tetrahedron();
  file.json["images"] = {{{"bufferView", file.view(picture.data(), picture.size())}, {"mimeType", "image/png"}}};
  file.json["textures"] = {{{"source", 0}}};
  file.json["materials"] = {{{"extensions", {{"KHR_materials_transmission", {{"transmissionFactor", 0.5}, {"transmissionTexture", {{"index", 0}}}}}}}}};
  file.json["meshes"][0]["primitives"][0]["material"] = 0;
  SceneNotes notes;
  const MeshScene half = value_or_throw(decode_glb(file.glb(), &notes));
  EXPECT_EQ(half.materials.at(0).transmission, 0.25F);
  EXPECT_TRUE(half.images.empty());
  ASSERT_EQ(notes.size(), 1U);
  EXPECT_NE(notes[0].find("its mean"), std::string::npos);
  file.json["images"][0]["bufferView"] = 0;
  EXPECT_EQ(value_or_throw(decode_glb(file.glb())).materials.at(0).transmission, 0.5F) << "what cannot be decoded is left out";
}

TEST(Gltf, TheReceiptOfAFileDoesNotGoOn) {
  MeshScene scene = full_scene();
  scene.extras = R"({"maker":"Ann","ptah":{"receipt":1}})";
  EXPECT_EQ(value_or_throw(decode_glb(value_or_throw(encode_glb(scene)))).extras, R"({"maker":"Ann"})");
}

TEST(Gltf, EveryKindOfNumberIsRead) {
  GltfBuilder file;
  const size_t floats = file.positions(kCorners);
  const size_t bytes = file.accessor(std::vector<int8_t>{0, 0, 0, 127, 0, 0, 0, 127, 0, 0, 0, 127}, 5120, "VEC3", 3, true);
  const size_t wide = file.accessor(std::vector<uint16_t>{0, 0, 0, 65535, 0, 0, 0, 65535, 0, 0, 0, 65535}, 5123, "VEC3", 3, true);
  const size_t plain = file.accessor(std::vector<int16_t>{0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 1}, 5122, "VEC3", 3);
  const size_t small = file.accessor(std::vector<uint8_t>(kFaces.begin(), kFaces.end()), 5121, "SCALAR", 1);
  const size_t middle = file.accessor(kFaces, 5123, "SCALAR", 1);
  const size_t large = file.accessor(std::vector<uint32_t>(kFaces.begin(), kFaces.end()), 5125, "SCALAR", 1);
  const size_t colours = file.accessor(std::vector<uint8_t>{255, 0, 0, 0, 255, 0, 51, 0, 0, 0, 0, 255}, 5121, "VEC3", 3, true);
  const size_t uvs = file.accessor(std::vector<uint16_t>{0, 0, 65535, 0, 0, 65535, 13107, 0}, 5123, "VEC2", 2, true);
  file.json["extensionsRequired"] = {"KHR_mesh_quantization"};
  const std::pair<size_t, size_t> kinds[] = {{floats, small}, {bytes, middle}, {wide, large}, {plain, small}};
  for (const auto& [positions, indices] : kinds)
    file.node({{"attributes", {{"POSITION", positions}, {"COLOR_0", colours}, {"TEXCOORD_0", uvs}}}, {"indices", indices}});
  const MeshScene scene = good(file);
  ASSERT_EQ(scene.meshes.size(), 4);
  for (const SceneMesh& m : scene.meshes) {
    EXPECT_NEAR(inspect({m.mesh.positions, m.mesh.triangles}).volume, 1.0 / 6, 1e-6);
    ASSERT_EQ(m.mesh.positions.size(), 12) << "flat: no face shares a corner";
    for (size_t v = 0; v < 12; ++v)
      if (m.mesh.positions[v] == Vec3{0, 1, 0}) {
        EXPECT_FLOAT_EQ(m.colours[v][0], 0.2F);
        EXPECT_EQ(m.colours[v][3], 1);
        EXPECT_EQ(m.uvs[v], (Vec2{0, 1}));
      }
  }
}

TEST(Gltf, InterleavedAndSparseNumbersAreRead) {
  GltfBuilder file;
  std::vector<float> mixed;  // positions with three floats of something else between
  for (size_t i = 0; i < 4; ++i) mixed.insert(mixed.end(), {kCorners[i * 3], kCorners[i * 3 + 1], kCorners[i * 3 + 2], 9, 9, 9});
  const size_t view = file.view(mixed.data(), mixed.size() * 4, 24);
  file.json["accessors"].push_back({{"bufferView", view}, {"componentType", 5126}, {"count", 4}, {"type", "VEC3"}});
  const std::vector<float> moved{0, 3, 0};
  const std::vector<uint16_t> which{2};
  const size_t where = file.view(which.data(), 2), what = file.view(moved.data(), 12);
  Json sparse = file.json["accessors"][0];
  sparse["sparse"] = {{"count", 1}, {"indices", {{"bufferView", where}, {"componentType", 5123}}}, {"values", {{"bufferView", what}}}};
  file.json["accessors"].push_back(sparse);
  const size_t indices = file.accessor(kFaces, 5123, "SCALAR", 1);
  file.node({{"attributes", {{"POSITION", 0}}}, {"indices", indices}});
  EXPECT_NEAR(volume(good(file)), 1.0 / 6, 1e-6);
  file.json["meshes"][0]["primitives"][0]["attributes"]["POSITION"] = 1;
  EXPECT_NEAR(volume(good(file)), 0.5, 1e-6);
  file.json["accessors"][1]["sparse"]["count"] = 2;
  refused(file, ErrorCode::corrupt, "sparse");
}

TEST(Gltf, StripsAndFansAreTriangles) {
  for (const int mode : {5, 6}) {
    GltfBuilder file;
    const size_t positions = file.positions({0, 0, 0, 1, 0, 0, mode == 5 ? 0.F : 1.F, 1, 0, mode == 5 ? 1.F : 0.F, 1, 0});
    file.node({{"attributes", {{"POSITION", positions}}}, {"mode", mode}});
    const Mesh mesh = joined(good(file));
    ASSERT_EQ(mesh.triangles.size(), 2);
    for (const Triangle& t : mesh.triangles)
      EXPECT_GT(cross(mesh.positions[t[1]] - mesh.positions[t[0]], mesh.positions[t[2]] - mesh.positions[t[0]])[2], 0) << mode;
  }
  SceneNotes notes;
  GltfBuilder file = tetrahedron();
  file.node({{"attributes", {{"POSITION", 0}}}, {"mode", 0}});
  EXPECT_EQ(good(file, &notes).meshes.size(), 1);
  ASSERT_EQ(notes.size(), 1);
  EXPECT_EQ(notes[0], "points and lines are left out");
}

TEST(Gltf, NodesPlaceTheirMeshes) {
  GltfBuilder file = tetrahedron({{"name", "leg/1"}, {"scale", {1, 2, 3}}, {"translation", {0, 10, 0}}});
  file.json["nodes"].push_back({{"name", "chair"}, {"children", {0}}, {"rotation", {0, 0, std::sqrt(0.5), std::sqrt(0.5)}}});  // a quarter turn about z
  file.json["scenes"] = {{{"nodes", {1}}}};
  const MeshScene scene = good(file);
  EXPECT_EQ(scene.name, "chair");
  EXPECT_EQ(scene.meshes.at(0).path, "leg_1");
  EXPECT_NEAR(volume(scene), 1, 1e-5);
  Vec3 low{99, 99, 99}, high{-99, -99, -99};
  for (const Vec3& p : scene.meshes[0].mesh.positions)
    for (size_t i = 0; i < 3; ++i) low[i] = std::min(low[i], p[i]), high[i] = std::max(high[i], p[i]);
  EXPECT_NEAR(low[0], -12, 1e-5);
  EXPECT_NEAR(high[0], -10, 1e-5);
  EXPECT_NEAR(high[1], 1, 1e-5);
  EXPECT_NEAR(high[2], 3, 1e-5);
  const GltfBuilder mirrored = tetrahedron({{"matrix", {-1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1}}});
  EXPECT_NEAR(volume(good(mirrored)), 1.0 / 6, 1e-6) << "still outward";
}

TEST(Gltf, ASkinStandsInItsRestingPose) {
  GltfBuilder file = tetrahedron({{"skin", 0}, {"translation", {100, 0, 0}}});  // of a skinned mesh the node's own place does not count
  const size_t joints = file.accessor(std::vector<uint8_t>{0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0}, 5121, "VEC4", 4);
  const size_t weights = file.accessor(std::vector<float>{1, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0}, 5126, "VEC4", 4);
  file.json["meshes"][0]["primitives"][0]["attributes"].update({{"JOINTS_0", joints}, {"WEIGHTS_0", weights}});
  file.json["nodes"].push_back({{"name", "root"}});
  file.json["nodes"].push_back({{"name", "arm"}, {"translation", {2, 0, 0}}});
  file.json["skins"] = {{{"joints", {1, 2}}}};
  EXPECT_NEAR(volume(good(file)), 3.0 / 6, 1e-6) << "the corner at x = 1 moved to 3";
  file.json["skins"][0]["joints"] = {1};
  refused(file, ErrorCode::corrupt, "joint");
}

TEST(Gltf, TextureTransformsMoveTheCoordinates) {
  GltfBuilder file = tetrahedron();
  const uint8_t png[] = {0x89, 'P', 'N', 'G'};
  const size_t picture = file.view(png, 4), uvs = file.accessor(std::vector<float>{0, 0, 1, 0, 0, 1, 1, 1}, 5126, "VEC2", 2);
  file.json["images"] = {{{"bufferView", picture}, {"mimeType", "image/png"}}};
  file.json["textures"] = {{{"source", 0}}};
  Json texture{{"index", 0}, {"texCoord", 1}, {"extensions", {{"KHR_texture_transform", {{"offset", {0.5, 0.25}}, {"scale", {2, 3}}}}}}};
  file.json["materials"] = {{{"pbrMetallicRoughness", {{"baseColorTexture", texture}}}}};
  Json& primitive = file.json["meshes"][0]["primitives"][0];
  primitive["material"] = 0;
  primitive["attributes"]["TEXCOORD_1"] = uvs;
  const MeshScene scene = good(file);
  EXPECT_EQ(scene.materials[0].base_color_texture.image, 0);
  for (size_t v = 0; v < 12; ++v)
    if (scene.meshes[0].mesh.positions[v] == Vec3{0, 0, 1}) {
      EXPECT_EQ(scene.meshes[0].uvs[v], (Vec2{2.5F, 3.25F}));
    }
}

TEST(Gltf, DracoIsRead) {
  draco::TriangleSoupMeshBuilder builder;
  builder.Start(4);
  const int attribute = builder.AddAttribute(draco::GeometryAttribute::POSITION, 3, draco::DT_FLOAT32);
  for (uint32_t t = 0; t < 4; ++t)
    builder.SetAttributeValuesForFace(attribute, draco::FaceIndex(t), &kCorners[kFaces[t * 3] * 3U], &kCorners[kFaces[t * 3 + 1] * 3U],
                                      &kCorners[kFaces[t * 3 + 2] * 3U]);
  const auto mesh = builder.Finalize();
  for (const int method : {0, 1}) {  // sequential, edgebreaker
    draco::ExpertEncoder encoder(*mesh);
    encoder.SetEncodingMethod(method);
    draco::EncoderBuffer packed;
    ASSERT_TRUE(encoder.EncodeToBuffer(&packed).ok());
    GltfBuilder file;
    const size_t view = file.view(packed.data(), packed.size());
    file.json["extensionsRequired"] = {"KHR_draco_mesh_compression"};
    file.json["accessors"] = {{{"componentType", 5126}, {"count", 4}, {"type", "VEC3"}}, {{"componentType", 5123}, {"count", 12}, {"type", "SCALAR"}}};
    file.node({{"attributes", {{"POSITION", 0}}},
               {"indices", 1},
               {"extensions", {{"KHR_draco_mesh_compression", {{"bufferView", view}, {"attributes", {{"POSITION", 0}}}}}}}});
    EXPECT_NEAR(volume(good(file)), 1.0 / 6, 1e-6) << method;
    file.json["bufferViews"][0]["byteLength"] = packed.size() / 2;
    refused(file, ErrorCode::corrupt, "Draco");
  }
}

TEST(Gltf, WhatLiesIsRefused) {
  const auto changed = [](const char* pointer, const Json& value) {
    GltfBuilder file = tetrahedron();
    file.json[Json::json_pointer(pointer)] = value;
    return file;
  };
  refused(changed("/accessors/0/count", 3), ErrorCode::corrupt, "index 3 of 3");
  refused(changed("/accessors/0/count", 5), ErrorCode::corrupt, "more than its bytes hold");
  refused(changed("/accessors/0/count", 1LL << 61), ErrorCode::over_budget, "16 million");
  refused(changed("/accessors/0/count", -1), ErrorCode::corrupt, "no index");
  refused(changed("/accessors/0/byteOffset", UINT64_MAX), ErrorCode::corrupt, "more than its bytes hold");
  refused(changed("/bufferViews/0/byteLength", 1000), ErrorCode::corrupt, "past the end");
  refused(changed("/bufferViews/0/byteOffset", UINT64_MAX - 10), ErrorCode::corrupt, "past the end");
  refused(changed("/bufferViews/0/byteStride", 4), ErrorCode::corrupt, "stride");
  refused(changed("/buffers", {{{"byteLength", 1000}}}), ErrorCode::corrupt, "bytes long");
  GltfBuilder circle = changed("/nodes/0/children", {0});
  circle.json["scenes"] = {{{"nodes", {0}}}};
  refused(circle, ErrorCode::corrupt, "two places");
  refused(changed("/nodes/0/mesh", 1), ErrorCode::corrupt, "meshes[1]");
  refused(changed("/asset/version", "1.0"), ErrorCode::unsupported, "1.0");
  refused(changed("/extensionsRequired", {"EXT_meshopt_compression"}), ErrorCode::unsupported, "EXT_meshopt_compression");
  refused(changed("/extensionsRequired", {"VENDOR_voxels"}), ErrorCode::unsupported, "VENDOR_voxels");
  refused(changed("/meshes/0/primitives/0/mode", 7), ErrorCode::corrupt, "mode 7");
  refused(changed("/buffers", {{{"byteLength", 4}, {"uri", "body.bin"}}}), ErrorCode::unsupported, "body.bin");
  Json zeros{{"componentType", 5126}, {"count", 1 << 24}, {"type", "VEC3"}};
  refused(changed("/accessors/0", zeros), ErrorCode::corrupt, "no bytes");
  GltfBuilder deep = tetrahedron();
  for (size_t i = 1; i <= 64; ++i) deep.json["nodes"].push_back({{"children", {i - 1}}});
  deep.json["scenes"] = {{{"nodes", {64}}}};
  refused(deep, ErrorCode::unsupported, "deep");
  deep.json["scenes"] = {{{"nodes", {63}}}};
  EXPECT_EQ(good(deep).meshes.size(), 1);
}

TEST(Gltf, OneMeshUsedTooOftenIsTooMuch) {
  GltfBuilder file;
  const std::vector<float> corners(3 * 65536);
  const size_t positions = file.positions(corners);
  std::vector<uint32_t> indices(3 * 65536);
  for (uint32_t i = 0; i < indices.size(); ++i) indices[i] = i % 65536;
  const size_t faces = file.accessor(indices, 5125, "SCALAR", 1);
  file.node({{"attributes", {{"POSITION", positions}, {"NORMAL", positions}}}, {"indices", faces}});
  for (int i = 0; i < 256; ++i) file.json["nodes"].push_back({{"mesh", 0}});
  refused(file, ErrorCode::over_budget, "16 million");
}

TEST(Gltf, NeighboursAreReadFromTheFolderOnly) {
  const TemporaryFolder folder;
  std::filesystem::create_directories(folder.path / "models");
  GltfBuilder file = tetrahedron();
  file.json["buffers"] = {{{"byteLength", file.body.size()}, {"uri", "the%20body.bin"}}};
  const auto write = [&](const std::string& uri) {
    file.json["buffers"][0]["uri"] = uri;
    value_or_throw(write_file(folder.path / "models" / "a.gltf", file.json.dump()));
    return read_mesh_scene(folder.path / "models" / "a.gltf");
  };
  value_or_throw(write_file(folder.path / "models" / "the body.bin", std::span<const uint8_t>(file.body)));
  value_or_throw(write_file(folder.path / "secret.bin", std::span<const uint8_t>(file.body)));
  std::filesystem::create_symlink("../secret.bin", folder.path / "models" / "link.bin");
  const auto scene = write("the%20body.bin");
  ASSERT_TRUE(scene) << scene.error().message;
  EXPECT_NEAR(volume(*scene), 1.0 / 6, 1e-6);
  EXPECT_EQ(scene->name, "a");
  for (const std::string& uri : std::vector<std::string>{"../secret.bin", "link.bin", "%2e%2e/secret.bin", (folder.path / "secret.bin").string()}) {
    const auto outside = write(uri);
    ASSERT_FALSE(outside) << uri;
    EXPECT_EQ(outside.error().code, ErrorCode::permission) << outside.error().message;
  }
  EXPECT_EQ(write("none.bin").error().code, ErrorCode::not_found);
  EXPECT_EQ(write("https://example.org/body.bin").error().code, ErrorCode::unsupported);
  EXPECT_NEAR(volume(*write("data:application/octet-stream;base64," +
                            [&] {
                              static const char* digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
                              std::string out;
                              for (size_t i = 0; i < file.body.size(); i += 3) {
                                uint32_t three = 0;
                                for (size_t k = 0; k < 3; ++k) three = three << 8 | (i + k < file.body.size() ? file.body[i + k] : 0U);
                                for (int k = 3; k >= 0; --k) out += digits[three >> (6 * k) & 63];
                              }
                              for (size_t i = 0; i < (3 - file.body.size() % 3) % 3; ++i) out[out.size() - 1 - i] = '=';
                              return out;
                            }())),
              1.0 / 6, 1e-6);
}

}  // namespace ptah
