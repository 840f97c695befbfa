// The network that cuts things out of their background: its shape, its training data, its files, and when it is used.
#include <gtest/gtest.h>

#include <cmath>
#include <filesystem>
#include <limits>

#include "base/file.h"
#include "base/sha256.h"
#include "pipelines/cut/colour_refinement.h"
#include "pipelines/object.h"
#include "pixels/object_mask.h"
#include "tensor/ops.h"
#include "train/matting/matting_evaluation.h"
#include "train/matting/matting_trainer.h"
#include "weights/safetensors.h"

namespace ptah {

namespace fs = std::filesystem;

namespace {

const MattingConfig kSmall{.size = 32, .widths = {4, 8}, .blocks = {1, 1}, .attention_blocks = 1, .heads = 2};

/// Weights of chance for every layer, so that all of them count.
std::map<std::string, Tensor> weights_of_chance(const MattingConfig& config) {
  Weights fresh = Weights::fresh(3);
  const MattingNetwork made(Scope(fresh), config);
  std::map<std::string, Tensor> out;
  uint64_t stream = 0;
  for (const auto& [name, tensor] : fresh.all()) out.emplace(name, affine(Tensor::normal(tensor.shape(), 5, stream++), 0.2F));
  return out;
}

/// Weights that take what is red for the object: the network's input goes to its output past all blocks.
std::map<std::string, Tensor> weights_for_red() {
  std::map<std::string, Tensor> out;
  for (const auto& [name, tensor] : weights_of_chance(kSmall)) out.emplace(name, Tensor::zeros(tensor.shape()));
  out.at("in.weight").data<float>()[4] = 1;  // first channel, red of the first of four pixels, the middle of 3 × 3
  for (int64_t o = 0; o < 4; ++o) out.at("out.weight").data<float>()[o * 4 * 9 + 4] = 40;
  return out;
}

struct Folder {
  fs::path path = fs::temp_directory_path() / fmt::format("ptah-matting-{}-{}", ::getpid(), ::testing::UnitTest::GetInstance()->random_seed());
  Folder() { fs::create_directories(path); }
  ~Folder() { fs::remove_all(path); }
};

fs::path saved(const fs::path& folder, std::map<std::string, Tensor> tensors, const Json& config) {
  TensorFile file;
  file.tensors = std::move(tensors);
  if (!config.is_null()) file.metadata["matting"] = config.dump();
  const fs::path path = folder / "matting.safetensors";
  EXPECT_TRUE(write_safetensors(path, file));
  return path;
}

/// A red disc on a background that `behind` colours.
Image red_disc(int64_t w, int64_t h, const std::function<std::array<uint8_t, 3>(int64_t, int64_t)>& behind) {
  Image out = make_image(w, h);
  for (int64_t y = 0; y < h; ++y)
    for (int64_t x = 0; x < w; ++x) {
      const bool inside = (x - w / 2) * (x - w / 2) + (y - h / 2) * (y - h / 2) < w * h / 16;
      const auto colour = inside ? std::array<uint8_t, 3>{255, 20, 30} : behind(x, y);
      std::copy(colour.begin(), colour.end(), out.at(x, y));
      out.at(x, y)[3] = 255;
    }
  return out;
}

/// Blue and green patches, unlike each other everywhere along the border.
std::array<uint8_t, 3> patches(int64_t x, int64_t y) {
  const auto hash = static_cast<uint32_t>((x / 5) * 7919 + (y / 5) * 104729) * 2654435761U;
  return {0, static_cast<uint8_t>(hash >> 24), static_cast<uint8_t>(hash >> 16)};
}
std::array<uint8_t, 3> white(int64_t, int64_t) { return {255, 255, 255}; }

MattingPool pool_of(std::array<uint8_t, 4> colour) {
  Tensor thing = Tensor::zeros({1, kForegroundEdge, kForegroundEdge, 4}, DType::u8),
         behind = Tensor::empty({1, kBackgroundEdge, kBackgroundEdge, 3}, DType::u8);
  for (int64_t y = 40; y < 216; ++y)
    for (int64_t x = 40; x < 216; ++x) std::copy(colour.begin(), colour.end(), thing.data<uint8_t>() + (y * kForegroundEdge + x) * 4);
  for (int64_t i = 0; i < behind.elements(); ++i) behind.data<uint8_t>()[i] = static_cast<uint8_t>(60 + (i * 37 + i / 960 * 11) % 120);
  return {{thing}, behind};
}

}  // namespace

TEST(Matting, TheDefaultNetworkIsSmall) {
  Weights fresh = Weights::fresh(1);
  const MattingNetwork network(Scope(fresh), MattingConfig{});
  int64_t count = 0;
  for (const auto& [name, tensor] : fresh.all()) count += tensor.elements();
  EXPECT_LE(count, 1'500'000);
  EXPECT_GT(count, 1'000'000);
  const Tensor logits = network(Tensor::normal({2, 64, 64, 3}, 1, 0), DType::f32);
  EXPECT_EQ(logits.shape(), (Shape{2, 64, 64, 1})) << "trains at smaller sizes than its own";
}

TEST(Matting, GradientsAreThoseOfTheLoss) {
  Weights weights(weights_of_chance(kSmall));
  const MattingNetwork network(Scope(weights), kSmall);
  const Tensor x = affine(Tensor::normal({2, 32, 32, 3}, 8, 0), 0.5F), cover = sigmoid(affine(Tensor::normal({2, 32, 32, 1}, 9, 0), 4));
  const auto loss = [&] { return static_cast<double>(matting_loss(network(x, DType::f32), cover).item()); };
  for (const auto& [name, tensor] : weights.all()) {
    Tensor leaf = tensor;
    leaf.set_requires_grad();
  }
  {
    GradScope scope;
    scope.backward(matting_loss(network(x, DType::f32), cover));
  }
  uint64_t stream = 0;
  for (const auto& [name, tensor] : weights.all()) {
    ASSERT_TRUE(tensor.grad().defined()) << name;
    const Tensor direction = Tensor::normal(tensor.shape(), 11, stream++), before = tensor.clone();
    double expected = 0;
    for (int64_t i = 0; i < tensor.elements(); ++i)
      expected += static_cast<double>(tensor.grad().data<float>()[i]) * static_cast<double>(direction.data<float>()[i]);
    const float step = 2e-3F / std::sqrt(static_cast<float>(tensor.elements()));
    const auto moved = [&](float by) {
      Tensor leaf = tensor;
      for (int64_t i = 0; i < leaf.elements(); ++i) leaf.data<float>()[i] = before.data<float>()[i] + by * direction.data<float>()[i];
      leaf.touch();
      const double value = loss();
      std::copy_n(before.data<float>(), leaf.elements(), leaf.data<float>());
      leaf.touch();
      return value;
    };
    const double found = (moved(step) - moved(-step)) / (2 * static_cast<double>(step));
    EXPECT_NEAR(found, expected, 0.03 * std::abs(expected) + 0.02 / std::sqrt(static_cast<double>(step) * 1000)) << name;
  }
}

TEST(Matting, LossPunishesOutlinesMore) {
  Tensor cover = Tensor::zeros({1, 32, 32, 1});
  for (int64_t y = 8; y < 24; ++y)
    for (int64_t x = 8; x < 24; ++x) cover.data<float>()[y * 32 + x] = 1;
  const auto with_error = [&](int64_t x0, int64_t y0) {
    Tensor logits = affine(cover, 16, -8);
    for (int64_t y = y0; y < y0 + 2; ++y)
      for (int64_t x = x0; x < x0 + 2; ++x) logits.data<float>()[y * 32 + x] *= -1;
    return matting_loss(logits, cover).item();
  };
  const float right = matting_loss(affine(cover, 16, -8), cover).item();
  EXPECT_LT(right, 0.01F);
  EXPECT_GT(with_error(1, 1), right + 0.005F);
  EXPECT_GT(with_error(8, 14), 1.5F * with_error(14, 14)) << "four wrong pixels at the outline, and four inside";
  const Tensor weights = edge_weights(cover);
  EXPECT_EQ(weights.data<float>()[0], 1);
  EXPECT_GT(weights.data<float>()[16 * 32 + 8], 4);
}

TEST(Composites, AreCoveredWhereTheThingIs) {
  const MattingPool light = pool_of({255, 255, 255, 255}), dark = pool_of({0, 0, 0, 255});
  constexpr int64_t kEdge = 96;
  int exact = 0, exact_if_shifted = 0, seen = 0, covered = 0;
  double differing = 0;
  for (uint64_t seed = 0; seed < 40; ++seed) {
    Random one(seed, 0), two(seed, 0);
    const Composite a = random_composite(light, kEdge, one), b = random_composite(dark, kEdge, two);
    ASSERT_EQ(a.cover, b.cover);
    const auto differs = [&](int64_t i) {
      for (int64_t c = 0; c < 3; ++c)
        if (a.colours[static_cast<size_t>(i * 3 + c)] != b.colours[static_cast<size_t>(i * 3 + c)]) return true;
      return false;
    };
    const auto clean = [&](int64_t shift) {  // nothing outside of the coverage depends on the thing
      for (int64_t y = 0; y < kEdge; ++y)
        for (int64_t x = shift; x < kEdge; ++x)
          if (a.cover[static_cast<size_t>(y * kEdge + x - shift)] == 0 && differs(y * kEdge + x)) return false;
      return true;
    };
    exact += clean(0);
    exact_if_shifted += clean(1);
    double within = 0;
    for (int64_t i = 0; i < kEdge * kEdge; ++i) {
      ASSERT_GE(a.cover[static_cast<size_t>(i)], 0);
      ASSERT_LE(a.cover[static_cast<size_t>(i)], 1);
      if (a.cover[static_cast<size_t>(i)] < 0.99F) continue;
      within += 1;
      differing += differs(i);
    }
    covered += static_cast<int>(within);
    seen += within > 0;
  }
  EXPECT_GE(seen, 36) << "a thing can be seen";
  EXPECT_GE(exact, 12) << "of those that no JPEG and no blur spread";
  EXPECT_LE(exact_if_shifted, exact / 2) << "a mask one pixel beside would be noticed";
  EXPECT_GT(differing, 0.97 * covered);
}

TEST(Composites, KnowWhereThePictureLies) {
  const MattingPool pool = pool_of({200, 40, 40, 255});
  bool bars = false;
  for (uint64_t seed = 0; seed < 20; ++seed) {
    Random random(seed, 0);
    const Composite one = random_composite(pool, 64, random, Behind::plain);
    ASSERT_GT(one.width * one.height, 64 * 64 / 3);
    bars = bars || one.width < 64 || one.height < 64;
    for (int64_t y = 0; y < 64; ++y)
      for (int64_t x = 0; x < 64; ++x)
        if (x < one.left || x >= one.left + one.width || y < one.top || y >= one.top + one.height) {
          ASSERT_TRUE(one.colours[static_cast<size_t>((y * 64 + x) * 3)] == 0 && one.cover[static_cast<size_t>(y * 64 + x)] == 0);
        }
  }
  EXPECT_TRUE(bars);
}

TEST(MattingSet, ReadsBothHalvesAndRefusesOthers) {
  const Folder folder;
  const auto write = [&](const char* name, int64_t edge, int64_t channels, int64_t train) {
    TensorFile file;
    file.tensors = {{"train", Tensor::zeros({train, edge, edge, channels}, DType::u8)}, {"test", Tensor::zeros({1, edge, edge, channels}, DType::u8)}};
    ASSERT_TRUE(write_safetensors(folder.path / name, file));
  };
  write("foregrounds.safetensors", kForegroundEdge, 4, 3);
  write("backgrounds.safetensors", kBackgroundEdge, 3, 2);
  write("shapes.safetensors", kForegroundEdge, 4, 5);
  const MattingSet set = value_or_throw(read_matting_set(folder.path, folder.path / "shapes.safetensors"));
  EXPECT_EQ(set.train.foreground_count(), 8);
  EXPECT_EQ(set.test.foreground_count(), 2);
  EXPECT_EQ(set.train.foreground(4), set.train.foregrounds[1].data<uint8_t>() + kForegroundEdge * kForegroundEdge * 4);
  write("cutouts.safetensors", kForegroundEdge, 4, 2);
  const MattingSet more = value_or_throw(read_matting_set(folder.path, {}));
  EXPECT_EQ(more.train.foreground_count(), 3 + 5 * 2) << "a cut-out photograph counts five times";
  EXPECT_EQ(more.test.foreground_count(), 1 + 5 * 1);
  EXPECT_EQ(more.train.foreground(3), more.train.foreground(5)) << "the same one, no copy";
  write("backgrounds.safetensors", 64, 3, 2);
  const auto wrong = read_matting_set(folder.path, {});
  ASSERT_FALSE(wrong);
  EXPECT_EQ(wrong.error().code, ErrorCode::corrupt);
  EXPECT_NE(wrong.error().message.find("backgrounds.safetensors"), std::string::npos);
}

TEST(CutScore, IsOneForTheTruthAndFallsWithShifts) {
  const auto square = [](int64_t from) {
    Coverage out{100, 100, std::vector<float>(10000, 0.0F)};
    for (int64_t y = from; y < from + 40; ++y)
      for (int64_t x = from; x < from + 40; ++x) out.values[static_cast<size_t>(y * 100 + x)] = 1;
    return out;
  };
  EXPECT_EQ(cut_score(square(20), square(20)).iou, 1);
  EXPECT_EQ(cut_score(square(20), square(20)).boundary_f, 1);
  EXPECT_NEAR(cut_score(square(21), square(20)).boundary_f, 1, 1e-9) << "within the tolerance";
  EXPECT_LT(cut_score(square(25), square(20)).boundary_f, 0.2);
  EXPECT_NEAR(cut_score(square(30), square(20)).iou, 900.0 / 2300, 1e-9);
  EXPECT_EQ(cut_score(Coverage{100, 100, std::vector<float>(10000, 0.0F)}, square(20)).iou, 0);
}

TEST(BackgroundRemover, ComesBackFromItsFile) {
  const Folder folder;
  const fs::path file = saved(folder.path, weights_for_red(), to_json(kSmall));
  const auto remover = value_or_throw(BackgroundRemover::load(file));
  EXPECT_EQ(value_or_throw(sha256_of_file(file)), remover->sha256());
  EXPECT_EQ(BackgroundRemover::load(file, std::string(64, '0')).error().code, ErrorCode::mismatch);
  const Image picture = red_disc(90, 60, patches);
  const Coverage coarse = remover->coarse_cover(picture), fine = remover->cover(picture);
  EXPECT_EQ(coarse.width, 32);
  EXPECT_EQ(coarse.height, 21);
  EXPECT_GT(coarse.values[10 * 32 + 16], 0.9F);
  EXPECT_LT(coarse.values[10 * 32 + 2], 0.1F);
  ASSERT_EQ(fine.width, 90);
  ASSERT_EQ(fine.values.size(), 5400U);
  Coverage truth{90, 60, {}};
  for (int64_t y = 0; y < 60; ++y)
    for (int64_t x = 0; x < 90; ++x) truth.values.push_back((x - 45) * (x - 45) + (y - 30) * (y - 30) < 5400 / 16 ? 1.0F : 0.0F);
  EXPECT_GT(cut_score(fine, truth).iou, 0.9);
  for (const auto& [w, h] : {std::pair<int64_t, int64_t>{1, 1}, {1, 400}, {400, 1}, {3, 7}}) {
    const Coverage thin = remover->cover(red_disc(w, h, white));
    EXPECT_EQ(thin.width, w);
    EXPECT_EQ(thin.values.size(), static_cast<size_t>(w * h));
  }
}

TEST(BackgroundRemover, RefusesOddFiles) {
  const Folder folder;
  const auto problem = [&](std::map<std::string, Tensor> tensors, const Json& config) {
    const auto loaded = BackgroundRemover::load(saved(folder.path, std::move(tensors), config));
    EXPECT_FALSE(loaded);
    return loaded ? ErrorCode::internal : loaded.error().code;
  };
  const auto changed = [](const char* key, const Json& value) {
    Json config = to_json(kSmall);
    config[key] = value;
    return config;
  };
  EXPECT_EQ(problem(weights_for_red(), nullptr), ErrorCode::corrupt);
  EXPECT_EQ(problem(weights_for_red(), Json::array()), ErrorCode::corrupt);
  EXPECT_EQ(problem(weights_for_red(), changed("size", 30)), ErrorCode::corrupt);
  EXPECT_EQ(problem(weights_for_red(), changed("size", int64_t{1} << 40)), ErrorCode::corrupt);
  EXPECT_EQ(problem(weights_for_red(), changed("size", 1024)), ErrorCode::corrupt) << "attention over 256 × 256 places";
  EXPECT_EQ(problem(weights_for_red(), changed("widths", Json::array())), ErrorCode::corrupt);
  EXPECT_EQ(problem(weights_for_red(), changed("widths", {4, 100000000})), ErrorCode::corrupt);
  EXPECT_EQ(problem(weights_for_red(), changed("blocks", {1})), ErrorCode::corrupt);
  EXPECT_EQ(problem(weights_for_red(), changed("heads", 3)), ErrorCode::corrupt);
  EXPECT_EQ(problem(weights_for_red(), changed("widths", {4, 16})), ErrorCode::mismatch);
  auto missing = weights_for_red();
  missing.erase("out.weight");
  EXPECT_EQ(problem(std::move(missing), to_json(kSmall)), ErrorCode::mismatch);
  EXPECT_EQ(BackgroundRemover::load(folder.path / "none.safetensors").error().code, ErrorCode::not_found);
  auto hostile = weights_for_red();  // of the right shape, and no numbers
  for (auto& [name, tensor] : hostile)
    for (int64_t i = 0; i < tensor.elements(); ++i) tensor.data<float>()[i] = std::numeric_limits<float>::quiet_NaN();
  const auto remover = value_or_throw(BackgroundRemover::load(saved(folder.path, std::move(hostile), to_json(kSmall))));
  for (const float v : remover->cover(red_disc(40, 40, patches)).values) ASSERT_TRUE(v >= 0 && v <= 1);
}

TEST(BackgroundRemover, LooksAtTheMirrorImageToo) {
  const Folder folder;
  const auto remover = value_or_throw(BackgroundRemover::load(saved(folder.path, weights_of_chance(kSmall), to_json(kSmall))));
  const Image picture = red_disc(48, 32, patches);
  Image turned = picture;
  for (int64_t y = 0; y < picture.height; ++y)
    for (int64_t x = 0; x < picture.width; ++x) std::copy_n(picture.at(picture.width - 1 - x, y), 4, turned.at(x, y));
  const Coverage one = remover->coarse_cover(picture), other = remover->coarse_cover(turned);
  double differing = 0, spread = 0;
  for (int64_t y = 0; y < one.height; ++y)
    for (int64_t x = 0; x < one.width; ++x) {
      const float a = one.values[static_cast<size_t>(y * one.width + x)], b = other.values[static_cast<size_t>(y * one.width + one.width - 1 - x)];
      differing = std::max(differing, static_cast<double>(std::abs(a - b)));
      spread = std::max(spread, static_cast<double>(std::abs(a - 0.5F)));
    }
  EXPECT_GT(spread, 0.02) << "weights of chance find something";
  EXPECT_LT(differing, 0.01) << "and the same thing in a mirror";
}

TEST(ColourRefinement, ColoursDecideWhatIsInDoubt) {
  constexpr int64_t kEdge = 64;
  const Image picture = red_disc(kEdge * 3, kEdge * 3, patches);
  Coverage found{kEdge, kEdge, {}}, truth = found;
  for (int64_t y = 0; y < kEdge; ++y)
    for (int64_t x = 0; x < kEdge; ++x) {
      const bool inside = (x - 32) * (x - 32) + (y - 32) * (y - 32) < 16 * 16;
      truth.values.push_back(inside ? 1.0F : 0.0F);
      found.values.push_back(inside ? (x < 32 ? 0.95F : 0.4F) : (y < 40 ? 0.05F : 0.6F));  // unsure of the right half, and of what is below
    }
  EXPECT_LT(cut_score(found, truth).iou, 0.5);
  EXPECT_GT(cut_score(decided_by_colours(found, picture), truth).iou, 0.95);
  for (const float all : {0.0F, 1.0F}) {
    const Coverage same{kEdge, kEdge, std::vector<float>(found.values.size(), all)};
    EXPECT_EQ(decided_by_colours(same, picture).values, same.values);
  }
  const Coverage larger{3, 2, {1, 0, 1, 0, 1, 0}};  // than the picture
  EXPECT_EQ(decided_by_colours(larger, red_disc(1, 1, white)).values.size(), 6U);
}

TEST(Cutting, TheRuleBelievesPlainBorders) {
  EXPECT_EQ(border_plainness(red_disc(60, 60, white)), 1);
  EXPECT_LT(border_plainness(red_disc(60, 60, patches)), 0.5);
  const Image plain = red_disc(60, 60, white), busy = red_disc(60, 60, patches);
  const auto share = [](const Image& of, float inside) {
    Coverage out{of.width, of.height, std::vector<float>(static_cast<size_t>(of.width * of.height), 0.0F)};
    std::fill_n(out.values.begin(), static_cast<size_t>(inside * 3600), 1.0F);
    return out;
  };
  const auto disc = [&](double area) {
    Coverage out = share(plain, 0);
    for (int64_t y = 0; y < 60; ++y)
      for (int64_t x = 0; x < 60; ++x)
        out.values[static_cast<size_t>(y * 60 + x)] = static_cast<double>((x - 30) * (x - 30) + (y - 30) * (y - 30)) < area * 225 ? 1.0F : 0.0F;
    return out;
  };
  EXPECT_TRUE(prefers_colour(plain, cut_out(plain), disc(1)));
  EXPECT_FALSE(prefers_colour(plain, cut_out(plain), disc(0.9))) << "they disagree";
  EXPECT_FALSE(prefers_colour(busy, cut_out(busy), disc(1)));
  EXPECT_FALSE(prefers_colour(busy, cut_out(busy), share(busy, 0.3F)));
  EXPECT_TRUE(prefers_colour(busy, cut_out(busy), share(busy, 0))) << "the network finds nothing";
  EXPECT_TRUE(prefers_colour(busy, cut_out(busy), share(busy, 1))) << "or all of it";
  Image nothing = plain;
  for (size_t i = 3; i < nothing.rgba.size(); i += 4) nothing.rgba[i] = 0;
  EXPECT_FALSE(prefers_colour(plain, nothing, share(plain, 0.3F))) << "the colours find nothing";
}

TEST(Cutting, ReceiptsSayWhatCut) {
  const Folder folder;
  const auto remover = value_or_throw(BackgroundRemover::load(saved(folder.path, weights_for_red(), to_json(kSmall))));
  const ObjectRequest request{.target_triangles = 500, .millimetres = true, .fit = kObjectFit};
  const Formats formats{.png = true, .glb = true};
  const auto made = [&](const Image& picture, const Cutter& cutter) { return value_or_throw(object_work(picture, request, formats, {}, nullptr, cutter)); };
  const Image busy = red_disc(80, 80, patches), plain = red_disc(80, 80, white);
  const Work network = made(busy, {CutBy::best, remover});
  EXPECT_EQ(text_at(network.receipt["background"], "model"), "sha256:" + remover->sha256());
  EXPECT_EQ(text_at(network.receipt["request"], "cut_by"), "network");
  const Work colour = made(plain, {CutBy::best, remover}), before = made(plain, {});
  EXPECT_EQ(colour.receipt, before.receipt) << "a plain background is cut as it always was, and the receipt is as it was";
  EXPECT_FALSE(before.receipt.contains("background") || before.receipt["request"].contains("cut_by"));
  const Image blue = red_disc(80, 80, [](int64_t, int64_t) { return std::array<uint8_t, 3>{10, 20, 120}; });
  EXPECT_TRUE(made(blue, {CutBy::network, remover}).receipt.contains("background")) << "unless the network is asked for";
  EXPECT_FALSE(object_work(busy, request, formats, {}, nullptr, {CutBy::network, {}})) << "and there is none";
  Image cut = busy;
  cut.at(0, 0)[3] = 0;
  EXPECT_FALSE(made(cut, {CutBy::best, remover}).receipt.contains("background")) << "what is transparent is cut already";
}

TEST(Cutting, ReplaysWithTheNetworkOfTheReceipt) {
  const Folder folder;
  const auto install = [&](std::map<std::string, Tensor> weights) {
    const fs::path file = saved(folder.path, std::move(weights), to_json(kSmall));
    const Json row = {{"name", "matting"}, {"file", "matting.safetensors"}, {"licence", "Apache-2.0"},
                      {"summary", "cuts"}, {"bytes", fs::file_size(file)},  {"sha256", value_or_throw(sha256_of_file(file))}};
    value_or_throw(write_file(folder.path / "index.json", Json{{"models", {row}}}.dump()));
  };
  ::setenv("PTAH_MODELS", folder.path.c_str(), 1);
  value_or_throw(write_file(folder.path / "index.json", Json{{"models", Json::array()}}.dump()));
  EXPECT_EQ(value_or_throw(cutter_by(CutBy::best)).remover, nullptr) << "none is installed";
  EXPECT_EQ(cutter_by(CutBy::network).error().code, ErrorCode::not_found);
  install(weights_for_red());
  const Image busy = red_disc(80, 80, patches);
  const Cutter cutter = value_or_throw(cutter_by(CutBy::best));
  ASSERT_NE(cutter.remover, nullptr);
  const ObjectRequest request{.target_triangles = 500, .millimetres = true, .fit = kObjectFit};
  const Work work = value_or_throw(object_work(busy, request, {}, {}, nullptr, cutter));
  EXPECT_EQ(value_or_throw(replay_object(work.receipt, {busy, {}, {}})).receipt, work.receipt);
  install(weights_of_chance(kSmall));
  EXPECT_EQ(replay_object(work.receipt, {busy, {}, {}}).error().code, ErrorCode::mismatch) << "another network";
  const Image plain = red_disc(80, 80, white);
  const Work old = value_or_throw(object_work(plain, request, {}, {}, nullptr, {}));
  EXPECT_EQ(value_or_throw(replay_object(old.receipt, {plain, {}, {}})).receipt, old.receipt) << "works without one need none";
  ::unsetenv("PTAH_MODELS");
}

TEST(MattingTrainer, LearnsGoesOnAndEndsInTheSameBytes) {
  const Folder folder;
  const auto write = [&](const char* name, const Tensor& pictures) {
    TensorFile file;
    file.tensors = {{"train", pictures}, {"test", pictures}};
    ASSERT_TRUE(write_safetensors(folder.path / name, file));
  };
  const MattingPool pool = pool_of({220, 40, 40, 255});
  write("foregrounds.safetensors", pool.foregrounds[0]);
  write("backgrounds.safetensors", pool.backgrounds);
  Json config = {{"data", "."},
                 {"shapes", 0},
                 {"steps", 6},
                 {"batch", 2},
                 {"warmup", 1},
                 {"log_every", 1},
                 {"sample_seconds", 1000},
                 {"train_size", 32},
                 {"model", {{"size", 64}, {"widths", {4, 8}}, {"blocks", {0, 1}}, {"attention_blocks", 1}, {"heads", 2}}}};
  TrainCallbacks calls;
  calls.report = [](const std::string&, const RunReport&) {};
  const auto trained = [&](const char* out, int64_t stop_at) {
    config["out"] = out;
    config["stop_at"] = stop_at;
    const auto done = train_matting(config, folder.path, calls);
    EXPECT_TRUE(done) << (done ? "" : done.error().message);
  };
  trained("whole", 0);
  trained("parts", 3);
  trained("parts", 0);
  const auto bytes = [&](const char* out) { return value_or_throw(read_file(folder.path / out / "matting.safetensors", 1 << 24)); };
  EXPECT_EQ(bytes("whole"), bytes("parts"));
  const auto remover = value_or_throw(BackgroundRemover::load(folder.path / "whole" / "matting.safetensors"));
  EXPECT_EQ(remover->coarse_cover(red_disc(90, 90, white)).width, 32) << "it looks at what it was trained at";
  config["learning_rat"] = 1;
  const auto typo = train_matting(config, folder.path, calls);
  ASSERT_FALSE(typo);
  EXPECT_NE(typo.error().message.find("learning_rate"), std::string::npos) << typo.error().message;
  config.erase("learning_rat");
  for (const auto& [key, value] :
       {std::pair<const char*, Json>{"train_size", 30}, {"train_size", 16}, {"shapes", -1}, {"model", {{"size", 20}}}, {"data", "nowhere"}}) {
    Json wrong = config;
    wrong[key] = value;
    EXPECT_FALSE(train_matting(wrong, folder.path, calls)) << key;
  }
}

TEST(MattingEvaluation, PrintsWhatTheRuleGains) {
  const Folder folder;
  const auto remover = value_or_throw(BackgroundRemover::load(saved(folder.path, weights_for_red(), to_json(kSmall))));
  const MattingEvaluation evaluation{.count = 6, .size = 64, .sheets = folder.path};
  const Json report = value_or_throw(evaluate_matting(*remover, pool_of({220, 40, 40, 255}), evaluation, {}));
  for (const char* kind : {"any_background", "plain_background"}) {
    EXPECT_GT(report[kind]["pictures"].get<int>(), 2);
    for (const char* method : {"network", "colour", "best"}) {
      const double iou = report[kind][method]["iou"];
      EXPECT_TRUE(iou >= 0 && iou <= 1) << method;
    }
  }
  EXPECT_GE(report["plain_background"]["best"]["iou"].get<double>(), report["plain_background"]["network"]["iou"].get<double>() - 0.02);
  EXPECT_TRUE(fs::exists(folder.path / "plain.png"));
}

}  // namespace ptah
