// Scenes of mesh files as they are rendered: textures, vertex colours, alpha.
#include "render/mesh_scene.h"

#include <gtest/gtest.h>

#include "media/image.h"
#include "render/trace/path_tracer.h"

namespace ptah {
namespace {

/// A sheet that faces +z, its left half red, its right half green; `right_alpha` is the alpha of the right half.
MeshScene sheet(uint8_t right_alpha) {
  Image picture = make_image(2, 1);
  const std::array<uint8_t, 8> pixels{255, 0, 0, 255, 0, 255, 0, right_alpha};
  std::copy(pixels.begin(), pixels.end(), picture.rgba.begin());
  MeshScene scene;
  scene.images = {{"colours", "image/png", value_or_throw(encode_png(picture))}};
  scene.materials = {{.name = "paint", .roughness = 1, .base_color_texture = {.image = 0}}};
  SceneMesh mesh{.path = "sheet"};
  mesh.mesh.positions = {{-1, -1, 0}, {1, -1, 0}, {1, 1, 0}, {-1, 1, 0}};
  mesh.mesh.normals.assign(4, {0, 0, 1});
  mesh.mesh.triangles = {{0, 1, 2}, {0, 2, 3}};
  mesh.uvs = {{0, 1}, {1, 1}, {1, 0}, {0, 0}};
  scene.meshes = {mesh};
  return scene;
}

/// A pixel of the left half and one of the right half, by both renderers, on a transparent background.
struct Seen {
  std::array<uint8_t, 4> left, right;
};
std::array<Seen, 2> seen(const MeshScene& from) {
  const RenderScene scene = value_or_throw(render_scene(from));
  const auto light = Environment::constant({0.8F, 0.8F, 0.8F});
  const FrameSettings frame{.width = 48, .height = 48, .background = {.kind = Background::Kind::transparent}, .ground = false};
  const Camera camera = Camera::looking_at(scene, {0, 0, 30}, 48, 48);
  const auto ready = value_or_throw(TracedScene::prepare(scene, light));
  const std::array<Image, 2> images{value_or_throw(value_or_throw(LitScene::prepare(scene, light))->frame(camera, frame)),
                                    developed(value_or_throw(ready->trace(camera, {.frame = frame, .samples = 16})), *ready, camera, frame)};
  std::array<Seen, 2> out{};
  for (size_t i = 0; i < 2; ++i) {
    std::copy_n(images[i].at(14, 24), 4, out[i].left.begin());
    std::copy_n(images[i].at(34, 24), 4, out[i].right.begin());
  }
  return out;
}

TEST(MeshScenes, TexturesOfWhatIsOpaqueHaveNoHoles) {
  for (const Seen& got : seen(sheet(0))) {
    EXPECT_GT(got.left[0], 2 * got.left[1]);
    EXPECT_GT(got.right[1], 2 * got.right[0]) << "green although its alpha is 0";
    EXPECT_EQ(got.right[3], 255);
  }
}

TEST(MeshScenes, MasksCutAtTheirCutoff) {
  MeshScene scene = sheet(100);
  scene.materials[0].alpha_mode = AlphaMode::mask;
  for (const float cutoff : {0.3F, 0.6F}) {
    scene.materials[0].alpha_cutoff = cutoff;
    for (const Seen& got : seen(scene)) {
      EXPECT_EQ(got.left[3], 255);
      EXPECT_EQ(got.right[3], cutoff < 0.5F ? 255 : 0) << cutoff;
    }
  }
}

TEST(MeshScenes, BlendedTexturesLetLightThrough) {
  MeshScene scene = sheet(128);
  scene.materials[0].alpha_mode = AlphaMode::blend;
  for (const Seen& got : seen(scene)) {
    EXPECT_GT(got.left[3], 240) << "the texture is interpolated between its two pixels";
    EXPECT_NEAR(got.right[3], 128, 24);
  }
}

TEST(MeshScenes, VertexColoursMultiply) {
  MeshScene scene = sheet(255);
  scene.meshes[0].colours.assign(4, {0.5F, 1, 1, 1});
  const auto plain = seen(sheet(255)), tinted = seen(scene);
  for (size_t i = 0; i < 2; ++i) {
    EXPECT_LT(tinted[i].left[0], plain[i].left[0] - 40);
    EXPECT_EQ(tinted[i].right[1], plain[i].right[1]);
  }
  scene.materials[0].base_color_texture = {};
  scene.materials[0].alpha_mode = AlphaMode::blend;
  scene.meshes[0].colours.assign(4, {1, 1, 1, 0.5F});
  for (const Seen& got : seen(scene)) EXPECT_NEAR(got.left[3], 128, 24);
}

TEST(MeshScenes, NumbersOfMaterialsArrive) {
  MeshScene scene = sheet(255);
  scene.materials[0].base_color = {0.25F, 0.5F, 0.75F, 0.5F};
  scene.materials[0].metallic = 0.3F;
  scene.materials[0].emission = {0.1F, 0.2F, 0.3F};
  scene.materials[0].emission_strength = 4;
  scene.materials[0].normal_scale = 0.5F;
  const RenderMaterial got = value_or_throw(render_scene(scene)).materials.at(0);
  EXPECT_EQ(got.albedo, (std::array<float, 3>{0.25F, 0.5F, 0.75F}));
  EXPECT_EQ(got.opacity, 0.5F);
  EXPECT_LT(got.alpha_cutoff, 0) << "an opacity below 1 is seen through";
  EXPECT_EQ(got.metallic, 0.3F);
  EXPECT_FLOAT_EQ(got.emission[2], 1.2F);
  EXPECT_EQ(got.normal_scale, 0.5F);
}

TEST(MeshScenes, TransmissionLetsLightThrough) {
  MeshScene scene = sheet(255);
  scene.materials[0].transmission = 0.75F;
  const RenderMaterial got = value_or_throw(render_scene(scene)).materials.at(0);
  EXPECT_EQ(got.opacity, 0.25F);
  for (const Seen& here : seen(scene)) {
    EXPECT_LT(here.left[3], 110);
    EXPECT_GT(here.left[3], 50) << "something of it is seen";
  }
}

TEST(MeshScenes, NormalsAreMadeWhereThereAreNone) {
  MeshScene scene = sheet(255);
  scene.meshes[0].mesh.normals.clear();
  const RenderScene got = value_or_throw(render_scene(scene));
  ASSERT_EQ(got.meshes[0].mesh.normals.size(), got.meshes[0].mesh.positions.size());
  EXPECT_NEAR(got.meshes[0].mesh.normals[0][2], 1, 1e-5F);
  EXPECT_EQ(got.meshes[0].uvs.size(), got.meshes[0].mesh.positions.size());
}

TEST(MeshScenes, BrokenTexturesAreNamed) {
  MeshScene scene = sheet(255);
  scene.images[0].bytes.resize(20);
  const auto cut = render_scene(scene);
  ASSERT_FALSE(cut);
  EXPECT_EQ(cut.error().code, ErrorCode::corrupt);
  EXPECT_NE(cut.error().message.find("texture"), std::string::npos);
  scene = sheet(255);
  scene.materials[0].normal_texture.image = 7;
  EXPECT_FALSE(render_scene(scene));
}

}  // namespace
}  // namespace ptah
