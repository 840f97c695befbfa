// Objects by the network that sees both sides: its shape, the solid between two height fields, and what zeros mean.
#include <gtest/gtest.h>
#include <unistd.h>

#include <cmath>
#include <filesystem>
#include <limits>

#include "base/parallel.h"
#include "base/philox.h"
#include "geometry/mesh_errors.h"
#include "shape/fit.h"
#include "shape/inflate.h"
#include "shape/two_sided/height_fields.h"
#include "shape/two_sided/two_sided_model.h"
#include "tensor/ops.h"
#include "weights/safetensors.h"

namespace ptah {
namespace {

namespace fs = std::filesystem;

const TwoSidedConfig kSmall{.size = 32, .widths = {4, 8}, .blocks = {1, 1}, .attention_blocks = 1, .heads = 2};

/// Weights of chance for every layer, so that all of them count.
std::map<std::string, Tensor> weights_of_chance(const TwoSidedConfig& config, float scale = 0.15F) {
  Weights fresh = Weights::fresh(3);
  const TwoSidedNetwork made(Scope(fresh), config);
  std::map<std::string, Tensor> out;
  uint64_t stream = 0;
  for (const auto& [name, tensor] : fresh.all()) out.emplace(name, affine(Tensor::normal(tensor.shape(), 5, stream++), scale));
  return out;
}

/// A disc with a hole and stripes on a transparent background.
Image ring_picture(int64_t size) {
  Image out = make_image(size, size);
  for (int64_t y = 0; y < size; ++y)
    for (int64_t x = 0; x < size; ++x) {
      const double r = std::hypot(static_cast<double>(x) + 0.5 - static_cast<double>(size) / 2, static_cast<double>(y) + 0.5 - static_cast<double>(size) / 2);
      if (r > 0.45 * static_cast<double>(size) || r < 0.15 * static_cast<double>(size)) continue;
      const uint8_t colour[]{static_cast<uint8_t>(x / 4 % 2 ? 220 : 60), 120, 40, 255};
      std::copy_n(colour, 4, out.at(x, y));
    }
  return out;
}

Mask mask_of(int64_t size, const std::function<float(int64_t, int64_t)>& cover) {
  Mask out{size, std::vector<float>(static_cast<size_t>(size * size))};
  for (int64_t y = 0; y < size; ++y)
    for (int64_t x = 0; x < size; ++x) out.at(x, y) = cover(x, y);
  return out;
}

TEST(SolidBetween, IsClosedWhateverMaskAndHeights) {
  for (uint64_t seed = 0; seed < 20; ++seed) {
    Random random(seed);
    const Mask mask = mask_of(24, [&](int64_t, int64_t) { return random.uniform(); });
    uint64_t place = 0;
    const LabelledMesh solid = solid_between(
        mask,
        [&](float, float, bool) {
          Random here(seed, 1, 4 * place++);
          return TwoHeights{20 * here.uniform() - 10, 20 * here.uniform() - 10};
        },
        0.1F);
    const MeshReport report = inspect(solid.mesh);
    EXPECT_TRUE(report.closed && report.manifold && report.oriented) << seed;
    EXPECT_EQ(report.degenerate, 0) << seed;
    EXPECT_GT(report.volume, 0) << seed;
  }
  const Mask empty = mask_of(8, [](int64_t, int64_t) { return 0.0F; });
  const auto none = [](float, float, bool) { return TwoHeights{}; };
  EXPECT_TRUE(solid_between(empty, none, 1).mesh.triangles.empty());
}

TEST(SolidBetween, HasTheHolesAndTheVolumeOfItsMask) {
  const Mask square = mask_of(40, [](int64_t x, int64_t y) { return x >= 10 && x < 30 && y >= 10 && y < 30 ? 1.0F : 0.0F; });
  const auto slab = [](float, float, bool) { return TwoHeights{3, -2}; };
  const MeshReport whole = inspect(solid_between(square, slab, 0.1F).mesh);
  EXPECT_EQ(whole.euler, 2);
  EXPECT_NEAR(whole.volume, 400 * 5, 60);
  const Mask ring = mask_of(40, [&](int64_t x, int64_t y) { return x >= 16 && x < 24 && y >= 16 && y < 24 ? 0.0F : square.at(x, y); });
  EXPECT_EQ(inspect(solid_between(ring, slab, 0.1F).mesh).euler, 0) << "a hole makes a torus";
  const auto crossed = [](float, float, bool) { return TwoHeights{-1, 1}; };
  EXPECT_NEAR(inspect(solid_between(square, crossed, 0.5F).mesh).volume, 400 * 0.5, 20) << "a back before its front is put behind it";
}

TEST(TwoSidedNetwork, BeginsAsTheInflation) {
  Weights fresh = Weights::fresh(1);
  const TwoSidedNetwork network(Scope(fresh), usual_two_sided_config());
  int64_t count = 0;
  for (const auto& [name, tensor] : fresh.all()) count += tensor.elements();
  EXPECT_GT(count, 1'000'000);
  EXPECT_LT(count, 2'000'000);
  const Image picture = ring_picture(120);
  const Tensor seen = two_sided_input(picture, 128);
  EXPECT_EQ(seen.shape(), (Shape{1, 128, 128, kTwoSidedInputs}));
  for (const float v : network(seen, DType::f32).to_vector()) ASSERT_EQ(v, 0);
  const TexturedMesh made = value_or_throw(two_sided_object(network, picture, 4000));
  Mesh object = welded(made), inflated = welded(value_or_throw(inflate(cropped_for_object(picture), {.target_triangles = 4000, .slab_if_faint = false})));
  for (Mesh* mesh : {&object, &inflated}) {
    Box box = Box::of(mesh->positions);
    const float width = box.high[0] - box.low[0];
    for (Vec3& p : mesh->positions) p = (p - (box.low + box.high) * 0.5F) * (1 / width);
  }
  const MeshErrors errors = value_or_throw(mesh_errors(inflated, object, {.samples = 5000, .grid = 32}));
  EXPECT_LT(errors.chamfer, 0.012 * errors.diagonal);
  EXPECT_GT(errors.iou.value_or(0), 0.9);
}

TEST(TwoSidedNetwork, ReadsThePictureAndItsThickness) {
  const Tensor seen = two_sided_input(ring_picture(96), 64);
  const auto at = [&](int64_t x, int64_t y, int64_t c) { return seen.data<float>()[(y * 64 + x) * kTwoSidedInputs + c]; };
  EXPECT_EQ(at(0, 0, 3), -1);
  EXPECT_EQ(at(0, 0, 4), 0);
  EXPECT_NEAR(at(32, 10, 3), 1, 0.02);
  EXPECT_GT(at(32, 10, 4), 0.1F);
  EXPECT_LT(at(32, 10, 4), 0.6F);
  EXPECT_EQ(at(32, 32, 4), 0) << "the hole";
}

TEST(TwoSidedObject, IsClosedAndTheSameForAnyNumberOfThreads) {
  Weights weights(weights_of_chance(kSmall));
  const TwoSidedNetwork network(Scope(weights), kSmall);
  const Image picture = ring_picture(90);
  std::optional<TexturedMesh> first;
  for (const int threads : {1, 2, 3, 8}) {
    set_threads(threads);
    const TexturedMesh made = value_or_throw(two_sided_object(network, picture, 2000));
    const MeshReport report = inspect(welded(made));
    EXPECT_TRUE(report.closed && report.manifold && report.oriented);
    EXPECT_EQ(report.euler, 0);
    EXPECT_LE(made.triangles.size(), 2100U);
    if (!first) first = made;
    EXPECT_EQ(made.positions, first->positions) << threads;
    EXPECT_EQ(made.texture_png, first->texture_png) << threads;
  }
  set_threads(0);
}

TEST(TwoSidedObject, MirroredPicturesGiveMirroredMaps) {
  Weights weights(weights_of_chance(kSmall));
  const TwoSidedNetwork network(Scope(weights), kSmall);
  const Image picture = ring_picture(90);
  Image mirrored = picture;
  for (int64_t y = 0; y < 90; ++y)
    for (int64_t x = 0; x < 90; ++x) std::copy_n(picture.at(89 - x, y), 4, mirrored.at(x, y));
  const TwoSidedMaps one = two_sided_maps(network, two_sided_input(picture, 32)), other = two_sided_maps(network, two_sided_input(mirrored, 32));
  for (size_t y = 0; y < 32; ++y)
    for (size_t x = 0; x < 32; ++x) EXPECT_NEAR(one.front[y * 32 + x], other.front[y * 32 + 31 - x], 0.02);
}

TEST(TwoSidedObject, RefusesWhatCannotBe) {
  Weights weights(weights_of_chance(kSmall));
  const TwoSidedNetwork network(Scope(weights), kSmall);
  EXPECT_EQ(two_sided_object(network, ring_picture(60), 50).error().code, ErrorCode::invalid_argument);
  EXPECT_FALSE(two_sided_object(network, make_image(40, 40), 1000)) << "nothing is to be seen";
  CancelToken stop;
  stop.cancel();
  EXPECT_EQ(two_sided_object(network, ring_picture(60), 1000, {}, &stop).error().code, ErrorCode::cancelled);
  Image full = make_image(50, 30);
  std::fill(full.rgba.begin(), full.rgba.end(), uint8_t{255});
  const TexturedMesh plate = value_or_throw(two_sided_object(network, full, 1000));
  EXPECT_EQ(inspect(welded(plate)).euler, 2) << "a picture that is all object";
}

TEST(TwoSidedModel, ComesBackFromItsFileAndRefusesOthers) {
  const fs::path folder = fs::temp_directory_path() / fmt::format("ptah-two-sided-{}", ::getpid());
  fs::create_directories(folder);
  const auto saved = [&](std::map<std::string, Tensor> tensors, const Json& config) {
    TensorFile file;
    file.tensors = std::move(tensors);
    if (!config.is_null()) file.metadata["two_sided"] = config.dump();
    EXPECT_TRUE(write_safetensors(folder / "two_sided.safetensors", file));
    return folder / "two_sided.safetensors";
  };
  const auto model = value_or_throw(TwoSidedModel::load(saved(weights_of_chance(kSmall), to_json(kSmall))));
  EXPECT_EQ(model->network().config().size, 32);
  EXPECT_EQ(TwoSidedModel::load(folder / "two_sided.safetensors", std::string(64, '0')).error().code, ErrorCode::mismatch);
  EXPECT_EQ(TwoSidedModel::load(saved(weights_of_chance(kSmall), nullptr)).error().code, ErrorCode::corrupt);
  Json odd = to_json(kSmall);
  odd["size"] = 30;
  EXPECT_EQ(TwoSidedModel::load(saved(weights_of_chance(kSmall), odd)).error().code, ErrorCode::corrupt);
  auto hostile = weights_of_chance(kSmall);
  for (auto& [name, tensor] : hostile)
    for (int64_t i = 0; i < tensor.elements(); ++i) tensor.data<float>()[i] = std::numeric_limits<float>::quiet_NaN();
  const auto broken = value_or_throw(TwoSidedModel::load(saved(std::move(hostile), to_json(kSmall))));
  const MeshReport report = inspect(welded(value_or_throw(two_sided_object(broken->network(), ring_picture(60), 1000))));
  EXPECT_TRUE(report.closed && report.manifold) << "weights that are no numbers";
  fs::remove_all(folder);
}

TEST(TwoSidedModel, CanBePlanned) {
  Weights weights(weights_of_chance(kSmall));
  const TwoSidedNetwork network(Scope(weights), kSmall);
  const DryRun dry;
  plan_two_sided(network);
}

}  // namespace
}  // namespace ptah
