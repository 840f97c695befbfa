// Objects from one picture by a model of TripoSR's layout, against PyTorch (tools/reference/triposr.py made the model and the results).
#include <gtest/gtest.h>
#include <unistd.h>

#include <cmath>
#include <cstdlib>
#include <set>

#include "base/file.h"
#include "base/parallel.h"
#include "shape/reconstruction/field_surface.h"
#include "shape/reconstruction/field_texture.h"
#include "shape/reconstruction/prepared_picture.h"
#include "shape/reconstruction/reconstruction_model.h"
#include "tensor/device.h"
#include "weights/safetensors.h"
#include "weights/torch_file.h"

namespace ptah {
namespace {

namespace fs = std::filesystem;

const fs::path kGolden = fs::path(PTAH_SOURCE_DIR) / "tests" / "golden" / "triposr";

/// √(Σ(a − b)² / Σb²).
double relative_rms(const Tensor& made, const Tensor& wanted) {
  EXPECT_EQ(made.elements(), wanted.elements());
  const auto a = made.to_vector(), b = wanted.to_vector();
  double difference = 0, size = 0;
  for (size_t i = 0; i < std::min(a.size(), b.size()); ++i) {
    difference += (static_cast<double>(a[i]) - b[i]) * (static_cast<double>(a[i]) - b[i]);
    size += static_cast<double>(b[i]) * b[i];
  }
  return std::isfinite(difference) ? std::sqrt(difference / size) : 1e30;
}

std::vector<Vec3> points_of(const Tensor& t) {
  std::vector<Vec3> out(static_cast<size_t>(t.dim(0)));
  for (size_t i = 0; i < out.size(); ++i) std::copy_n(t.data<float>() + i * 3, 3, out[i].data());
  return out;
}

Image image_of(const Tensor& rgba) {
  Image out = make_image(rgba.dim(1), rgba.dim(0));
  std::copy_n(rgba.data<uint8_t>(), out.rgba.size(), out.rgba.data());
  return out;
}

std::shared_ptr<const ReconstructionModel> loaded(const fs::path& path) {
  return value_or_throw(ReconstructionModel::load(value_or_throw(reconstruction_files(path))));
}

struct Differences {
  double picture, tokens, planes, field;
};
/// Each stage from what the stage before it makes here.
Differences differences(const fs::path& folder, DType type) {
  const auto model = loaded(folder);
  const auto wanted = value_or_throw(read_safetensors(folder / "results.safetensors")).tensors;
  const Tensor picture = value_or_throw(prepared_picture(image_of(wanted.at("rgba")), model->config().picture_size));
  const Tensor tokens = model->picture_tokens(picture, type), planes = model->planes(tokens);
  return {relative_rms(picture, wanted.at("picture")), relative_rms(tokens, wanted.at("tokens")), relative_rms(planes, wanted.at("planes")),
          relative_rms(model->field(planes).at_model(points_of(wanted.at("points"))), wanted.at("field"))};
}

TEST(Reconstruction, IsThatOfPyTorch) {
  const Differences d = differences(kGolden, DType::f32);
  EXPECT_LT(d.picture, 1e-6);
  EXPECT_LT(d.tokens, 1e-5);
  EXPECT_LT(d.planes, 1e-5);
  EXPECT_LT(d.field, 1e-5);
  RecordProperty("relative RMS", fmt::format("tokens {:.1e}, planes {:.1e}, field {:.1e}", d.tokens, d.planes, d.field));
}

TEST(Reconstruction, PositionsAreResampledByTheScaleThatModelsWereTrainedWith) {
  const Tensor grid = Tensor::normal({4, 4, 8}, 1, 1);
  EXPECT_GT(relative_rms(bicubic(grid, 6, 6, 4 / 6.1, 4 / 6.1), bicubic(grid, 6, 6, 4 / 6.0, 4 / 6.0)), 1e-3) << "the tolerance above would see it";
  EXPECT_EQ(relative_rms(bicubic(grid, 4, 4, 1, 1), grid), 0);
}

TEST(Reconstruction, InBf16IsNear) {
  const Differences d = differences(kGolden, DType::bf16);
  EXPECT_LT(d.tokens, 0.02);
  EXPECT_LT(d.planes, 0.03);
  EXPECT_LT(d.field, 0.1);
}

/// tools/reference/triposr.py --full FOLDER; PTAH_TRIPOSR=FOLDER.
TEST(Reconstruction, FullWidthIsThatOfPyTorch) {
  const char* folder = std::getenv("PTAH_TRIPOSR");
  if (!folder) GTEST_SKIP() << "PTAH_TRIPOSR names no folder with a model of the published size";
  const Differences d = differences(folder, DType::f32);
  fmt::print("picture {:.1e}, tokens {:.1e}, planes {:.1e}, field {:.1e} (relative RMS)\n", d.picture, d.tokens, d.planes, d.field);
  EXPECT_LT(d.tokens, 1e-4);
  EXPECT_LT(d.planes, 1e-4);
  EXPECT_LT(d.field, 1e-4);
}

/// The small model's files in a folder of the test's own, changed.
class ReconstructionFilesOf : public testing::Test {
 protected:
  void SetUp() override { fs::create_directories(folder_); }
  void TearDown() override { fs::remove_all(folder_); }

  TensorFile tensors() const { return value_or_throw(read_tensor_file(kGolden / "model.ckpt")); }
  std::string config() const { return value_or_throw(read_text(kGolden / "config.yaml")); }
  std::string config_with(const std::string& from, const std::string& to) const {
    std::string text = config();
    const size_t at = text.find(from);
    EXPECT_NE(at, std::string::npos) << from;
    return text.replace(at, from.size(), to);
  }
  void write(const TensorFile& file, const std::string& yaml) const {
    value_or_throw(write_safetensors(folder_ / "model.safetensors", file));
    value_or_throw(write_file(folder_ / "config.yaml", std::string_view(yaml)));
  }
  Result<std::shared_ptr<const ReconstructionModel>> load() const {
    PTAH_TRY(const ReconstructionFiles files, reconstruction_files(folder_));
    return ReconstructionModel::load(files);
  }
  Error refused(const TensorFile& file, const std::string& yaml) const {
    write(file, yaml);
    const auto model = load();
    EXPECT_FALSE(model);
    return model ? Error{} : model.error();
  }

  fs::path folder_ = fs::temp_directory_path() / fmt::format("ptah-reconstruction-{}", ::getpid());
};

TEST_F(ReconstructionFilesOf, SafetensorsAreAsGoodAsPyTorchs) {
  write(tensors(), config());
  const auto picture = value_or_throw(read_safetensors(kGolden / "results.safetensors")).tensors.at("picture");
  EXPECT_EQ(relative_rms(value_or_throw(load())->picture_tokens(picture, DType::f32), loaded(kGolden)->picture_tokens(picture, DType::f32)), 0);
}

TEST_F(ReconstructionFilesOf, EveryTensorIsUsedOrRefused) {
  TensorFile more = tensors();
  more.tensors["backbone.extra.weight"] = Tensor::zeros({2, 2});
  EXPECT_NE(refused(more, config()).message.find("'backbone.extra.weight'"), std::string::npos);
  const TensorFile whole = tensors();
  for (const auto& [name, tensor] : whole.tensors) {
    TensorFile less = whole, odd = whole;
    less.tensors.erase(name);
    odd.tensors[name] = Tensor::zeros({3, 7, 2});
    if (name.find("pooler") != std::string::npos) continue;
    write(less, config());
    EXPECT_FALSE(load()) << "without " << name;
    const Error error = refused(odd, config());
    EXPECT_TRUE(error.code == ErrorCode::mismatch || error.code == ErrorCode::unsupported || error.code == ErrorCode::corrupt) << name << error.message;
    EXPECT_NE(error.message.find("model.safetensors"), std::string::npos) << error.message;
  }
  TensorFile integers = whole;
  integers.tensors["backbone.norm.weight"] = Tensor::zeros({16}, DType::i32);
  EXPECT_EQ(refused(integers, config()).code, ErrorCode::unsupported);
}

TEST_F(ReconstructionFilesOf, EveryKeyIsUsedHarmlessOrRefused) {
  const TensorFile whole = tensors();
  for (const auto& [from, to] : std::vector<std::pair<std::string, std::string>>{{"plane_size: 4", "plane_size: 5"},
                                                                                 {"num_channels: 16", "num_channels: 32"},
                                                                                 {"num_layers: 2", "num_layers: 3"},
                                                                                 {"attention_head_dim: 8", "attention_head_dim: 16"},
                                                                                 {"cross_attention_dim: 128", "cross_attention_dim: 64"},
                                                                                 {"out_channels: 6", "out_channels: 7"},
                                                                                 {"in_channels: 18", "in_channels: 6"},
                                                                                 {"n_neurons: 16", "n_neurons: 8"},
                                                                                 {"n_hidden_layers: 3", "n_hidden_layers: 4"},
                                                                                 {"norm_num_groups: 4", "norm_num_groups: 5"},
                                                                                 {"norm_num_groups: 4", "norm_num_groups: 0"},
                                                                                 {"cond_image_size: 24", "cond_image_size: 23"},
                                                                                 {"cond_image_size: 24", "cond_image_size: 1000000"},
                                                                                 {"cond_image_size: 24", "cond_image_size: big"},
                                                                                 {"activation: silu", "activation: tanh"},
                                                                                 {"feature_reduction: concat", "feature_reduction: sum"},
                                                                                 {"density_activation: exp", "density_activation: relu"},
                                                                                 {"radius: 0.87", "radius: -1"},
                                                                                 {"NeRFMLP", "OtherMLP"},
                                                                                 {"facebook/dino-vitb16", "facebook/dinov2-base"}}) {
    const Error error = refused(whole, config_with(from, to));
    EXPECT_NE(error.message.find("config.yaml"), std::string::npos) << to << ": " << error.message;
    EXPECT_NE(error.message.find('\'' + to.substr(0, to.find(':'))), to.find(':') == std::string::npos ? 0 : std::string::npos) << error.message;
  }
  write(whole, config_with("num_samples_per_ray: 128", "num_samples_per_ray: 7\n  new_in_2027: 1"));
  const auto model = load();
  ASSERT_TRUE(model) << model.error().message;
  ASSERT_EQ((*model)->notes().size(), 1U);
  EXPECT_NE((*model)->notes()[0].find("new_in_2027"), std::string::npos);
}

TEST_F(ReconstructionFilesOf, UsedKeysChangeWhatIsComputed) {
  const TensorFile whole = tensors();
  const auto results = value_or_throw(read_safetensors(kGolden / "results.safetensors")).tensors;
  const auto field = [&](const std::string& yaml) {
    write(whole, yaml);
    const auto model = value_or_throw(load());
    const Tensor picture = value_or_throw(prepared_picture(image_of(results.at("rgba")), model->config().picture_size));
    const Tensor planes = model->planes(model->picture_tokens(picture, DType::f32));
    const TriplaneField made = model->field(planes);
    return std::pair{made.at_model(points_of(results.at("points"))), made.config().before_activation(25)};
  };
  const auto usual = field(config());
  for (const auto& [from, to] :
       std::vector<std::pair<std::string, std::string>>{{"cond_image_size: 24", "cond_image_size: 28"},
                                                        {"num_attention_heads: 2\n  attention_head_dim: 8", "num_attention_heads: 4\n  attention_head_dim: 4"},
                                                        {"norm_num_groups: 4", "norm_num_groups: 2"},
                                                        {"activation: silu", "activation: relu"},
                                                        {"radius: 0.87", "radius: 1.0"}})
    EXPECT_GT(relative_rms(field(config_with(from, to)).first, usual.first), 1e-3) << to;
  EXPECT_FLOAT_EQ(usual.second, std::log(25.0F) + 1);
  EXPECT_FLOAT_EQ(field(config_with("density_bias: -1.0", "density_bias: -2")).second, std::log(25.0F) + 2);
  EXPECT_NEAR(field(config_with("density_activation: exp", "density_activation: softplus")).second, 26, 1e-3);
}

TEST_F(ReconstructionFilesOf, AMeanOfPlanesIsComputed) {
  TensorFile file = tensors();
  const Tensor first = slice(cast(file.tensors.at("decoder.layers.0.weight"), DType::f32), 1, 0, 6);
  file.tensors["decoder.layers.0.weight"] = first;
  std::string yaml = config_with("feature_reduction: concat", "feature_reduction: mean");
  yaml.replace(yaml.find("in_channels: 18"), 15, "in_channels: 6 ");
  write(file, yaml);
  const auto results = value_or_throw(read_safetensors(kGolden / "results.safetensors")).tensors;
  const std::vector<Vec3> points = points_of(results.at("points"));
  const auto model = value_or_throw(load());
  const Tensor means = model->field(results.at("planes")).at_model(points);
  // The same by a field that sees all three, each with a third of the weights.
  TensorFile wide = tensors();
  const Tensor third = affine(first, 1.0F / 3);
  wide.tensors["decoder.layers.0.weight"] = concat({third, third, third}, 1);
  write(wide, config());
  const auto other = value_or_throw(load());
  EXPECT_LT(relative_rms(means, other->field(results.at("planes")).at_model(points)), 1e-5);
}

TEST(Reconstruction, WithoutAConfigurationTheModelIsThePublishedOne) {
  const fs::path folder = fs::temp_directory_path() / fmt::format("ptah-published-{}", ::getpid());
  fs::create_directories(folder);
  fs::copy_file(kGolden / "model.ckpt", folder / "model.ckpt");
  const auto model = ReconstructionModel::load(value_or_throw(reconstruction_files(folder)));
  ASSERT_FALSE(model) << "16 channels cannot be in 32 groups";
  EXPECT_NE(model.error().message.find("published"), std::string::npos) << model.error().message;
  value_or_throw(write_file(folder / "config.yaml", std::string_view("")));
  EXPECT_FALSE(ReconstructionModel::load(value_or_throw(reconstruction_files(folder)))) << "an empty file is no configuration";
  EXPECT_EQ(reconstruction_files(folder / "nothing").error().code, ErrorCode::not_found);
  fs::remove_all(folder);
}

// ---- the surface

/// A torus, and a wall thinner than a cell that hangs together with it.
float bodies(const Vec3& p) {
  const float ring = std::hypot(std::hypot(p[0], p[2]) - 0.5F, p[1]);
  const float wall = std::max({std::abs(p[0] - 0.013F) - 0.006F, std::abs(p[1]) - 0.6F, std::abs(p[2] - 0.5F) - 0.2F});
  return -std::min(ring - 0.2F, wall) * 20;
}

TEST(FieldSurface, SparseEqualsDense) {
  for (const int64_t n : {64, 66, 81}) {
    int64_t largest = 0;
    const auto level = [&](std::span<const Vec3> points) {
      largest = std::max(largest, static_cast<int64_t>(points.size()));
      std::vector<float> out;
      for (const Vec3& p : points) out.push_back(bodies(p));
      return out;
    };
    const SurfaceGrid sparse = value_or_throw(surface_grid(level, 0.87F, n));
    EXPECT_LE(largest, static_cast<int64_t>(kSurfaceBatch));
    EXPECT_LT(sparse.evaluated, n * n * n * 3 / 4);
    Grid dense = sparse.grid;
    for (int64_t z = 0; z < n; ++z)
      for (int64_t y = 0; y < n; ++y)
        for (int64_t x = 0; x < n; ++x) {
          const Vec3 at = dense.origin + Vec3{static_cast<float>(x), static_cast<float>(y), static_cast<float>(z)} * dense.cell;
          const bool border = x == 0 || y == 0 || z == 0 || x == n - 1 || y == n - 1 || z == n - 1;
          dense.at(x, y, z) = border ? std::min(bodies(at), -0.01F) : bodies(at);
        }
    const Mesh a = isosurface(sparse.grid), b = isosurface(dense);
    EXPECT_EQ(a.triangles, b.triangles);
    EXPECT_EQ(a.positions, b.positions) << "the wall is thinner than a block and is followed from the ring";
    const MeshReport report = inspect(a);
    EXPECT_TRUE(report.closed && report.manifold && report.oriented);
  }
}

TEST(FieldSurface, ASmallThingAloneMayBeMissedAndALargeOneIsNot) {
  const auto ball = [](float radius) {
    return [radius](std::span<const Vec3> points) {
      std::vector<float> out;
      for (const Vec3& p : points) out.push_back(radius - length(p - Vec3{0.041F, 0.041F, 0.041F}));
      return out;
    };
  };
  const auto triangles = [&](float radius) { return isosurface(value_or_throw(surface_grid(ball(radius), 0.87F, 65)).grid).triangles.size(); };
  EXPECT_EQ(triangles(0.03F), 0U) << "as the header says: under four cells, which are 0.109, and alone";
  EXPECT_GT(triangles(0.1F), 0U) << "a ball as wide as a block's diagonal is always found";
}

TEST(FieldSurface, NumbersThatAreNoneAndCubesThatAreFullGiveClosedMeshes) {
  for (const float value : {std::nanf(""), INFINITY, 1.0F}) {
    const auto level = [&](std::span<const Vec3> points) {
      std::vector<float> out;
      for (const Vec3& p : points) out.push_back(p[0] > 0.3F ? value : bodies(p));
      return out;
    };
    const Mesh mesh = isosurface(value_or_throw(surface_grid(level, 0.87F, 40)).grid);
    EXPECT_TRUE(inspect(mesh).manifold) << value;
    for (const Vec3& p : mesh.positions) ASSERT_TRUE(std::isfinite(p[0]) && std::isfinite(p[1]) && std::isfinite(p[2]));
  }
  const auto level = [](std::span<const Vec3> points) { return std::vector<float>(points.size(), -1); };
  EXPECT_EQ(surface_grid(level, 1, 8).error().code, ErrorCode::invalid_argument);
  CancelToken stop;
  stop.cancel();
  EXPECT_EQ(surface_grid(level, 1, 64, {}, &stop).error().code, ErrorCode::cancelled);
}

TEST(FieldSurface, StandsAsMeshesDo) {
  const auto model = loaded(kGolden);
  const auto results = value_or_throw(read_safetensors(kGolden / "results.safetensors")).tensors;
  const TriplaneField field = model->field(results.at("planes"));
  const std::vector<Vec3> theirs{{0.1F, 0.2F, 0.3F}}, ours{{0.2F, 0.3F, 0.1F}};
  EXPECT_EQ(field.at_model(theirs).to_vector(), field.at(ours).to_vector()) << "x is to the viewer, y to the right, z up there";
}

TEST(Reconstruction, IsAClosedMeshInTheFieldsColoursForAnyNumberOfThreads) {
  const auto model = loaded(kGolden);
  const Image cut = image_of(value_or_throw(read_safetensors(kGolden / "results.safetensors")).tensors.at("rgba"));
  double last = -1;
  bool grows = true;
  const auto made = [&](int team) {
    set_threads(team);
    last = -1;
    const auto mesh = reconstruct(*model, cut, {.resolution = 24, .target_triangles = 1500}, [&](const Progress& p) {
      grows = grows && p.fraction >= last && p.fraction <= 1;
      last = p.fraction;
    });
    set_threads(0);
    return value_or_throw(mesh);
  };
  const TexturedMesh one = made(1), three = made(3);
  EXPECT_TRUE(grows);
  EXPECT_GT(last, 0.9);
  EXPECT_EQ(one.positions, three.positions);
  EXPECT_EQ(one.uvs, three.uvs);
  EXPECT_EQ(one.texture_png, three.texture_png);
  const MeshReport report = inspect(welded(one));
  EXPECT_TRUE(report.closed && report.manifold && report.oriented);
  EXPECT_GT(report.volume, 0);
  // A vertex shows the field's colour, to what the texture's texels round.
  const auto results = value_or_throw(read_safetensors(kGolden / "results.safetensors")).tensors;
  const TriplaneField field =
      model->field(model->planes(model->picture_tokens(value_or_throw(prepared_picture(cut, model->config().picture_size)), compute_dtype())));
  EXPECT_LT(one.triangles.size(), value_or_throw(field_surface(field, 24)).triangles.size() / 2) << "decimated";
  const Image texture = value_or_throw(decode_image(one.texture_png));
  const Tensor numbers = field.at(one.positions);
  double off = 0;
  for (size_t i = 0; i < one.positions.size(); ++i) {
    const auto x = std::min<int64_t>(static_cast<int64_t>(one.uvs[i][0] * static_cast<float>(texture.width)), texture.width - 1);
    const auto y = std::min<int64_t>(static_cast<int64_t>(one.uvs[i][1] * static_cast<float>(texture.height)), texture.height - 1);
    const Vec3 colour = field_colour(numbers.data<float>() + i * 4);
    for (size_t c = 0; c < 3; ++c) off += std::abs(static_cast<double>(texture.at(x, y)[c]) / 255 - colour[c]);
  }
  EXPECT_LT(off / static_cast<double>(3 * one.positions.size()), 0.01);
}

TEST(Reconstruction, StopsWhenCancelled) {
  const auto model = loaded(kGolden);
  const Image cut = image_of(value_or_throw(read_safetensors(kGolden / "results.safetensors")).tensors.at("rgba"));
  std::set<std::string> stages;
  (void)reconstruct(*model, cut, {.resolution = 24}, [&](const Progress& p) { stages.insert(std::string(p.stage)); });
  EXPECT_GE(stages.size(), 4U);
  for (const std::string& stage : stages) {
    CancelToken stop;
    const auto mesh = reconstruct(
        *model, cut, {.resolution = 24},
        [&](const Progress& p) {
          if (p.stage == stage) stop.cancel();
        },
        &stop);
    ASSERT_FALSE(mesh) << stage;
    EXPECT_EQ(mesh.error().code, ErrorCode::cancelled) << stage;
  }
}

TEST(Reconstruction, OfNothingIsSaid) {
  EXPECT_EQ(prepared_picture(make_image(9, 9), 24).error().code, ErrorCode::invalid_argument);
  TensorFile file = value_or_throw(read_tensor_file(kGolden / "model.ckpt"));
  file.tensors["decoder.layers.6.bias"] = Tensor::full({4}, -1000);
  const fs::path folder = fs::temp_directory_path() / fmt::format("ptah-nothing-{}", ::getpid());
  fs::create_directories(folder);
  value_or_throw(write_safetensors(folder / "model.safetensors", file));
  fs::copy_file(kGolden / "config.yaml", folder / "config.yaml");
  const Image cut = image_of(value_or_throw(read_safetensors(kGolden / "results.safetensors")).tensors.at("rgba"));
  const auto mesh = reconstruct(*loaded(folder), cut, {.resolution = 24});
  ASSERT_FALSE(mesh);
  EXPECT_NE(mesh.error().message.find("finds no object"), std::string::npos);
  fs::remove_all(folder);
}

}  // namespace
}  // namespace ptah
