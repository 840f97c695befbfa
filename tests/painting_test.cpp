// Whole paintings by tiny checkpoints of the Stable Diffusion family against diffusers, transformers and k-diffusion (tools/reference/diffusion.py).
#include <gtest/gtest.h>
#include <unistd.h>

#include <cmath>

#include "base/file.h"
#include "base/parallel.h"
#include "create/painting.h"
#include "image/diffusers_names.h"
#include "tensor/ops.h"
#include "weights/safetensors.h"

namespace ptah {

namespace fs = std::filesystem;

namespace {

const fs::path kGolden = fs::path(PTAH_SOURCE_DIR) / "tests" / "golden" / "diffusion";

NamedTensors golden(const std::string& name) { return value_or_throw(read_safetensors(kGolden / (name + ".safetensors"))).tensors; }

NamedTensors model_of(const NamedTensors& all) {
  NamedTensors out;
  for (const auto& [name, tensor] : all)
    if (name.rfind("model.", 0) == 0) out.emplace(name.substr(6), tensor);
  return out;
}

/// A folder with CLIP's words and checkpoints as their makers publish them.
class Painting : public testing::Test {
 protected:
  void SetUp() override {
    fs::remove_all(folder_);
    fs::create_directories(folder_);
    const Json words = *parse_json(*read_text(kGolden / "words.json"));
    value_or_throw(write_file(folder_ / "words", std::string_view(words["merges"].get_ref<const std::string&>())));
    save("sd1.safetensors", false);
    save("sdxl.safetensors", true);
  }
  void TearDown() override { fs::remove_all(folder_); }

  static NamedTensors text_of(const NamedTensors& all) {
    NamedTensors out;
    const std::string base = all.contains("embeddings.token_embedding.weight") ? "text_model." : "";
    for (const auto& [name, tensor] : all)
      if (name.find("embedding") != std::string::npos || name.find("layer") != std::string::npos || name.rfind("text_projection", 0) == 0)
        out.emplace((name.rfind("text_projection", 0) == 0 ? "" : base) + name, tensor);
    return out;
  }
  void save(const std::string& name, bool xl) {
    TensorFile file;
    const auto put = [&](const NamedTensors& part, const std::string& prefix) {
      for (const auto& [key, tensor] : part) file.tensors.emplace(prefix + key, tensor);
    };
    put(original_unet_names(model_of(golden(xl ? "unet_xl" : "unet_1"))), "model.diffusion_model.");
    put(original_autoencoder_names(model_of(golden("autoencoder"))), "first_stage_model.");
    put(text_of(golden("clip_l")), xl ? "conditioner.embedders.0.transformer." : "cond_stage_model.transformer.");
    if (xl) put(text_of(golden("clip_g")), "conditioner.embedders.1.model.");
    value_or_throw(write_safetensors(folder_ / name, file));
  }

  static DiffusionShapes shapes(bool xl, DType type) {
    DiffusionShapes out;
    out.unet = {.heads = xl ? 3 : 4, .groups = 4};
    out.autoencoder = {.groups = 4};
    out.head_dim = 8;
    out.own_size = 64;
    out.type = type;
    return out;
  }
  std::shared_ptr<const DiffusionModel> load(bool xl, DType type) {
    return value_or_throw(DiffusionModel::load(folder_ / (xl ? "sdxl.safetensors" : "sd1.safetensors"), folder_ / "words", shapes(xl, type)));
  }

  static PaintRequest request(bool xl) {
    PaintRequest r;
    r.prompt = xl ? "masterpiece, the horse's" : "a photo of (an astronaut:1.3) riding";
    r.negative = xl ? "" : "3.5";
    r.seed = 11;
    r.guidance = xl ? 3 : 5;
    r.steps = xl ? 3 : 4;
    r.sampler = xl ? "euler_a" : "dpmpp_2m";
    r.schedule = xl ? "exponential" : "karras";
    return r;
  }

  const fs::path folder_ = fs::temp_directory_path() / fmt::format("ptah-painting-{}", ::getpid());
};

/// Peak signal-to-noise ratio of the colours, in dB.
double psnr(const Picture& made, const Tensor& wanted) {
  const auto numbers = wanted.to_vector();
  double sum = 0;
  for (int64_t i = 0; i < made.width * made.height; ++i)
    for (int64_t c = 0; c < 3; ++c) {
      const double difference = static_cast<double>(made.rgba[static_cast<size_t>(i * 4 + c)]) - static_cast<double>(numbers[static_cast<size_t>(i * 3 + c)]);
      sum += difference * difference;
    }
  return 10 * std::log10(255.0 * 255.0 / std::max(sum / static_cast<double>(made.width * made.height * 3), 1e-9));
}

}  // namespace

TEST_F(Painting, WholePicturesAreThoseOfTheReferences) {
  const NamedTensors wanted = golden("paintings");
  for (const bool xl : {false, true}) {
    const char* name = xl ? "sdxl" : "sd1";
    const auto exact = load(xl, DType::f32)->paint(request(xl));
    ASSERT_TRUE(exact) << exact.error().message;
    ASSERT_EQ(exact->width, 64);
    EXPECT_GE(psnr(*exact, wanted.at(name)), 55) << name;  // a level here and there is rounded the other way
    const auto narrow = load(xl, DType::bf16)->paint(request(xl));
    ASSERT_TRUE(narrow) << narrow.error().message;
    fmt::print("{}: f32 {:.1f} dB, bf16 {:.1f} dB\n", name, psnr(*exact, wanted.at(name)), psnr(*narrow, wanted.at(name)));
    EXPECT_GE(psnr(*narrow, wanted.at(name)), 35) << name << " in bf16";
  }
}

TEST_F(Painting, SameBytesForAnyNumberOfThreadsAndOtherSeedsGiveOthers) {
  const auto model = load(false, DType::f32);
  Bytes first;
  for (const int team : {1, 2, 3, 8}) {
    set_threads(team);
    const Picture made = value_or_throw(model->paint(request(false)));
    if (first.empty()) first = made.rgba;
    EXPECT_EQ(made.rgba, first) << team << " threads";
  }
  set_threads(0);
  PaintRequest other = request(false);
  other.seed = 12;
  EXPECT_NE(value_or_throw(model->paint(other)).rgba, first);
  other = request(false);
  other.width = 128;
  EXPECT_EQ(value_or_throw(model->paint(other)).width, 128);
  other.prompt = std::string(900, '1') + " and more words than one window holds";
  EXPECT_TRUE(model->paint(other));
  other.guidance = 1;
  other.prediction = "velocity";
  other.prompt = "";
  other.width = 64;
  other.steps = 2;
  for (const char* sampler : {"euler", "euler_a", "heun", "dpm2", "dpm2_a", "dpmpp_2m", "dpmpp_2s_a", "dpmpp_2m_sde", "dpmpp_3m_sde", "ddim", "lcm"}) {
    other.sampler = sampler;
    EXPECT_TRUE(model->paint(other)) << sampler;
  }
  for (const char* schedule : {"normal", "simple", "exponential", "sgm_uniform"}) {
    other.schedule = schedule;
    EXPECT_TRUE(model->paint(other)) << schedule;
  }
}

TEST_F(Painting, DiffusersFoldersGiveTheSame) {
  const fs::path folder = folder_ / "diffusers";
  const auto put = [&](const char* part, const char* file, const NamedTensors& tensors) {
    fs::create_directories(folder / part);
    TensorFile out;
    out.tensors = tensors;
    value_or_throw(write_safetensors(folder / part / file, out));
  };
  put("unet", "diffusion_pytorch_model.safetensors", model_of(golden("unet_1")));
  put("vae", "diffusion_pytorch_model.safetensors", model_of(golden("autoencoder")));
  put("text_encoder", "model.safetensors", text_of(golden("clip_l")));
  const auto model = DiffusionModel::load(folder, folder_ / "words", shapes(false, DType::f32));
  ASSERT_TRUE(model) << model.error().message;
  EXPECT_EQ(value_or_throw((*model)->paint(request(false))).rgba, value_or_throw(load(false, DType::f32)->paint(request(false))).rgba);
  fs::remove(folder / "vae" / "diffusion_pytorch_model.safetensors");
  EXPECT_EQ(DiffusionModel::load(folder, folder_ / "words", shapes(false, DType::f32)).error().code, ErrorCode::not_found);
}

TEST_F(Painting, WhatCannotBePaintedIsSaid) {
  const auto model = load(false, DType::f32);
  const auto refused = [&](const std::function<void(PaintRequest&)>& change) {
    PaintRequest r = request(false);
    change(r);
    const auto made = model->paint(r);
    return made ? std::string() : made.error().message;
  };
  EXPECT_EQ(refused([](PaintRequest& r) { r.sampler = "eulr"; }), "unknown sampler 'eulr'; known: " + noise_sampler_names());
  EXPECT_EQ(refused([](PaintRequest& r) { r.width = 100; }), "an edge of 100 pixels; multiples of 64 from 64 to 2048 are possible");
  EXPECT_NE(refused([](PaintRequest& r) { r.steps = 0; }), "");
  EXPECT_NE(refused([](PaintRequest& r) { r.guidance = NAN; }), "");
  EXPECT_NE(refused([](PaintRequest& r) { r.prediction = "both"; }), "");
  EXPECT_NE(refused([](PaintRequest& r) { r.clip_skip = 3; }), "") << "there are three layers";
  CancelToken cancel;
  cancel.cancel();
  EXPECT_EQ(model->paint(request(false), {}, &cancel).error().code, ErrorCode::cancelled);

  const auto family = [&](const std::string& name) {
    TensorFile file;
    file.tensors[name] = Tensor::zeros({2, 2});
    value_or_throw(write_safetensors(folder_ / "other.safetensors", file));
    return DiffusionModel::load(folder_ / "other.safetensors", folder_ / "words").error().message;
  };
  EXPECT_EQ(family("double_blocks.0.img_attn.qkv.weight"), "this looks like Flux; known: Stable Diffusion 1, 2 and XL");
  EXPECT_EQ(family("lora_unet_x.weight"), "this looks like a LoRA, not a whole model; known: Stable Diffusion 1, 2 and XL");
  EXPECT_EQ(family("bert.embeddings"), "no checkpoint of the Stable Diffusion family: its first tensor is 'bert.embeddings'");
  EXPECT_EQ(DiffusionModel::load(folder_ / "none.safetensors", folder_ / "words").error().code, ErrorCode::not_found);
  // A tensor that is not there, and one cut short.
  TensorFile file = value_or_throw(read_safetensors(folder_ / "sd1.safetensors"));
  file.tensors.erase("first_stage_model.decoder.conv_out.weight");
  value_or_throw(write_safetensors(folder_ / "broken.safetensors", file));
  EXPECT_EQ(DiffusionModel::load(folder_ / "broken.safetensors", folder_ / "words", shapes(false, DType::f32)).error().message,
            "weights: tensor 'first_stage_model.decoder.conv_out.weight' is missing; nearest: 'first_stage_model.encoder.conv_out.weight'");
  fs::resize_file(folder_ / "sd1.safetensors", fs::file_size(folder_ / "sd1.safetensors") - 100);
  EXPECT_EQ(DiffusionModel::load(folder_ / "sd1.safetensors", folder_ / "words", shapes(false, DType::f32)).error().code, ErrorCode::corrupt);
}

TEST_F(Painting, AWorkHoldsReceiptAndMarks) {
  const Picture picture = value_or_throw(load(false, DType::f32)->paint(request(false)));
  const fs::path file = folder_ / "sd1.safetensors";
  const Json digests = value_or_throw(checkpoint_digests(file));
  const Work work = value_or_throw(painting(request(false), file, digests, picture));
  EXPECT_TRUE(is_painting_receipt(work.receipt));
  EXPECT_EQ(work.receipt["request"]["model"], file.string());
  EXPECT_EQ(value_or_throw(paint_request(work.receipt["request"])).seed, 11U);
  value_or_throw(write_work(work, folder_ / "work"));
  EXPECT_TRUE(value_or_throw(verify_work(folder_ / "work")).whole);
  EXPECT_TRUE(value_or_throw(verify_work(folder_ / "work" / "picture.png")).whole);
  value_or_throw(write_file(file, std::string_view("another")));
  EXPECT_EQ(replay_painting(work.receipt).error().code, ErrorCode::mismatch);
}

}  // namespace ptah
