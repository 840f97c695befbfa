// Whole paintings by tiny checkpoints of the Stable Diffusion family against diffusers, transformers and k-diffusion (tools/reference/diffusion.py).
#include <unistd.h>

#include "base/parallel.h"
#include "pipelines/checkpoint.h"
#include "pipelines/painting.h"
#include "pipelines/recall/recall.h"
#include "work/work_folder.h"
#include "tests/image/diffusion_goldens.h"
#include "media/exif.h"
#include "tensor/ops.h"
#include "weights/gguf.h"
#include "weights/torch_file.h"
#include "work/verification.h"

namespace ptah {

namespace fs = std::filesystem;

namespace {

/// A folder with CLIP's words and checkpoints as their makers publish them.
class Painting : public testing::Test {
 protected:
  void SetUp() override {
    fs::remove_all(folder_);
    fs::create_directories(folder_);
    const Json words = golden_json("words");
    value_or_throw(write_file(folder_ / "words", std::string_view(words["merges"].get_ref<const std::string&>())));
    save("sd1.safetensors", false);
    save("sdxl.safetensors", true);
    save("inpaint.safetensors", false, "unet_inpaint");
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
  void save(const std::string& name, bool xl, const std::string& unet = "") {
    TensorFile file;
    const auto put = [&](const NamedTensors& part, const std::string& prefix) {
      for (const auto& [key, tensor] : part) file.tensors.emplace(prefix + key, tensor);
    };
    put(original_unet_names(model_of(golden(!unet.empty() ? unet : xl ? "unet_xl" : "unet_1"))), "model.diffusion_model.");
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
    out.transformer.head_dim = 8;
    out.own_size = 64;
    out.type = type;
    return out;
  }
  std::shared_ptr<const DiffusionModel> load(bool xl, DType type) {
    return load(DiffusionFiles{.model = folder_ / (xl ? "sdxl.safetensors" : "sd1.safetensors")}, type, xl);
  }
  std::shared_ptr<const DiffusionModel> load(const DiffusionFiles& files, DType type = DType::f32, bool xl = false) {
    return value_or_throw(DiffusionModel::load(files, folder_ / "words", shapes(xl, type)));
  }
  std::string refused(const DiffusionFiles& files) {
    const auto model = DiffusionModel::load(files, folder_ / "words", shapes(false, DType::f32));
    return model ? "" : model.error().message;
  }
  fs::path sd1() const { return folder_ / "sd1.safetensors"; }

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

  static PaintRequest third_request() {
    PaintRequest r;
    r.prompt = "a photo of (an astronaut:1.3)";
    r.negative = "3.5";
    r.seed = 11;
    r.steps = 4;
    r.guidance = 4;
    return r;
  }

  /// A checkpoint like Stable Diffusion 3.5 medium, in the original naming.
  void save_third() {
    TensorFile file;
    const auto put = [&](const NamedTensors& part, const std::string& prefix) {
      for (const auto& [key, tensor] : part) file.tensors.emplace(prefix + key, tensor);
    };
    put(original_joint_names(model_of(golden("joint_35"))), "model.diffusion_model.");
    put(original_autoencoder_names(model_of(golden("autoencoder_16"))), "first_stage_model.");
    put(text_of(golden("clip_l")), "text_encoders.clip_l.transformer.");
    put(text_of(golden("clip_g")), "text_encoders.clip_g.transformer.");
    value_or_throw(write_safetensors(folder_ / "sd3.safetensors", file));
  }

  const fs::path folder_ = fs::temp_directory_path() / fmt::format("ptah-painting-{}", ::getpid());
};

/// Peak signal-to-noise ratio of the colours, in dB.
double psnr(const Image& made, const Tensor& wanted) {
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
  for (const std::string name : {"sd1", "sdxl", "sd1_20", "sdxl_20"}) {
    const bool xl = name.rfind("sdxl", 0) == 0;
    PaintRequest asked = request(xl);
    if (name.ends_with("_20")) {
      asked.steps = 20;
      asked.sampler = xl ? "dpmpp_2m" : "euler";
      asked.schedule = "karras";
    }
    const auto exact = load(xl, DType::f32)->paint(asked);
    ASSERT_TRUE(exact) << exact.error().message;
    ASSERT_EQ(exact->width, 64);
    EXPECT_GE(psnr(*exact, wanted.at(name)), 55) << name;  // a level here and there is rounded the other way
    const auto narrow = load(xl, DType::bf16)->paint(asked);
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
    const Image made = value_or_throw(model->paint(request(false)));
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
  for (const char* sampler :
       {"euler", "euler_a", "heun", "dpm2", "dpm2_a", "dpmpp_2m", "dpmpp_2s_a", "dpmpp_2m_sde", "dpmpp_3m_sde", "uni_pc", "ddim", "ddpm", "lcm"}) {
    other.sampler = sampler;
    EXPECT_TRUE(model->paint(other)) << sampler;
  }
  for (const char* schedule : {"normal", "simple", "exponential", "sgm_uniform", "beta", "ays", "ays_xl"}) {
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
  const auto model = DiffusionModel::load({.model = folder}, folder_ / "words", shapes(false, DType::f32));
  ASSERT_TRUE(model) << model.error().message;
  EXPECT_EQ(value_or_throw((*model)->paint(request(false))).rgba, value_or_throw(load(false, DType::f32)->paint(request(false))).rgba);
  fs::remove(folder / "vae" / "diffusion_pytorch_model.safetensors");
  EXPECT_EQ(DiffusionModel::load({.model = folder}, folder_ / "words", shapes(false, DType::f32)).error().code, ErrorCode::not_found);
}

TEST_F(Painting, EveryMultipleOfEightIsPainted) {
  const auto model = load(false, DType::f32);
  PaintRequest r = request(false);
  r.steps = 2;
  for (const auto& [width, height] : {std::pair<int64_t, int64_t>{72, 64}, {88, 104}}) {
    r.width = width;
    r.height = height;
    const Image picture = value_or_throw(model->paint(r));
    EXPECT_EQ(picture.width, width);
    EXPECT_EQ(picture.height, height);
  }
}

TEST_F(Painting, WhatCannotBePaintedIsSaid) {
  const auto model = load(false, DType::f32);
  const auto refused = [&](const std::function<void(PaintRequest&)>& change) -> std::string {
    PaintRequest r = request(false);
    change(r);
    const auto made = model->paint(r);
    return made ? std::string() : made.error().message;
  };
  EXPECT_EQ(refused([](PaintRequest& r) { r.sampler = "eulr"; }), "unknown `sampler` 'eulr'; did you mean 'euler'? known: " + noise_sampler_names());
  EXPECT_EQ(refused([](PaintRequest& r) { r.width = 100; }), "`width` 100; multiples of 8 from 64 to 2048 are possible");
  EXPECT_NE(refused([](PaintRequest& r) { r.steps = 0; }), "");
  EXPECT_NE(refused([](PaintRequest& r) { r.guidance = NAN; }), "");
  EXPECT_NE(refused([](PaintRequest& r) { r.prediction = "both"; }), "");
  EXPECT_NE(refused([](PaintRequest& r) { r.clip_skip = 3; }), "") << "there are three layers";
  EXPECT_NE(refused([](PaintRequest& r) { r.strength = 0; }), "");
  EXPECT_NE(refused([](PaintRequest& r) { r.enlarge = 5; }), "");
  EXPECT_NE(refused([](PaintRequest& r) { r.noise = "white"; }), "");
  EXPECT_NE(refused([](PaintRequest& r) { r.rescale = 2; }), "");
  EXPECT_NE(refused([](PaintRequest& r) { r.tile = 100; }), "");
  CancelToken cancel;
  cancel.cancel();
  EXPECT_EQ(model->paint(request(false), {}, {}, &cancel).error().code, ErrorCode::cancelled);

  const auto family = [&](const std::string& name) {
    TensorFile file;
    file.tensors[name] = Tensor::zeros({2, 2});
    value_or_throw(write_safetensors(folder_ / "other.safetensors", file));
    return DiffusionModel::load({.model = folder_ / "other.safetensors"}, folder_ / "words").error().message;
  };
  EXPECT_EQ(family("double_blocks.0.img_attn.qkv.weight"), "this looks like Flux; known: Stable Diffusion 1, 2, XL and 3");
  EXPECT_EQ(family("lora_unet_x.weight"), "this looks like a LoRA, not a whole model (`loras`); known: Stable Diffusion 1, 2, XL and 3");
  EXPECT_EQ(family("bert.embeddings"), "no checkpoint of the Stable Diffusion family: its first tensor is 'bert.embeddings'");
  EXPECT_EQ(DiffusionModel::load({.model = folder_ / "none.safetensors"}, folder_ / "words").error().code, ErrorCode::not_found);
  // A tensor that is not there, and one cut short.
  TensorFile file = value_or_throw(read_safetensors(folder_ / "sd1.safetensors"));
  file.tensors.erase("first_stage_model.decoder.conv_out.weight");
  value_or_throw(write_safetensors(folder_ / "broken.safetensors", file));
  EXPECT_EQ(DiffusionModel::load({.model = folder_ / "broken.safetensors"}, folder_ / "words", shapes(false, DType::f32)).error().message,
            "weights: tensor 'first_stage_model.decoder.conv_out.weight' is missing; nearest: 'first_stage_model.encoder.conv_out.weight'");
  fs::resize_file(folder_ / "sd1.safetensors", fs::file_size(folder_ / "sd1.safetensors") - 100);
  EXPECT_EQ(DiffusionModel::load({.model = sd1()}, folder_ / "words", shapes(false, DType::f32)).error().code, ErrorCode::corrupt);
}

/// 64 × 64: colours that rise, or what `value` says in red, green and blue.
template <class F>
Image drawn(const F& value) {
  Image out = make_image(64, 64);
  for (int64_t y = 0; y < 64; ++y)
    for (int64_t x = 0; x < 64; ++x) {
      const auto [r, g, b] = value(x, y);
      const int64_t colour[4] = {r, g, b, 255};
      for (int64_t c = 0; c < 4; ++c) out.at(x, y)[c] = static_cast<uint8_t>(colour[c]);
    }
  return out;
}
Image rising() {
  return drawn([](int64_t x, int64_t y) { return std::array{std::min<int64_t>(x * 4, 255), std::min<int64_t>(y * 4, 255), x * y % 256}; });
}
Image window() {
  return drawn([](int64_t x, int64_t y) {
    const int64_t white = std::abs(x - 30) < 14 && std::abs(y - 34) < 20 ? 255 : 0;
    return std::array{white, white, white};
  });
}
Image chequered() {
  return drawn([](int64_t x, int64_t y) {
    const int64_t white = (x / 8 + y / 8) % 2 * 255;
    return std::array{white, white, white};
  });
}

TEST_F(Painting, PicturesMasksControlsAndAdaptersAreThoseOfTheReferences) {
  const NamedTensors wanted = golden("paintings");
  const auto near = [&](const char* name, const DiffusionFiles& files, const PaintRequest& r, const Sources& sources = {}) {
    const auto made = load(files)->paint(r, sources);
    ASSERT_TRUE(made) << name << ": " << made.error().message;
    const double db = psnr(*made, wanted.at(name));
    fmt::print("{}: {:.1f} dB\n", name, db);
    EXPECT_GE(db, 55) << name;
    const auto narrow = load(files, DType::bf16)->paint(r, sources);
    ASSERT_TRUE(narrow) << narrow.error().message;
    EXPECT_GE(psnr(*narrow, wanted.at(name)), 30) << name << " in bf16";
    EXPECT_LT(psnr(*made, wanted.at("sd1")), 50) << name << " is no other picture than without";
  };
  PaintRequest r = request(false);
  r.sampler = "euler";
  r.strength = 0.5;
  near("from", {.model = sd1()}, r, {rising(), {}, {}});
  r = request(false);
  near("masked", {.model = sd1()}, r, {rising(), window(), {}});
  r.sampler = "euler";
  near("inpainted", {.model = folder_ / "inpaint.safetensors"}, r, {rising(), window(), {}});
  r = request(false);
  TensorFile net;
  net.tensors = model_of(golden("control"));
  value_or_throw(write_safetensors(folder_ / "control.safetensors", net));
  near("controlled", {.model = sd1(), .controls = {{folder_ / "control.safetensors", 0.8F}}}, r, {{}, {}, {chequered()}});
  near("lora", {.model = sd1(), .loras = {{kGoldens / "lora.safetensors", 0.8F}}}, r);
  r.rescale = 0.7F;
  near("rescaled", {.model = sd1()}, r);
  r = request(false);
  r.sampler = "euler_a";
  r.noise = "torch";
  r.seed = 2024;
  near("torch", {.model = sd1()}, r);
  r = request(false);
  r.prompt = "a photo of word riding";
  near("word", {.model = sd1(), .embeddings = {kGoldens / "word.safetensors"}}, r);
}

TEST_F(Painting, TheThirdKindTakesAStraightWay) {
  save_third();
  const DiffusionFiles files{.model = folder_ / "sd3.safetensors"};
  PaintRequest r = third_request();
  const auto made = load(files)->paint(r);
  ASSERT_TRUE(made) << made.error().message;
  const NamedTensors wanted = golden("paintings");
  fmt::print("sd3: f32 {:.1f} dB, bf16 {:.1f} dB\n", psnr(*made, wanted.at("sd3")), psnr(value_or_throw(load(files, DType::bf16)->paint(r)), wanted.at("sd3")));
  EXPECT_GE(psnr(*made, wanted.at("sd3")), 55);
  EXPECT_GE(psnr(value_or_throw(load(files, DType::bf16)->paint(r)), wanted.at("sd3")), 26);
  for (const char* sampler : {"heun", "dpm2", "ddim"}) {
    r.sampler = sampler;
    EXPECT_TRUE(load(files)->paint(r, {rising(), window(), {}})) << sampler;
  }
  r.sampler = "dpmpp_2m";
  EXPECT_EQ(load(files)->paint(r).error().message, "sampler 'dpmpp_2m' does not go with Stable Diffusion 3; possible: euler heun dpm2 ddim");
  r.sampler = "";
  r.schedule = "karras";
  EXPECT_EQ(load(files)->paint(r).error().message, "schedule 'karras' does not go with Stable Diffusion 3");
  r.schedule = "flow";
  EXPECT_EQ(load({.model = sd1()})->paint(r).error().message, "schedule 'flow' does not go with Stable Diffusion 1");
  EXPECT_NE(refused({.model = folder_ / "sd3.safetensors", .wraps = true}), "");
}

TEST_F(Painting, TheThirdKindIsConditionedByT5Too) {
  save_third();
  const fs::path folder = folder_ / "text_encoder_3", words = folder_ / "tokenizer_3";
  fs::create_directories(folder);
  fs::create_directories(words);
  const NamedTensors t5 = model_of(golden("t5"));
  TensorFile parts[2];
  for (const auto& [name, tensor] : t5) parts[name.find("block.1.") != std::string::npos].tensors.emplace(name, tensor);
  for (int i = 0; i < 2; ++i) value_or_throw(write_safetensors(folder / fmt::format("model-0000{}-of-00002.safetensors", i + 1), parts[i]));
  DiffusionFiles files{.model = folder_ / "sd3.safetensors", .t5 = folder};
  EXPECT_NE(refused(files).find("`t5_words`"), std::string::npos) << refused(files);
  fs::copy_file(kGoldens / "t5_words.json", words / "tokenizer.json");
  PaintRequest r = third_request();
  const Image made = value_or_throw(load(files)->paint(r));
  const NamedTensors wanted = golden("paintings");
  fmt::print("sd3 with T5: f32 {:.1f} dB\n", psnr(made, wanted.at("sd3_t5")));
  EXPECT_GE(psnr(made, wanted.at("sd3_t5")), 55);
  EXPECT_LT(psnr(made, wanted.at("sd3")), 30) << "T5's words count";
  r.prompt = "a photo of " + std::string(300, 'z');  // more tokens than the least
  EXPECT_TRUE(load(files)->paint(r));

  // One file, its words named; the same inside a checkpoint.
  TensorFile whole, inside;
  for (const auto& [name, tensor] : t5) {
    whole.tensors.emplace(name, tensor);
    inside.tensors.emplace("text_encoders.t5xxl.transformer." + name, tensor);
  }
  r.prompt = "a photo of (an astronaut:1.3)";
  for (const auto& [name, file] : {std::pair{"t5.safetensors", &whole}, {"inside.safetensors", &inside}}) {
    value_or_throw(write_safetensors(folder_ / name, *file));
    files.t5 = folder_ / name;
    files.t5_words = kGoldens / "t5_words.json";
    EXPECT_EQ(value_or_throw(load(files)->paint(r)).rgba, made.rgba) << name;
  }
  const DiffusionFiles again = value_or_throw(diffusion_files(to_json(files), folder_));
  EXPECT_EQ(again.t5, folder_ / "inside.safetensors");
  EXPECT_EQ(again.t5_words, folder_ / "t5_words.json");
  bool weights = false, tokens = false;
  for (const auto& [name, file] : value_or_throw(listed(files))) {
    weights = weights || name == "t5 inside.safetensors";
    tokens = tokens || name == "t5_words t5_words.json";
  }
  EXPECT_TRUE(weights && tokens) << "both are in the receipt";

  EXPECT_NE(refused({.model = sd1(), .t5 = folder, .t5_words = files.t5_words}).find("not conditioned by T5"), std::string::npos);
  EXPECT_NE(refused({.model = folder_ / "sd3.safetensors", .t5 = sd1(), .t5_words = files.t5_words}).find("no encoder of T5"), std::string::npos);
  value_or_throw(write_file(folder_ / "odd.json", std::string("{}")));
  EXPECT_NE(refused({.model = folder_ / "sd3.safetensors", .t5 = folder, .t5_words = folder_ / "odd.json"}).find("odd.json"), std::string::npos);
  whole.tensors["shared.weight"] = Tensor::zeros({whole.tensors["shared.weight"].dim(0) - 10, 56});
  value_or_throw(write_safetensors(folder_ / "few.safetensors", whole));
  EXPECT_NE(refused({.model = folder_ / "sd3.safetensors", .t5 = folder_ / "few.safetensors", .t5_words = files.t5_words}).find("the tokenizer has"),
            std::string::npos);
}

TEST_F(Painting, ARefinerPaintsTheLastSteps) {
  TensorFile file;
  for (const auto& [name, tensor] : original_unet_names(model_of(golden("refiner")))) file.tensors.emplace("model.diffusion_model." + name, tensor);
  value_or_throw(write_safetensors(folder_ / "refiner.safetensors", file));
  const DiffusionFiles files{.model = folder_ / "sdxl.safetensors", .refiner = folder_ / "refiner.safetensors"};
  PaintRequest r = request(true);
  r.steps = 10;
  r.sampler = "euler";
  r.schedule = "karras";
  const auto paint = [&](const DiffusionFiles& with, const PaintRequest& asked) { return value_or_throw(load(with, DType::f32, true)->paint(asked)); };
  const Image made = paint(files, r);
  const NamedTensors wanted = golden("paintings");
  fmt::print("refined: f32 {:.1f} dB\n", psnr(made, wanted.at("refined")));
  EXPECT_GE(psnr(made, wanted.at("refined")), 70);
  const Image alone = paint({.model = folder_ / "sdxl.safetensors"}, r);
  EXPECT_LT(psnr(alone, wanted.at("refined")), 60) << "the refiner counts";
  r.refine_from = 1;
  EXPECT_EQ(paint(files, r).rgba, alone.rgba) << "it never takes over";
  r.refine_from = 0;
  EXPECT_NE(paint(files, r).rgba, made.rgba);
  EXPECT_EQ(value_or_throw(paint_request(to_json(r))).refine_from, 0);
  r.refine_from = 1.5F;
  EXPECT_EQ(check(r).error().message, "`refine_from` 1.5; 0 to 1 are possible");
  EXPECT_EQ(value_or_throw(diffusion_files(to_json(files), folder_)).refiner, files.refiner);
  EXPECT_NE(refused({.model = sd1(), .refiner = files.refiner}).find("has no refiner"), std::string::npos);
  const auto other =
      DiffusionModel::load({.model = folder_ / "sdxl.safetensors", .refiner = folder_ / "sdxl.safetensors"}, folder_ / "words", shapes(true, DType::f32));
  ASSERT_FALSE(other);
  EXPECT_NE(other.error().message.find("a refiner of"), std::string::npos) << other.error().message;
}

/// Floats of 8 bits as others write them: plain, and with a scale beside.
TEST_F(Painting, FloatsOf8BitsAreRead) {
  const std::string header =
      R"({"a.weight":{"dtype":"F8_E4M3","shape":[2,4],"data_offsets":[4,12]},"a.scale_weight":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},)"
      R"("b.weight":{"dtype":"F8_E5M2","shape":[5],"data_offsets":[12,17]},"c.weight":{"dtype":"F8_E4M3","shape":[3],"data_offsets":[17,20]}})";
  Bytes file(8);
  const uint64_t length = header.size() + (8 - header.size() % 8) % 8;
  std::memcpy(file.data(), &length, 8);
  file.insert(file.end(), header.begin(), header.end());
  file.resize(8 + length, ' ');
  const float scale = 0.5F;
  file.resize(file.size() + 4);
  std::memcpy(file.data() + file.size() - 4, &scale, 4);
  const uint8_t bytes[] = {0x38, 0xB8, 0x00, 0x01, 0x7E, 0xFE, 0x40, 0x08, 0x3C, 0xBC, 0x01, 0x7B, 0x7C, 0x38, 0x81, 0x7F};
  file.insert(file.end(), std::begin(bytes), std::end(bytes));
  value_or_throw(write_file(folder_ / "eight.safetensors", file));
  const TensorFile read = value_or_throw(read_tensor_file(folder_ / "eight.safetensors"));
  EXPECT_EQ(read.tensors.size(), 3) << "the scale is no tensor of the model";
  EXPECT_TRUE(read.skipped.empty());
  const auto numbers = [&](const char* name) { return cast(passing_numbers(read.tensors.at(name)), DType::f32).to_vector(); };
  EXPECT_EQ(numbers("a.weight"), (std::vector<float>{0.5F, -0.5F, 0, std::ldexp(1.0F, -10), 224, -224, 1, std::ldexp(1.0F, -7)}));
  EXPECT_EQ(numbers("b.weight"), (std::vector<float>{1, -1, std::ldexp(1.0F, -16), 57344, INFINITY}));
  EXPECT_EQ(numbers("c.weight")[0], 1);
  EXPECT_EQ(numbers("c.weight")[1], -std::ldexp(1.0F, -9));
  EXPECT_TRUE(std::isnan(numbers("c.weight")[2]));
}

TEST_F(Painting, WhatAMaskKeepsStaysToThePixel) {
  const Image from = rising(), made = value_or_throw(load(false, DType::f32)->paint(request(false), {from, window(), {}}));
  int64_t changed = 0;
  for (int64_t y = 0; y < 64; ++y)
    for (int64_t x = 0; x < 64; ++x) {
      const bool same = std::equal(made.at(x, y), made.at(x, y) + 4, from.at(x, y));
      const bool kept = window().at(x, y)[0] == 0;
      EXPECT_TRUE(same || !kept) << x << " " << y;
      changed += !same;
    }
  EXPECT_GT(changed, 500);
}

TEST_F(Painting, APictureOfAnotherShapeIsCutNotSqueezed) {
  // Twice as wide as painted: the middle is what stays.
  Image wide = make_image(128, 64);
  for (int64_t y = 0; y < 64; ++y)
    for (int64_t x = 0; x < 128; ++x) std::copy_n(rising().at(std::clamp<int64_t>(x - 32, 0, 63), y), 4, wide.at(x, y));
  Image black = make_image(128, 64);
  for (size_t i = 3; i < black.rgba.size(); i += 4) black.rgba[i] = 255;
  PaintRequest r = request(false);
  r.width = r.height = 64;
  EXPECT_EQ(value_or_throw(load(false, DType::f32)->paint(r, {wide, black, {}})).rgba, rising().rgba);
}

TEST_F(Painting, AdaptersOfEveryNamingChangeTheSame) {
  const Image wanted = value_or_throw(load({.model = sd1(), .loras = {{kGoldens / "lora.safetensors", 0.8F}}})->paint(request(false)));
  // diffusers' and PEFT's names of the same, and an alpha that is missing counts as the rank.
  const NamedTensors kohya = golden("lora");
  TensorFile other;
  const auto put = [&](const std::string& flat, const std::string& dotted) {
    other.tensors[dotted + ".lora_A.weight"] = kohya.at("lora_" + flat + ".lora_down.weight");
    other.tensors[dotted + ".lora_B.weight"] = affine(cast(kohya.at("lora_" + flat + ".lora_up.weight"), DType::f32), 0.75F);
  };
  put("unet_down_blocks_0_attentions_1_transformer_blocks_0_attn1_to_q", "unet.down_blocks.0.attentions.1.transformer_blocks.0.attn1.to_q");
  put("unet_down_blocks_0_attentions_0_transformer_blocks_0_attn2_to_k", "diffusion_model.input_blocks.1.1.transformer_blocks.0.attn2.to_k");
  put("unet_mid_block_attentions_0_transformer_blocks_0_ff_net_0_proj", "unet.mid_block.attentions.0.transformer_blocks.0.ff.net.0.proj");
  put("unet_up_blocks_1_attentions_2_transformer_blocks_0_attn2_to_out_0", "unet.up_blocks.1.attentions.2.transformer_blocks.0.attn2.processor.to_out");
  put("unet_down_blocks_0_attentions_0_proj_in", "lora_unet_input_blocks_1_1_proj_in");
  put("te_text_model_encoder_layers_1_self_attn_q_proj", "text_encoder.text_model.encoder.layers.1.self_attn.q_proj");
  put("te_text_model_encoder_layers_0_mlp_fc1", "lora_te1_text_model_encoder_layers_0_mlp_fc1");
  value_or_throw(write_safetensors(folder_ / "peft.safetensors", other));
  const Image made = value_or_throw(load({.model = sd1(), .loras = {{folder_ / "peft.safetensors", 0.8F}}})->paint(request(false)));
  double worst = 0;
  for (size_t i = 0; i < made.rgba.size(); ++i) worst = std::max(worst, std::abs(static_cast<double>(made.rgba[i]) - static_cast<double>(wanted.rgba[i])));
  EXPECT_LE(worst, 1);
  // Two halves are one whole; a strength of 0 is none at all.
  const fs::path lora = kGoldens / "lora.safetensors";
  const Image halves = value_or_throw(load({.model = sd1(), .loras = {{lora, 0.4F}, {lora, 0.4F}}})->paint(request(false)));
  for (size_t i = 0; i < halves.rgba.size(); ++i) ASSERT_LE(std::abs(halves.rgba[i] - wanted.rgba[i]), 1);
  EXPECT_EQ(value_or_throw(load({.model = sd1(), .loras = {{lora, 0.0F}}})->paint(request(false))).rgba,
            value_or_throw(load(false, DType::f32)->paint(request(false))).rgba);

  // Parts in OpenCLIP's joined matrix.
  NamedTensors joined{{"t.transformer.resblocks.1.attn.in_proj_weight", Tensor::zeros({72, 24})}};
  const CheckpointPlaces places{"u.", {"t."}};
  NamedTensors part{{"lora_te_text_model_encoder_layers_1_self_attn_k_proj.lora_up.weight", Tensor::full({24, 1}, 1)},
                    {"lora_te_text_model_encoder_layers_1_self_attn_k_proj.lora_down.weight", Tensor::full({1, 24}, 2)}};
  EXPECT_EQ(value_or_throw(merge_adapters(joined, places, {{part, "p", 0.5F}}, true)), 1);
  const auto numbers = joined.begin()->second.to_vector();
  EXPECT_EQ(std::count(numbers.begin(), numbers.end(), 1.0F), 24 * 24);
  EXPECT_EQ(numbers[24 * 24], 1.0F);
  EXPECT_EQ(numbers[24 * 24 - 1], 0.0F);

  const NamedTensors others = golden("others");
  const auto changed = [&](const std::string& base, const std::string& kind, const Tensor& alpha) {
    NamedTensors model{{"u.input_blocks.1.1.proj_in.weight", others.at(base)}}, adapter;
    for (const auto& [name, tensor] : model_of(others, "part." + kind + ".")) adapter.emplace("lora_unet_input_blocks_1_1_proj_in." + name, tensor);
    if (alpha.defined()) adapter.emplace("lora_unet_input_blocks_1_1_proj_in.alpha", alpha);
    EXPECT_EQ(value_or_throw(merge_adapters(model, places, {{adapter, "p", 0.5F}}, false)), 1);
    return model.begin()->second;
  };
  const Tensor one = Tensor::full({}, 1);
  EXPECT_LE(difference(changed("linear", "loha", one), others.at("linear_loha")), 1e-5);
  EXPECT_LE(difference(changed("linear", "lokr", one), others.at("linear_lokr")), 1e-5);
  EXPECT_LE(difference(changed("conv", "conv_lora", {}), others.at("conv_lora")), 1e-5);
  EXPECT_LE(difference(changed("conv", "conv_lokr", one), others.at("conv_lokr")), 1e-5);
}

TEST_F(Painting, AdaptersThatDoNotFitAreRefused) {
  const auto said = [&](const NamedTensors& tensors, float strength = 1) {
    TensorFile file;
    file.tensors = tensors;
    value_or_throw(write_safetensors(folder_ / "bad.safetensors", file));
    std::string message = refused({.model = sd1(), .loras = {{folder_ / "bad.safetensors", strength}}});
    const std::string path = (folder_ / "bad.safetensors").string() + ": ";
    return message.rfind(path, 0) == 0 ? message.substr(path.size()) : message;
  };
  const std::string q = "lora_unet_down_blocks_0_attentions_1_transformer_blocks_0_attn1_to_q";
  EXPECT_EQ(said({{q + ".lora_up.weight", Tensor::zeros({16, 2})}}), "'" + q + "' lacks a part (down)");
  EXPECT_EQ(said({{q + ".lora_up.weight", Tensor::zeros({16, 2})}, {q + ".lora_down.weight", Tensor::zeros({3, 16})}}),
            "'" + q + "' has parts [16, 2] and [3, 16] that do not fit each other");
  EXPECT_EQ(said({{q + ".lora_up.weight", Tensor::zeros({16, 2})}, {q + ".lora_down.weight", Tensor::zeros({2, 17})}}),
            "'" + q + "' is for a matrix of 16 × 17; here it is 16 × 16");
  EXPECT_EQ(said({{"lora_unet_nowhere.lora_up.weight", Tensor::zeros({16, 2})}}),
            "'lora_unet_nowhere' has no place in this checkpoint; it was made for another family");
  EXPECT_EQ(said({{q + ".dora_scale", Tensor::zeros({16, 1})}}), "'" + q + ".dora_scale' is no part of a LoRA, LoHa or LoKr");
  EXPECT_NE(said({{q + ".lora_up.weight", Tensor::zeros({0, 2})}, {q + ".lora_down.weight", Tensor::zeros({2, 16})}}), "");
  EXPECT_NE(said({{q + ".lora_up.weight", Tensor::zeros({})}, {q + ".lora_down.weight", Tensor::zeros({})}}), "");
  EXPECT_NE(said({{q + ".lokr_w1", Tensor::zeros({3})}, {q + ".lokr_w2", Tensor::zeros({2, 2, 2, 2})}}), "");
  EXPECT_NE(said({{q + ".alpha", Tensor::zeros({4})}, {q + ".lora_up.weight", Tensor::zeros({16, 2})}, {q + ".lora_down.weight", Tensor::zeros({2, 16})}}), "");
  EXPECT_EQ(
      said({{q + ".alpha", Tensor::full({1}, INFINITY)}, {q + ".lora_up.weight", Tensor::zeros({16, 2})}, {q + ".lora_down.weight", Tensor::zeros({2, 16})}}),
      "'" + q + "' has an alpha that is no number");
  EXPECT_NE(said({}), "");
  EXPECT_NE(refused({.model = sd1(), .embeddings = {kGoldens / "lora.safetensors"}}), "");
  TensorFile both;  // as for SDXL
  both.tensors = {{"clip_l", Tensor::zeros({1, 16})}, {"clip_g", Tensor::zeros({1, 16})}};
  value_or_throw(write_safetensors(folder_ / "both.safetensors", both));
  EXPECT_NE(refused({.model = sd1(), .embeddings = {folder_ / "both.safetensors"}}).find("2 text encoders; this checkpoint has 1"), std::string::npos);
  EXPECT_NE(refused({.model = sd1(), .controls = {{kGoldens / "lora.safetensors", 1}}}), "");
  EXPECT_NE(refused({.model = sd1(), .unet = kGoldens / "lora.safetensors"}), "");
  EXPECT_NE(refused({.model = sd1(), .autoencoder = kGoldens / "lora.safetensors"}), "");
  const auto without_picture = load(false, DType::f32)->paint(request(false), {{}, {}, {chequered()}});
  EXPECT_EQ(without_picture.error().message, "0 networks that control, 1 pictures for them");
}

TEST_F(Painting, EveryKindOfFileGivesTheSame) {
  const Image wanted = value_or_throw(load(false, DType::f32)->paint(request(false)));
  const TensorFile whole = value_or_throw(read_safetensors(sd1()));
  // A U-Net and an autoencoder of their own, in three namings.
  TensorFile unet, autoencoder;
  unet.tensors = model_of(golden("unet_1"));
  autoencoder.tensors = model_of(golden("autoencoder"));
  value_or_throw(write_safetensors(folder_ / "unet.safetensors", unet));
  value_or_throw(write_safetensors(folder_ / "vae.safetensors", autoencoder));
  EXPECT_EQ(
      value_or_throw(load({.model = sd1(), .unet = folder_ / "unet.safetensors", .autoencoder = folder_ / "vae.safetensors"})->paint(request(false))).rgba,
      wanted.rgba);
  // GGUF: what is not quantised as it is, the rest within 8 bits.
  std::vector<GgufOutput> plain, rounded;
  for (const auto& [name, tensor] : whole.tensors) {
    std::vector<int64_t> shape;
    for (int axis = 0; axis < tensor.rank(); ++axis) shape.push_back(tensor.dim(axis));
    const auto* at = static_cast<const uint8_t*>(tensor.raw());
    plain.push_back({name, shape, tensor.dtype() == DType::f32 ? BlockType::f32 : BlockType::bf16, {at, at + tensor.bytes()}});
    if (shape.size() == 2 && shape[1] % 32 == 0) {
      const std::vector<float> values = tensor.to_vector();
      std::vector<uint8_t> blocks(static_cast<size_t>(block_bytes(BlockType::q8_0, tensor.elements())));
      value_or_throw(quantize(BlockType::q8_0, values.data(), tensor.elements(), blocks.data()));
      rounded.push_back({name, shape, BlockType::q8_0, blocks});
    } else {
      rounded.push_back(plain.back());
    }
  }
  value_or_throw(write_gguf(folder_ / "plain.gguf", {{"general.architecture", std::string("sd1")}}, plain));
  value_or_throw(write_gguf(folder_ / "rounded.gguf", {{"general.architecture", std::string("sd1")}}, rounded));
  EXPECT_EQ(value_or_throw(load({.model = folder_ / "plain.gguf"})->paint(request(false))).rgba, wanted.rgba);
  Tensor numbers = Tensor::empty({1, 64, 64, 3});
  for (int64_t i = 0; i < 64 * 64; ++i)
    for (int64_t c = 0; c < 3; ++c) numbers.data<float>()[i * 3 + c] = static_cast<float>(wanted.rgba[static_cast<size_t>(i * 4 + c)]);
  EXPECT_GE(psnr(value_or_throw(load({.model = folder_ / "rounded.gguf"})->paint(request(false))), numbers), 30);
  // A small autoencoder: another picture of the same size times two (it enlarges eightfold, the one of this checkpoint fourfold).
  TensorFile tiny;
  tiny.tensors = model_of(golden("tiny"));
  value_or_throw(write_safetensors(folder_ / "tiny.safetensors", tiny));
  PaintRequest large = request(false);
  large.width = large.height = 128;
  int looks = 0;
  const auto seen = [&](int64_t, const Image& picture) { looks += picture.width == 128; };
  EXPECT_EQ(value_or_throw(load({.model = sd1(), .autoencoder = folder_ / "tiny.safetensors"})->paint(large, {}, {}, nullptr, seen)).width, 128);
  EXPECT_EQ(looks, 3) << "after every step but the last";
}

TEST_F(Painting, SingleFilesSayHowTheyWereTrained) {
  TensorFile file = value_or_throw(read_tensor_file(sd1()));
  file.tensors["ztsnr"] = Tensor::zeros({1});
  value_or_throw(write_safetensors(folder_ / "ztsnr.safetensors", file));
  file.tensors["v_pred"] = Tensor::zeros({1});
  value_or_throw(write_safetensors(folder_ / "v_pred.safetensors", file));
  const auto scheduler = [&](const char* name) { return value_or_throw(read_checkpoint({.model = folder_ / name}, false)).settings.scheduler; };
  ASSERT_TRUE(scheduler("ztsnr.safetensors"));
  EXPECT_TRUE(scheduler("ztsnr.safetensors")->noise.zero_snr);
  EXPECT_EQ(scheduler("ztsnr.safetensors")->prediction, "noise");
  ASSERT_TRUE(scheduler("v_pred.safetensors"));
  EXPECT_TRUE(scheduler("v_pred.safetensors")->noise.zero_snr);
  EXPECT_EQ(scheduler("v_pred.safetensors")->prediction, "velocity");
}

TEST_F(Painting, PyTorchsOwnFilesAreRead) {
  const TensorFile file = value_or_throw(read_tensor_file(kGoldens / "trainer.ckpt"));
  std::vector<float> numbers;
  for (int i = 0; i < 24; ++i) numbers.push_back(static_cast<float>(i));
  for (const char* name : {"a.weight", "a.half", "b"}) EXPECT_EQ(file.tensors.at(name).to_vector(), numbers) << name;
  EXPECT_EQ(file.tensors.at("a.half").dtype(), DType::f16);
  EXPECT_EQ(file.tensors.at("turned").shape(), Shape({6, 4}));
  EXPECT_EQ(file.tensors.at("turned").to_vector()[1], 6);
  EXPECT_EQ(file.tensors.at("part").to_vector(), (std::vector<float>{8, 9, 10, 14, 15, 16}));
  EXPECT_EQ(file.tensors.at("one").item(), 2.5F);
  EXPECT_EQ(file.tensors.at("none").elements(), 0);
  EXPECT_EQ(file.tensors.at("small").dtype(), DType::i32);
  EXPECT_EQ(file.skipped.at("ids"), "LongStorage");
  EXPECT_EQ(file.tensors.size(), 8U);
  EXPECT_EQ(value_or_throw(read_tensor_file(kGoldens / "embedding.pt")).tensors.at("string_to_param.*").shape(), Shape({2, 6}));
  const TensorFile old = value_or_throw(read_tensor_file(kGoldens / "old.pth"));
  EXPECT_EQ(old.tensors.at("a.weight").to_vector(), numbers);
  EXPECT_EQ(old.tensors.at("half").to_vector(), numbers);
  EXPECT_EQ(old.tensors.at("part").to_vector(), (std::vector<float>{8, 9, 10, 14, 15, 16}));
  EXPECT_EQ(old.skipped.at("ids"), "LongStorage");
  // Every cut, and every byte changed, is survived.
  for (const char* name : {"trainer.ckpt", "old.pth"}) {
    const Bytes bytes = value_or_throw(read_file(kGoldens / name));
    for (size_t cut = 0; cut < bytes.size(); cut += 7) EXPECT_FALSE(parse_torch_file({bytes.data(), cut}, nullptr)) << name << " " << cut;
    for (size_t at = 0; at < bytes.size(); ++at)
      for (const int flip : {0x01, 0x80, 0xFF}) {
        Bytes broken = bytes;
        broken[at] = static_cast<uint8_t>(broken[at] ^ flip);
        if (const auto read = parse_torch_file(broken, nullptr))
          for (const auto& [key, tensor] : read->tensors) (void)tensor.to_vector();
      }
  }
}

TEST_F(Painting, LargerInTilesAndWithLooks) {
  const auto model = load(false, DType::f32);
  PaintRequest r = request(false);
  r.enlarge = 2;
  int looks = 0;
  const Image large = value_or_throw(model->paint(r, {}, {}, nullptr, [&](int64_t, const Image& picture) { looks += picture.width > 0; }));
  EXPECT_EQ(large.width, 128);
  EXPECT_GE(looks, 4);
  // Tiles differ from the whole only a little, and only with more than one of them.
  r = request(false);
  r.width = 192;
  r.height = 64;
  r.steps = 1;
  r.guidance = 1;
  const Image whole = value_or_throw(model->paint(r));
  r.tile = 128;
  const Image tiled = value_or_throw(model->paint(r));
  EXPECT_NE(whole.rgba, tiled.rgba);
  double sum = 0;
  for (size_t i = 0; i < whole.rgba.size(); ++i) sum += std::abs(whole.rgba[i] - tiled.rgba[i]);
  EXPECT_LT(sum / static_cast<double>(whole.rgba.size()), 12);  // random weights normalise each tile by itself
  r.tile = 256;
  EXPECT_EQ(value_or_throw(model->paint(r)).rgba, whole.rgba);

  const DiffusionFiles files{.model = sd1()};
  const Plan plan = value_or_throw(plan_painting(r, files, folder_ / "words", {}, shapes(false, DType::f32)));
  EXPECT_GT(plan.flops, 0);
  EXPECT_GT(plan.peak_bytes, plan.program_bytes);
  EXPECT_EQ(value_or_throw(within_budget(r, files, folder_ / "words", {}, plan.peak_bytes, shapes(false, DType::f32))).tile, r.tile);
  const auto refused = within_budget(r, files, folder_ / "words", {}, 1 << 20, shapes(false, DType::f32)).error();
  EXPECT_EQ(refused.code, ErrorCode::over_budget);
  EXPECT_NE(refused.message.find("weights in 8 bits (w8a16)"), std::string::npos);
  // A plan with everything reads nothing and fails at nothing.
  TensorFile net;
  net.tensors = model_of(golden("control"));
  value_or_throw(write_safetensors(folder_ / "control.safetensors", net));
  PaintRequest everything = request(false);
  everything.noise = "torch";
  everything.rescale = 0.5;
  const DiffusionFiles all{.model = sd1(),
                           .loras = {{kGoldens / "lora.safetensors", 1}},
                           .embeddings = {kGoldens / "word.safetensors"},
                           .controls = {{folder_ / "control.safetensors", 1}}};
  const auto whole_plan = plan_painting(everything, all, folder_ / "words", {rising(), window(), {chequered()}}, shapes(false, DType::f32));
  EXPECT_TRUE(whole_plan) << whole_plan.error().message;
}

TEST_F(Painting, WhatWasPaintedIsRecalled) {
  const DiffusionFiles files{.model = sd1(), .loras = {{kGoldens / "lora.safetensors", 0.75F}}};
  const PaintRequest r = request(false);
  const Image picture = value_or_throw(load(files)->paint(r));
  const Work work = value_or_throw(painting(r, files, value_or_throw(checkpoint_digests(files)), picture));
  value_or_throw(write_work(work, folder_ / "work"));
  const std::string command = value_or_throw(recall(folder_ / "work" / "picture.png"));
  EXPECT_EQ(command,
            "# painted by Ptah\nptah paint --model sd1.safetensors --lora lora.safetensors:0.75 --negative 3.5 --seed 11 --steps 4 --guidance 5 --sampler "
            "dpmpp_2m --schedule karras -- "
            "'a photo of (an astronaut:1.3) riding'\n");
  // What the WebUI reads of it, and what is read of the WebUI's.
  const std::string text = value_or_throw(png_text(work.files.at("picture.png"), "parameters"));
  const Recalled back = value_or_throw(recall_webui(text));
  EXPECT_EQ(back.request.prompt, r.prompt);
  EXPECT_EQ(back.request.negative, r.negative);
  EXPECT_EQ(back.request.seed, r.seed);
  EXPECT_EQ(back.request.steps, r.steps);
  EXPECT_EQ(back.request.guidance, r.guidance);
  EXPECT_EQ(back.request.sampler, r.sampler);
  EXPECT_EQ(back.request.schedule, r.schedule);
  EXPECT_EQ(back.files.loras.at(0).strength, 0.75F);

  const Recalled theirs =
      value_or_throw(recall_webui("portrait, <lora:style:0.6> (soft light:1.2)\nsecond line\nNegative prompt: blurry,\nbad hands\nSteps: 25, Sampler: DPM++ 2M "
                                  "Karras, CFG scale: 6.5, Seed: 4294967299, Size: 512x768, "
                                  "Model hash: abcdef1234, Model: some_model-v1, Denoising strength: 0.45, Clip skip: 2, Hires upscale: 1.5, Hires upscaler: "
                                  "Latent, Lora hashes: \"style: 1, x: 2\", RNG: CPU, Version: v1.9"));
  EXPECT_EQ(theirs.request.prompt, "portrait,  (soft light:1.2)\nsecond line");
  EXPECT_EQ(theirs.request.negative, "blurry,\nbad hands");
  EXPECT_EQ(theirs.request.sampler, "dpmpp_2m");
  EXPECT_EQ(theirs.request.schedule, "karras");
  EXPECT_EQ(theirs.request.seed, 4294967299U);
  EXPECT_EQ(theirs.request.height, 768);
  EXPECT_EQ(theirs.request.clip_skip, 1);
  EXPECT_EQ(theirs.request.enlarge, 1.5F);
  EXPECT_EQ(theirs.request.enlarge_strength, 0.45F);
  EXPECT_EQ(theirs.request.strength, 1);
  EXPECT_EQ(theirs.files.model, "some_model-v1.safetensors");
  EXPECT_EQ(theirs.files.loras.at(0).file, "style.safetensors");
  EXPECT_EQ(theirs.missed, std::vector<std::string>{"Hires upscaler: Latent"});
  EXPECT_FALSE(recall_webui("nothing of the kind"));

  const std::string graph =
      R"({"3": {"class_type": "KSampler", "inputs": {"seed": 5, "steps": 30, "cfg": 8.0, "sampler_name": "euler_ancestral", "scheduler": "normal", "denoise": 1,
    "model": ["10", 0], "positive": ["6", 0], "negative": ["7", 0], "latent_image": ["5", 0]}}, "4": {"class_type": "CheckpointLoaderSimple", "inputs": {"ckpt_name": "a b.safetensors"}},
    "5": {"class_type": "EmptyLatentImage", "inputs": {"width": 640, "height": 512}}, "6": {"class_type": "CLIPTextEncode", "inputs": {"text": "it's", "clip": ["11", 0]}},
    "7": {"class_type": "CLIPTextEncode", "inputs": {"text": "text", "clip": ["4", 1]}}, "10": {"class_type": "LoraLoader", "inputs": {"lora_name": "l.safetensors", "strength_model": 0.5, "model": ["4", 0]}},
    "11": {"class_type": "CLIPSetLastLayer", "inputs": {"stop_at_clip_layer": -2, "clip": ["4", 1]}}})";
  const Recalled comfy = value_or_throw(recall_comfy(graph));
  EXPECT_EQ(comfy.request.prompt, "it's");
  EXPECT_EQ(comfy.request.sampler, "euler_a");
  EXPECT_EQ(comfy.request.clip_skip, 1);
  EXPECT_EQ(comfy.request.width, 640);
  EXPECT_EQ(comfy.files.model, "a b.safetensors");
  EXPECT_EQ(comfy.files.loras.at(0).strength, 0.5F);
  EXPECT_TRUE(comfy.missed.empty());
  EXPECT_EQ(recall_comfy("{}").error().code, ErrorCode::unsupported);
  EXPECT_FALSE(recall_comfy("[1]"));
  EXPECT_TRUE(recall_comfy(R"({"1": {"class_type": "KSampler", "inputs": {"model": ["1", 0], "positive": ["1", 0], "negative": 5, "latent_image": []}}})"))
      << "a circle ends";
  value_or_throw(write_file(folder_ / "comfy.png", std::span<const uint8_t>(value_or_throw(encode_png(picture, {{"prompt", graph}})))));
  EXPECT_EQ(value_or_throw(recall(folder_ / "comfy.png")),
            "# painted by ComfyUI\nptah paint --model 'a b.safetensors' --lora l.safetensors:0.5 --negative text --seed 5 --steps 30 --guidance 8 --sampler "
            "euler_a --schedule normal --width 640 "
            "--height 512 --clip-skip 1 --noise torch -- 'it'\\''s'\n");
  value_or_throw(write_file(folder_ / "bare.png", std::span<const uint8_t>(value_or_throw(encode_png(picture)))));
  EXPECT_EQ(recall(folder_ / "bare.png").error().code, ErrorCode::not_found);
}

TEST_F(Painting, LoRAsOfTheThirdInDiffusersNames) {
  const std::string kPlace = "model.diffusion_model.";
  const NamedTensors model = model_of(golden("joint_3"));
  NamedTensors changed = model, adapter, checkpoint;
  uint64_t seed = 0;
  for (const char* module :
       {"transformer_blocks.0.attn.to_q", "transformer_blocks.0.attn.to_v", "transformer_blocks.0.attn.add_k_proj", "transformer_blocks.0.attn.to_out.0",
        "transformer_blocks.0.ff.net.0.proj", "transformer_blocks.0.ff_context.net.2", "transformer_blocks.0.norm1.linear", "context_embedder", "proj_out"}) {
    const std::string name = std::string(module) + ".weight";
    ASSERT_TRUE(model.contains(name)) << name;
    const Tensor up = Tensor::normal({model.at(name).dim(0), 2}, 1, seed++), down = Tensor::normal({2, model.at(name).dim(1)}, 1, seed++);
    adapter[std::string("transformer.") + module + ".lora_A.weight"] = down;
    adapter[std::string("transformer.") + module + ".lora_B.weight"] = up;
    changed[name] = add(cast(model.at(name), DType::f32), affine(matmul(up, down), 0.5F));
  }
  for (const auto& [name, tensor] : original_joint_names(model)) checkpoint[kPlace + name] = tensor;
  EXPECT_EQ(value_or_throw(merge_adapters(checkpoint, {.unet = kPlace, .texts = {}}, {{adapter, "adapter", 0.5F}}, true)), 8) << "two of them share a matrix";
  for (const auto& [name, tensor] : original_joint_names(changed))
    EXPECT_LE(difference(cast(checkpoint.at(kPlace + name), DType::f32), cast(tensor, DType::f32)), 1e-6) << name;
  for (const char* nowhere :
       {"transformer.transformer_blocks.0.attn.to_x", "transformer.transformer_blocks.99.attn.to_q", "transformer.norm_out.linear", "transformer."}) {
    const NamedTensors other{{std::string(nowhere) + ".lora_A.weight", Tensor::zeros({2, 4})},
                             {std::string(nowhere) + ".lora_B.weight", Tensor::zeros({4, 2})}};
    EXPECT_FALSE(merge_adapters(checkpoint, {.unet = kPlace, .texts = {}}, {{other, "adapter", 1}}, true)) << nowhere;
  }
}

TEST_F(Painting, WhatIsUnwantedPushesAtRightAngles) {
  const Tensor empty = Tensor::from({4}, {1, 1, 1, 1}), wanted = Tensor::from({4}, {3, 1, 1, 1}), unwanted = Tensor::from({4}, {5, 4, 1, 0});
  // Along what is wanted nothing is taken; across it 3 and −1 are.
  EXPECT_EQ(guided_noise(wanted, unwanted, 2, empty, 1).to_vector(), (std::vector<float>{5, -5, 1, 3}));
  EXPECT_EQ(guided_noise(wanted, unwanted, 2, empty, 0.5F).to_vector(), (std::vector<float>{5, -2, 1, 2}));
  EXPECT_EQ(guided_noise(wanted, unwanted, 2).to_vector(), (std::vector<float>{1, -2, 1, 2})) << "without it the difference counts";
  PaintRequest r = request(false);
  EXPECT_FALSE(to_json(r).contains("perpendicular")) << "as in receipts before there was such a thing";
  const auto model = load({.model = sd1()});
  const Image plain = value_or_throw(model->paint(r));
  r.perpendicular = 1.5F;
  EXPECT_EQ(value_or_throw(paint_request(to_json(r))).perpendicular, 1.5F);
  EXPECT_NE(value_or_throw(model->paint(r)).rgba, plain.rgba);
  const Image same = value_or_throw(model->paint(r));
  EXPECT_EQ(value_or_throw(model->paint(r)).rgba, same.rgba);
  r.guidance = 1;
  EXPECT_FALSE(check(r));
}

TEST_F(Painting, WeightsInEightBits) {
  const auto distance = [](const Image& a, const Image& b) {
    double sum = 0;
    for (size_t i = 0; i < a.rgba.size(); ++i) sum += std::pow(static_cast<double>(a.rgba[i]) - static_cast<double>(b.rgba[i]), 2);
    return sum / static_cast<double>(a.rgba.size());
  };
  const Image plain = value_or_throw(load({.model = sd1()})->paint(request(false)));
  std::vector<std::vector<uint8_t>> seen{plain.rgba};
  for (const WeightPacking packing : {WeightPacking::int8, WeightPacking::int8_products}) {
    const DiffusionFiles files{.model = sd1(), .packing = packing};
    EXPECT_EQ(value_or_throw(diffusion_files(to_json(files))).packing, packing);
    const Image made = value_or_throw(load(files)->paint(request(false)));
    EXPECT_LE(distance(made, plain), 100) << name_of(packing);
    for (const auto& other : seen) EXPECT_NE(made.rgba, other) << name_of(packing) << " is not computed as something else is";
    seen.push_back(made.rgba);
  }
  EXPECT_FALSE(to_json(DiffusionFiles{.model = sd1()}).contains("quantize"));
  EXPECT_EQ(packing_by_name("w4").error().message, "unknown quantisation 'w4'; known: w8a16 w8a8");
}

namespace {

/// A TIFF with an ASCII field in its first directory and a comment in the one below it.
std::string tiff_with(const std::string& plain, const std::string& comment, bool big) {
  std::string out = big ? std::string("MM\0*", 4) : std::string("II*\0", 4);
  const auto put = [&](size_t value, int bytes) {
    for (int i = 0; i < bytes; ++i) out += static_cast<char>(value >> 8 * (big ? bytes - 1 - i : i) & 255);
  };
  const auto field = [&](size_t tag, size_t kind, size_t length, size_t value) { put(tag, 2), put(kind, 2), put(length, 4), put(value, 4); };
  const size_t second = 8 + 2 + 24 + 4, values = second + 2 + 12 + 4;
  put(8, 4), put(2, 2);
  field(0x010F, 2, plain.size() + 1, values);
  field(0x8769, 4, 1, second);
  put(0, 4), put(1, 2);
  field(0x9286, 7, comment.size(), values + plain.size() + 1);
  put(0, 4);
  return out + plain + std::string(1, '\0') + comment;
}

std::string utf16(const std::u16string& text, bool big) {
  std::string out("UNICODE\0", 8);
  for (const char16_t c : text) {
    const char high = static_cast<char>(c >> 8), low = static_cast<char>(c & 255);
    (out += big ? high : low) += big ? low : high;
  }
  return out;
}

Bytes jpeg_with(const std::string& tiff) {
  const std::string head("Exif\0\0", 6);
  Bytes out = value_or_throw(encode_jpeg(make_image(16, 16), 80));
  std::string segment("\xFF\xE1", 2);
  segment += static_cast<char>((tiff.size() + 8) >> 8), segment += static_cast<char>((tiff.size() + 8) & 255);
  segment += head + tiff;
  out.insert(out.begin() + 2, segment.begin(), segment.end());
  return out;
}

Bytes webp_with(const std::string& tiff) {
  std::string out("RIFF\0\0\0\0WEBPJUNK\x01\0\0\0x\0EXIF", 26);
  for (int i = 0; i < 4; ++i) out += static_cast<char>(tiff.size() >> 8 * i & 255);
  out += tiff;
  return {out.begin(), out.end()};
}

}  // namespace

TEST_F(Painting, SettingsInJpegAndWebpAreRecalled) {
  const std::u16string settings = u"a fox \U0001F98A é\nNegative prompt: blur\nSteps: 9, Sampler: Restart, CFG scale: 6, Seed: 3, Size: 512x512, RNG: CPU";
  for (const bool big : {true, false})
    for (const bool tiff_big : {true, false})
      for (const bool webp : {true, false}) {
        const std::string tiff = tiff_with("", utf16(settings, big), tiff_big);
        value_or_throw(write_file(folder_ / "webui", std::span<const uint8_t>(webp ? webp_with(tiff) : jpeg_with(tiff))));
        EXPECT_EQ(value_or_throw(recall(folder_ / "webui")),
                  "# painted by WebUI\nptah paint --model MODEL.safetensors --negative blur --seed 3 --steps 9 --guidance 6 --sampler restart --schedule "
                  "normal --width 512 --height "
                  "512 --noise torch -- 'a fox \xF0\x9F\xA6\x8A \xC3\xA9'\n");
      }
  const std::string graph =
      R"(prompt:{"3": {"class_type": "KSampler", "inputs": {"seed": 5, "steps": 30, "cfg": 8.0, "sampler_name": "euler", "scheduler": "normal", "denoise": 1,
    "positive": ["6", 0], "negative": ["6", 0]}}, "6": {"class_type": "CLIPTextEncode", "inputs": {"text": "fox"}}})";
  value_or_throw(write_file(folder_ / "comfy.webp", std::span<const uint8_t>(webp_with(tiff_with(graph, "", true)))));
  EXPECT_NE(value_or_throw(recall(folder_ / "comfy.webp")).find("--steps 30"), std::string::npos);
  EXPECT_EQ(value_or_throw(exif_texts(jpeg_with(tiff_with("", std::string("ASCII\0\0\0plain\0", 14), true)))).comment, "plain");
  EXPECT_EQ(value_or_throw(exif_texts(jpeg_with(tiff_with("", utf16({u'a', 0xD800, u'b', 0xDC00}, true), true)))).comment,
            "a\xEF\xBF\xBD"
            "b\xEF\xBF\xBD");
  std::string as_bytes = tiff_with("", utf16(u"bytes", true), true);
  as_bytes.replace(as_bytes.find("\x92\x86") + 2, 2, std::string("\0\1", 2));
  EXPECT_EQ(value_or_throw(exif_texts(jpeg_with(as_bytes))).comment, "bytes") << "as Pillow writes it";
  EXPECT_EQ(exif_texts(value_or_throw(encode_jpeg(make_image(16, 16), 80))).error().code, ErrorCode::not_found);
  EXPECT_EQ(exif_texts({}).error().code, ErrorCode::not_found);
  const Bytes whole = webp_with(tiff_with("x", utf16(u"text", false), true));
  for (size_t cut = 0; cut < whole.size(); ++cut) EXPECT_FALSE(exif_texts(std::span(whole).first(cut))) << cut;
  for (size_t at = 0; at < whole.size(); ++at)
    for (const int change : {1, 128, 255}) {
      Bytes broken = whole;
      broken[at] = static_cast<uint8_t>(broken[at] ^ change);
      (void)exif_texts(broken);
    }
}

TEST_F(Painting, AMaskMeansWhatItMeansToCreateAndOldReceiptsKeepTheirRule) {
  PaintRequest r = request(false);
  r.sampler = "euler";
  r.strength = 0.5;
  r.as_diffusers = true;  // masks are hard at one half
  const auto model = load({.model = sd1()});
  const auto painted = [&](int64_t rule, std::array<uint8_t, 3> colour) {
    Image mask = window();
    for (int64_t i = 0; i < mask.width * mask.height; ++i)
      if (uint8_t* p = mask.rgba.data() + i * 4; p[0] == 255) std::copy(colour.begin(), colour.end(), p);
    r.mask_rule = rule;
    return value_or_throw(model->paint(r, {rising(), mask, {}})).rgba;
  };
  const auto window_anew = painted(2, {255, 255, 255}), nothing_anew = painted(2, {0, 0, 0});
  ASSERT_NE(window_anew, nothing_anew);
  // An orange of 0.51 by Rec. 601 and of 0.47 by Rec. 709.
  EXPECT_EQ(painted(1, {255, 92, 0}), window_anew);
  EXPECT_EQ(painted(2, {255, 92, 0}), nothing_anew);
  EXPECT_EQ(painted(1, {255, 255, 255}), window_anew) << "white is white by both";

  r.mask_rule = PaintRequest().mask_rule;
  ASSERT_EQ(r.mask_rule, 2);
  Json kept = to_json(r);
  EXPECT_EQ(kept["mask_rule"], 2);
  EXPECT_EQ(value_or_throw(paint_request(kept)).mask_rule, 2);
  kept.erase("mask_rule");
  EXPECT_EQ(value_or_throw(paint_request(kept)).mask_rule, 1) << "made before there was another";
  r.mask_rule = 3;
  EXPECT_EQ(check(r).error().code, ErrorCode::invalid_argument);
  r.mask_rule = 2;
  const DiffusionFiles files{.model = sd1()};
  const Json digests = value_or_throw(checkpoint_digests(files));
  EXPECT_EQ(value_or_throw(painting(r, files, digests, rising(), {rising(), window(), {}})).receipt["request"]["mask_rule"], 2);
  EXPECT_FALSE(value_or_throw(painting(r, files, digests, rising(), {rising(), {}, {}})).receipt["request"].contains("mask_rule"))
      << "without a mask there is nothing to say";
}

TEST_F(Painting, MoreRoundAPictureAndAnObjectOfIt) {
  const Sources wide = value_or_throw(extended(rising(), 32));
  ASSERT_EQ(wide.from->width, 128);
  EXPECT_TRUE(std::equal(wide.from->at(32, 32), wide.from->at(32, 32) + 4, rising().at(0, 0)));
  EXPECT_EQ(wide.mask->at(0, 64)[0], 255);
  EXPECT_EQ(wide.mask->at(64, 64)[0], 0);
  EXPECT_FALSE(extended(rising(), 0));
  EXPECT_FALSE(extended(rising(), 1000));

  // A disc on white becomes an object.
  const Image disc = drawn([](int64_t x, int64_t y) {
    const bool inside = (x - 32) * (x - 32) + (y - 32) * (y - 32) < 400;
    return inside ? std::array<int64_t, 3>{200, 30, 30} : std::array<int64_t, 3>{255, 255, 255};
  });
  const DiffusionFiles files{.model = sd1()};
  const Finish finish{.cut = "transparent", .formats = {.png = true, .glb = true}, .object = {"round", 500, 50}};
  const Work work = value_or_throw(painting(request(false), files, value_or_throw(checkpoint_digests(files)), disc, {rising(), {}, {}}, finish));
  EXPECT_TRUE(work.files.contains("object.glb"));
  EXPECT_TRUE(work.files.contains("from.png"));
  EXPECT_EQ(value_or_throw(decode_png(work.files.at("picture.png"))).at(1, 1)[3], 0);
  EXPECT_EQ(work.receipt["request"]["cut"], "transparent");
  EXPECT_EQ(value_or_throw(diffusion_files(work.receipt["request"]["files"], folder_)).model, sd1());
  value_or_throw(write_work(work, folder_ / "object"));
  EXPECT_TRUE(value_or_throw(verify_work(folder_ / "object")).whole);
  const Sources back = value_or_throw(read_sources(work.receipt, folder_ / "object"));
  EXPECT_EQ(back.from->rgba, rising().rgba);
}

TEST_F(Painting, AWorkHoldsReceiptAndMarks) {
  const Image picture = value_or_throw(load(false, DType::f32)->paint(request(false)));
  const fs::path file = folder_ / "sd1.safetensors";
  const DiffusionFiles files{.model = file};
  const Work work = value_or_throw(painting(request(false), files, value_or_throw(checkpoint_digests(files)), picture));
  EXPECT_TRUE(is_painting_receipt(work.receipt));
  EXPECT_EQ(work.receipt["request"]["files"]["model"], "sd1.safetensors") << "nothing of the maker's folders";
  EXPECT_EQ(value_or_throw(paint_request(work.receipt["request"])).seed, 11U);
  value_or_throw(write_work(work, folder_ / "work"));
  EXPECT_TRUE(value_or_throw(verify_work(folder_ / "work")).whole);
  EXPECT_TRUE(value_or_throw(verify_work(folder_ / "work" / "picture.png")).whole);
  value_or_throw(write_file(file, std::string_view("another")));
  EXPECT_EQ(replay_painting(work.receipt, {}, folder_).error().code, ErrorCode::mismatch);
  EXPECT_EQ(replay_painting(work.receipt, {}, folder_ / "elsewhere").error().code, ErrorCode::not_found);
}

}  // namespace ptah
