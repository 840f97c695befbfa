// The networks and samplers of latent diffusion against diffusers and transformers (tools/reference/diffusion.py made the golden files). Tolerances are
// relative to the largest value: 1e-4 in f32, 5e-2 in bf16.
#include "base/parallel.h"
#include "nn/diffusion/torch_random.h"
#include "tests/image/diffusion_goldens.h"
#include "pixels/edges.h"
#include "image/joint_transformer.h"
#include "image/kl_autoencoder.h"
#include "nn/diffusion/noise_sampler.h"
#include "nn/diffusion/noise_schedule.h"
#include "image/super_resolution.h"
#include "image/tiny_autoencoder.h"
#include "image/unet.h"
#include "tensor/ops.h"
#include "text/encode/clip.h"
#include "text/tokenize/clip_tokenizer.h"
#include "text/encode/t5.h"

namespace ptah {

namespace {

struct Case {
  const char* name;
  UnetConfig config;
};
constexpr Case kUnets[] = {{"unet_1", {.heads = 4, .groups = 4}}, {"unet_xl", {.heads = 3, .groups = 4}}, {"unet_inpaint", {.heads = 4, .groups = 4}}};

}  // namespace

TEST(Diffusion, UnetsForeseeWhatDiffusersDo) {
  for (const auto& [name, config] : kUnets) {
    const NamedTensors all = golden(name);
    Weights weights(original_unet_names(model_of(all)));
    const Unet unet(weights, "", config);
    EXPECT_TRUE(weights.unused().empty()) << name << ": " << weights.unused().size() << " tensors are not used, e.g. " << weights.unused().front();
    const Tensor label = all.contains("label") ? all.at("label") : Tensor();
    EXPECT_EQ(unet.label_width(), label.defined() ? label.dim(1) : 0);
    const NoGrad off;
    EXPECT_LE(difference(unet(all.at("latents"), all.at("steps"), all.at("context"), label), all.at("made")), 1e-4) << name;
    EXPECT_LE(difference(unet(cast(all.at("latents"), DType::bf16), all.at("steps"), all.at("context"), label), all.at("made")), 5e-2) << name << " in bf16";
  }
}

/// The true widths, against what tools/reference/full_width.py wrote into a folder; takes gigabytes, so only where it is asked for.
TEST(Diffusion, FullWidth) {
  const char* asked = std::getenv("PTAH_FULL_WIDTH");
  if (!asked) GTEST_SKIP() << "PTAH_FULL_WIDTH names no folder";
  const std::filesystem::path folder = asked;
  const auto read = [&](const std::filesystem::path& file) { return value_or_throw(read_safetensors(folder / file)).tensors; };
  const NamedTensors all = read("full_width.safetensors");
  const NoGrad off;
  const auto same = [](const std::string& what, double apart) {
    std::printf("%-24s %.1e\n", what.c_str(), apart);
    EXPECT_LE(apart, 1e-4) << what;
  };
  {
    Weights weights(original_unet_names(read("unet/diffusion_pytorch_model.safetensors")));
    const Unet unet(weights, "", {.heads = all.contains("label") ? 0 : 8});
    same("U-Net", difference(unet(all.at("latents"), all.at("steps"), all.at("context"), all.contains("label") ? all.at("label") : Tensor()), all.at("made")));
  }
  {
    Weights weights(original_autoencoder_names(read("vae/diffusion_pytorch_model.safetensors")));
    const KlAutoencoder autoencoder(weights, "", {});
    same("decoder", difference(autoencoder.decode(all.at("z")), all.at("decoded")));
    same("encoder", difference(autoencoder.encode(all.at("picture")).mean, all.at("mean")));
  }
  for (const auto& [name, number] : {std::pair{"text_encoder", 0}, {"text_encoder_2", 1}}) {
    const std::string key = fmt::format("text.{}", number);
    if (!all.contains(key)) continue;
    Weights weights(read(std::filesystem::path(name) / "model.safetensors"));
    const ClipText text(weights, "", {.quick_gelu = number == 0});
    const ClipText::Output made = text(all.at("ids"), 49407, DType::f32);
    same(name, difference(made.states, all.at(key)));
    if (number) same("pooled", difference(made.pooled, all.at("pooled")));
  }
}

TEST(Diffusion, SameBytesForAnyNumberOfThreads) {
  const NamedTensors all = golden("unet_1");
  const NoGrad off;
  std::vector<float> first;
  for (const int team : {1, 2, 3, 8}) {
    set_threads(team);
    Weights weights(original_unet_names(model_of(all)));
    const auto made = Unet(weights, "", kUnets[0].config)(all.at("latents"), all.at("steps"), all.at("context")).to_vector();
    if (first.empty()) first = made;
    EXPECT_EQ(made, first) << team << " threads";
  }
  set_threads(0);
}

TEST(Diffusion, TheAutoencoderEncodesAndDecodesAsDiffusers) {
  const NamedTensors all = golden("autoencoder");
  Weights weights(original_autoencoder_names(model_of(all)));
  const KlAutoencoder autoencoder(weights, "", {.groups = 4});
  EXPECT_TRUE(weights.unused().empty());
  EXPECT_EQ(autoencoder.factor(), 4);
  const NoGrad off;
  EXPECT_LE(difference(autoencoder.decode(all.at("latents")), all.at("decoded")), 1e-4);
  EXPECT_LE(difference(autoencoder.decode(cast(all.at("latents"), DType::bf16)), all.at("decoded")), 5e-2) << "bf16";
  const auto [mean, log_variance] = autoencoder.encode(all.at("picture"));
  EXPECT_LE(difference(mean, all.at("mean")), 1e-4);
  EXPECT_LE(difference(log_variance, all.at("log_variance")), 1e-4);
  NamedTensors half = original_autoencoder_names(model_of(all));
  std::erase_if(half, [](const auto& item) { return item.first.rfind("encoder.", 0) == 0; });
  Weights decoder(half);
  EXPECT_THROW((void)KlAutoencoder(decoder, "", {.groups = 4}).encode(all.at("picture")), Failure);
}

TEST(Diffusion, TheSmallAutoencoderToo) {
  const NamedTensors all = golden("tiny");
  ASSERT_TRUE(TinyAutoencoder::recognises(model_of(all)));
  EXPECT_FALSE(TinyAutoencoder::recognises(model_of(golden("autoencoder"))));
  Weights weights(model_of(all));
  const TinyAutoencoder tiny(weights);
  EXPECT_TRUE(weights.unused().empty());
  const NoGrad off;
  EXPECT_LE(difference(tiny.decode(all.at("latents")), all.at("decoded")), 1e-4);
  EXPECT_LE(difference(tiny.encode(all.at("picture")), all.at("encoded")), 1e-4);
  // A decoder alone in the original naming, whose first layer is the clamp.
  NamedTensors decoder;
  for (const auto& [name, tensor] : model_of(all, "model.decoder.layers.")) {
    const size_t dot = name.find('.');
    decoder.emplace(std::to_string(std::stoi(name.substr(0, dot)) + 1) + name.substr(dot), tensor);
  }
  ASSERT_TRUE(TinyAutoencoder::recognises(decoder));
  Weights half(decoder);
  const TinyAutoencoder alone(half);
  EXPECT_EQ(alone.decode(all.at("latents")).to_vector(), tiny.decode(all.at("latents")).to_vector());
  EXPECT_THROW((void)alone.encode(all.at("picture")), Failure);
  Weights none(NamedTensors{});
  EXPECT_THROW((void)TinyAutoencoder(none), Failure);
}

TEST(Diffusion, NetworksThatControlAddWhatDiffusersAdd) {
  const NamedTensors all = golden("control"), first = golden("unet_1");
  Weights weights(original_unet_names(model_of(all))), of_unet(original_unet_names(model_of(first)));
  const ControlNet net(weights, "", kUnets[0].config);
  EXPECT_TRUE(weights.unused().empty()) << weights.unused().size() << " tensors are not used, e.g. " << weights.unused().front();
  const Unet unet(of_unet, "", kUnets[0].config);
  const NoGrad off;
  const UnetControl control = net(all.at("latents"), net.look(all.at("hint")), all.at("steps"), all.at("context"), {}, 0.7F);
  EXPECT_LE(difference(control.middle, all.at("middle")), 1e-4);
  EXPECT_LE(difference(unet(all.at("latents"), all.at("steps"), all.at("context"), {}, &control), all.at("made")), 1e-4);
  NamedTensors broken = original_unet_names(model_of(all));
  broken.erase("zero_convs.3.0.weight");
  Weights fewer(broken);
  EXPECT_THROW((void)ControlNet(fewer, "", kUnets[0].config), Failure);
}

TEST(Diffusion, JointTransformersForeseeWhatDiffusersDo) {
  for (const char* name : {"joint_3", "joint_35"}) {
    const NamedTensors all = golden(name);
    Weights weights(original_joint_names(model_of(all)));
    const JointTransformer transformer(weights, "", {.head_dim = 8});
    EXPECT_TRUE(weights.unused().empty()) << name << ": " << weights.unused().size() << " tensors are not used, e.g. " << weights.unused().front();
    const NoGrad off;
    EXPECT_LE(difference(transformer(all.at("latents"), all.at("times"), all.at("context"), all.at("pooled")), all.at("made")), 1e-4) << name;
    EXPECT_LE(difference(transformer(cast(all.at("latents"), DType::bf16), all.at("times"), all.at("context"), all.at("pooled")), all.at("made")), 5e-2)
        << name;
    EXPECT_THROW((void)transformer(Tensor::zeros({1, 26, 4, 16}), Tensor::zeros({1}), Tensor::zeros({1, 2, 56}), Tensor::zeros({1, 34})), Failure)
        << "13 patches";
    NamedTensors part = model_of(all);
    part.erase("transformer_blocks.0.attn.to_k.weight");
    EXPECT_THROW((void)original_joint_names(part), Failure);
    for (const auto& [gone, tensor] : original_joint_names(model_of(all))) {
      NamedTensors broken = original_joint_names(model_of(all));
      broken[gone] = Tensor::zeros({0, 3});
      Weights odd(broken);
      EXPECT_THROW((void)JointTransformer(odd, "", {.head_dim = 8}), Failure) << gone;
    }
  }
}

TEST(Diffusion, PicturesAreEnlargedAsByTheirMakers) {
  for (const auto& [name, factor] : {std::pair{"compact", 2}, {"dense", 4}, {"old", 4}, {"shuffled", 2}}) {
    const std::string kind = name;
    const NamedTensors all = golden("enlarge_" + (kind == "old" ? "dense" : kind));
    NamedTensors bare = model_of(all), below;
    if (kind == "shuffled") bare.merge(model_of(golden("enlarge_dense")));
    if (kind == "old") {  // ESRGAN's names of the same
      NamedTensors renamed;
      for (const auto& [key, tensor] : bare) {
        std::string to = key;
        for (const auto& [from, old] : {std::pair{"conv_first.", "model.0."},
                                        {"conv_body.", "model.1.sub.1."},
                                        {"conv_up1.", "model.3."},
                                        {"conv_up2.", "model.6."},
                                        {"conv_hr.", "model.8."},
                                        {"conv_last.", "model.10."},
                                        {"body.0.rdb", "model.1.sub.0.RDB"}})
          if (to.starts_with(from)) to = old + to.substr(std::string_view(from).size());
        const size_t conv = to.find(".conv");
        if (conv != std::string::npos && to.starts_with("model.1.sub.0")) to.insert(conv + 6, ".0");
        renamed.emplace(to, tensor);
      }
      bare = renamed;
    }
    ASSERT_TRUE(SuperResolution::recognises(bare)) << name;
    for (const auto& [key, tensor] : bare) below.emplace("params_ema." + key, tensor);
    ASSERT_TRUE(SuperResolution::recognises(below)) << name;
    EXPECT_EQ(below.size(), bare.size());
    Weights weights(below);
    const SuperResolution network(weights);
    EXPECT_TRUE(weights.unused().empty()) << name << ": e.g. " << weights.unused().front();
    EXPECT_EQ(network.factor(), factor);
    const NoGrad off;
    EXPECT_LE(difference(network(all.at("picture")), all.at("made")), 1e-4) << name;
    EXPECT_LE(difference(network(cast(all.at("picture"), DType::bf16)), all.at("made")), 5e-2) << name << " in bf16";
    for (const auto& [gone, tensor] : bare) {
      NamedTensors broken = bare;
      broken[gone] = Tensor::zeros({0, 3});
      Weights odd(broken);
      EXPECT_THROW((void)SuperResolution(odd), Failure) << gone;
    }
  }
  NamedTensors other = original_unet_names(model_of(golden("unet_1")));
  EXPECT_FALSE(SuperResolution::recognises(other));
}

TEST(Diffusion, WhatWrapsHasNoSeam) {
  // Moving a picture round moves what a network that wraps makes of it.
  const NamedTensors all = golden("unet_1");
  UnetConfig config = kUnets[0].config;
  config.wraps = true;
  Weights weights(original_unet_names(model_of(all)));
  const Unet unet(weights, "", config);
  const NoGrad off;
  const auto moved = [](const Tensor& x) { return concat({slice(x, 2, 4, x.dim(2)), slice(x, 2, 0, 4)}, 2); };
  const Tensor latents = all.at("latents"), made = unet(latents, all.at("steps"), all.at("context"));
  EXPECT_LE(difference(unet(moved(latents), all.at("steps"), all.at("context")), moved(made)), 1e-4);
  EXPECT_GT(difference(made, all.at("made")), 1e-2);
}

TEST(Diffusion, SeedsGiveTorchsNoise) {
  const Json golden = golden_json("noise");
  const auto near = [](const std::vector<float>& made, const Json& wanted) {
    ASSERT_EQ(made.size(), wanted.size());
    for (size_t i = 0; i < made.size(); ++i) ASSERT_NEAR(made[i], wanted[i].get<float>(), 1e-5) << i;
  };
  std::vector<float> first(120), third(256);
  TorchRandom(1234567).fill_normal(first);  // not a multiple of 16
  near(first, golden["first"]);
  TorchRandom random((uint64_t{1} << 40) + 7);
  for (int i = 0; i < 3; ++i) random.fill_normal(third);
  near(third, golden["third"]);
  std::vector<float> few(15);
  EXPECT_THROW(random.fill_normal(few), Failure);
}

TEST(Diffusion, EdgesAreOpenCvs) {
  const NamedTensors all = golden("edges");
  const Tensor& colours = all.at("picture");
  Image picture = make_image(colours.dim(1), colours.dim(0));
  for (int64_t i = 0; i < colours.dim(0) * colours.dim(1); ++i) {
    for (int64_t c = 0; c < 3; ++c) picture.rgba[static_cast<size_t>(i * 4 + c)] = colours.data<uint8_t>()[i * 3 + c];
    picture.rgba[static_cast<size_t>(i * 4 + 3)] = 255;
  }
  for (const auto& [name, low, high] : {std::tuple{"edges", 100, 200}, {"fine", 40, 90}}) {
    const Image made = edges_of(picture, low, high);
    int other = 0, white = 0;
    for (int64_t i = 0; i < made.width * made.height; ++i) {
      other += made.rgba[static_cast<size_t>(i * 4)] != all.at(name).data<uint8_t>()[i];
      white += made.rgba[static_cast<size_t>(i * 4)];
    }
    EXPECT_EQ(other, 0) << name;
    EXPECT_GT(white, 0);
  }
}

TEST(Diffusion, ClipsTextStatesAreTransformers) {
  for (const char* name : {"clip_l", "clip_g"}) {
    const NamedTensors all = golden(name);
    Weights weights(all);
    const bool large = name == std::string("clip_g");
    const ClipText clip(weights, "", {.head_dim = 8, .quick_gelu = !large});
    const int32_t end = all.at("ids").data<int32_t>()[all.at("ids").elements() - 1];
    const NoGrad off;
    const auto whole = clip(all.at("ids"), end, DType::f32);
    EXPECT_LE(difference(whole.states, all.at("last")), 1e-4) << name;
    EXPECT_LE(difference(whole.pooled, all.at("pooled")), 1e-4) << name;
    EXPECT_LE(difference(clip(all.at("ids"), end, DType::f32, 1, false).states, all.at("before_last")), 1e-4) << name;
    EXPECT_THROW((void)clip(Tensor::from({1, 1}, std::vector<int32_t>{end + 1}), end, DType::f32), Failure);
    EXPECT_THROW((void)clip(all.at("ids"), end, DType::f32, 3), Failure);
    // OpenCLIP's naming of the same weights gives the same.
    const std::string base = all.contains("embeddings.token_embedding.weight") ? "" : "text_model.";
    NamedTensors open{{"token_embedding.weight", all.at(base + "embeddings.token_embedding.weight")},
                      {"positional_embedding", all.at(base + "embeddings.position_embedding.weight")},
                      {"ln_final.weight", all.at(base + "final_layer_norm.weight")},
                      {"ln_final.bias", all.at(base + "final_layer_norm.bias")}};
    if (large) open.emplace("text_projection", permute(all.at("text_projection.weight"), {1, 0}));
    for (int i = 0; i < 3; ++i) {
      const std::string from = fmt::format("{}encoder.layers.{}.", base, i), to = fmt::format("transformer.resblocks.{}.", i);
      for (const char* kind : {"weight", "bias"}) {
        const auto theirs = [&](const char* stem) { return all.at(fmt::format("{}{}.{}", from, stem, kind)); };
        open.emplace(fmt::format("{}attn.in_proj_{}", to, kind),
                     concat({theirs("self_attn.q_proj"), theirs("self_attn.k_proj"), theirs("self_attn.v_proj")}, 0));
        for (const auto& [a, b] : {std::pair{"layer_norm1", "ln_1"},
                                   {"layer_norm2", "ln_2"},
                                   {"self_attn.out_proj", "attn.out_proj"},
                                   {"mlp.fc1", "mlp.c_fc"},
                                   {"mlp.fc2", "mlp.c_proj"}})
          open.emplace(fmt::format("{}{}.{}", to, b, kind), theirs(a));
      }
    }
    Weights other(open);
    const auto again = ClipText(other, "", {.head_dim = 8, .quick_gelu = !large})(all.at("ids"), end, DType::f32);
    EXPECT_LE(difference(again.states, whole.states), 1e-6) << name;
    EXPECT_LE(difference(again.pooled, whole.pooled), 1e-6) << name;
  }
}

TEST(Diffusion, T5sStatesAreTransformers) {
  const NamedTensors all = golden("t5");
  const NamedTensors model = model_of(all);
  Weights weights(model);
  const T5Encoder t5(weights, "", WeightPacking::plain);
  EXPECT_EQ(t5.width(), 56);
  const NoGrad off;
  EXPECT_LE(difference(t5(all.at("ids"), DType::f32), all.at("states")), 1e-4);
  EXPECT_LE(difference(cast(t5(all.at("ids"), DType::bf16), DType::f32), all.at("states")), 5e-2);
  t5.rest();
  EXPECT_THROW((void)t5(Tensor::from({1, 1}, std::vector<int32_t>{static_cast<int32_t>(t5.vocabulary())}), DType::f32), Failure);
  EXPECT_THROW((void)t5(Tensor::from({1, 1}, std::vector<int32_t>{-1}), DType::f32), Failure);
  for (const char* name : {"shared.weight", "encoder.block.1.layer.0.SelfAttention.k.weight", "encoder.block.0.layer.1.DenseReluDense.wi_1.weight",
                           "encoder.block.0.layer.0.SelfAttention.relative_attention_bias.weight", "encoder.final_layer_norm.weight"}) {
    NamedTensors less = model, odd = model;
    less.erase(name);
    if (std::string(name) == "shared.weight") less.erase("encoder.embed_tokens.weight");
    Weights without(less);
    EXPECT_THROW(T5Encoder(without, "", WeightPacking::plain), Failure) << name;
    odd[name] = Tensor::zeros({3, 5});
    Weights other(odd);
    EXPECT_THROW(T5Encoder(other, "", WeightPacking::plain), Failure) << name;
  }
}

TEST(Diffusion, WordsAreCutAsCutByTransformers) {
  const Json golden = golden_json("words");
  const auto tokenizer = ClipTokenizer::parse(golden["merges"].get<std::string>());
  ASSERT_TRUE(tokenizer) << tokenizer.error().message;
  for (size_t i = 0; i < golden["strings"].size(); ++i)
    EXPECT_EQ(tokenizer->encode(golden["strings"][i].get<std::string>()), golden["ids"][i].get<std::vector<int32_t>>()) << golden["strings"][i].dump();
  for (const char* broken : {"", "#version", "#version\na", "#version\na b c", "#version\nzz y", "#version\na b\na b", "\x1f\x8b nonsense"})
    EXPECT_FALSE(ClipTokenizer::parse(broken)) << broken;
  EXPECT_FALSE(tokenizer->encode(std::string(20000, 'x')).empty());
}

TEST(Diffusion, BracketsGiveWeights) {
  const auto shown = [](std::string_view prompt) {
    std::string out;
    for (const WeightedText& part : weighted_parts(prompt)) out += fmt::format("{}*{:.3f}|", part.text, part.weight);
    return out;
  };
  EXPECT_EQ(shown("a red fox"), "a red fox*1.000|");
  EXPECT_EQ(shown("a (red) fox"), "a *1.000|red*1.100| fox*1.000|");
  EXPECT_EQ(shown("a ((red)) [fox]"), "a *1.000|red*1.210| *1.000|fox*0.909|");
  EXPECT_EQ(shown("(red:1.5) (a:b) \\(x\\)"), "red*1.500| *1.000|a:b*1.100| (x)*1.000|");
  EXPECT_EQ(shown("(a (b:0.5) c:2)"), "a *2.000|b*1.000| c*2.000|");
  EXPECT_EQ(shown("(open"), "open*1.100|");
  EXPECT_EQ(shown("close) ]"), "close) ]*1.000|");
  EXPECT_EQ(shown(""), "");
  const Json golden = golden_json("words");
  const auto tokenizer = value_or_throw(ClipTokenizer::parse(golden["merges"].get<std::string>()));
  std::string hundred;
  for (int i = 0; i < 100; ++i) hundred += "1 ";
  const ClipWindows two = clip_windows(tokenizer, "(" + hundred + ":2) a BREAK b", 0, 1);
  ASSERT_EQ(two.ids.size(), 3U);
  for (const auto& window : two.ids) {
    EXPECT_EQ(window.size(), 77U);
    EXPECT_EQ(window.front(), tokenizer.begin());
  }
  EXPECT_EQ(two.weights[0][1], 2);
  EXPECT_EQ(two.ids[2][2], tokenizer.end());
  EXPECT_EQ(clip_windows(tokenizer, "", 7, 2).ids.size(), 2U);
  // Textual inversions: whole ones, the longest first, never over the end of a window.
  const ClipWords words{{"my-fox", {900, 901}}, {"my-fox-2", {902}}, {"", {903}}};
  const auto inside = [&](const std::string& prompt) {
    std::vector<int32_t> out = clip_windows(tokenizer, prompt, 0, 1, words).ids[0];
    out.erase(std::find(out.begin(), out.end(), tokenizer.end()), out.end());
    return std::vector<int32_t>(out.begin() + 1, out.end());
  };
  const std::vector<int32_t> a = tokenizer.encode("a"), b = tokenizer.encode("b");
  EXPECT_EQ(inside("a my-fox b"), (std::vector<int32_t>{a[0], 900, 901, b[0]}));
  EXPECT_EQ(inside("a my-fox-2"), (std::vector<int32_t>{a[0], 902}));
  EXPECT_EQ(inside("my-fox,my-fox"), (std::vector<int32_t>{900, 901, tokenizer.encode(",")[0], 900, 901}));
  EXPECT_EQ(inside("xmy-fox"), tokenizer.encode("xmy-fox"));
  std::string full;
  for (int i = 0; i < 74; ++i) full += "1 ";
  const ClipWindows cut = clip_windows(tokenizer, full + "(my-fox:1.5)", 0, 1, words);
  ASSERT_EQ(cut.ids.size(), 2U);
  EXPECT_EQ(cut.ids[1][1], 900);
  EXPECT_EQ(cut.weights[1][2], 1.5F);
}

namespace {

/// What is expected in x of numbers of mean 0.7 and deviation 0.4.
Tensor expected_picture(const Tensor& x, double sigma) {
  const double spread = 0.4 * 0.4, noise = sigma * sigma;
  return affine(x, static_cast<float>(spread / (spread + noise)), static_cast<float>(noise * 0.7 / (spread + noise)));
}

Tensor known_noise(int64_t n, int64_t draw) {
  std::vector<float> values;
  for (int64_t i = 0; i < n; ++i) values.push_back(static_cast<float>(std::cos(1.0 + static_cast<double>(draw) + 3.0 * static_cast<double>(i))));
  return Tensor::from({1, n}, values);
}

}  // namespace

TEST(Diffusion, SamplersGoTheWayOfKDiffusions) {
  const Json golden = golden_json("samplers");
  const NoiseLevels levels;
  const std::vector<int> steps{0, 1, 500, 998, 999};
  for (size_t i = 0; i < steps.size(); ++i) {
    EXPECT_NEAR(levels.sigma(steps[i]) / golden["levels"][i].get<double>(), 1, 1e-9);
    EXPECT_NEAR(levels.step(levels.sigma(steps[i])), steps[i], 1e-6);
  }
  EXPECT_NEAR(levels.step(levels.sigma(123.25)), 123.25, 1e-6);
  for (const auto& [name, wanted] : golden["schedules"].items()) {
    const auto made = noise_schedule(value_or_throw(noise_schedule_by_name(name)), levels, 9);
    ASSERT_EQ(made.size(), wanted.size()) << name;
    for (size_t i = 0; i < made.size(); ++i) EXPECT_NEAR(made[i], wanted[i].get<double>(), 2e-6 * levels.max()) << name << " " << i;
  }
  for (const auto& [name, wanted] : golden["ten"].items()) {
    const auto made = noise_schedule(value_or_throw(noise_schedule_by_name(name)), levels, 10);
    ASSERT_EQ(made.size(), wanted.size()) << name;
    for (size_t i = 0; i < made.size(); ++i) EXPECT_NEAR(made[i], wanted[i].get<double>(), 1e-9) << name << " " << i;
    for (const int64_t many : {1, 4, 25, 200}) {
      const auto others = noise_schedule(value_or_throw(noise_schedule_by_name(name)), levels, many);
      EXPECT_EQ(others.size(), static_cast<size_t>(many) + 1);
      EXPECT_TRUE(std::is_sorted(others.rbegin(), others.rend()));
    }
  }
  const auto numbers = golden["x"].get<std::vector<float>>();
  const auto n = static_cast<int64_t>(numbers.size());
  for (const auto& [name, path] : golden["paths"].items()) {
    std::vector<std::vector<float>> seen;
    NoiseSampling how;
    double current = 0;
    how.denoise = [&](const Tensor& x, double sigma) {
      // Where a step begins is what the reference reports; samplers of two evaluations ask once more in between.
      if (sigma == current) seen.push_back(x.to_vector());
      return expected_picture(x, sigma);
    };
    how.noise = [&](int64_t draw) { return known_noise(n, draw); };
    const auto sigmas = golden["sigmas"].get<std::vector<double>>();
    how.before_step = [&](int64_t step) { current = sigmas[static_cast<size_t>(step)]; };
    const Tensor last = sample_noise(value_or_throw(noise_sampler_by_name(name)), Tensor::from({1, n}, numbers), sigmas, how);
    seen.push_back(last.to_vector());
    ASSERT_EQ(path.size(), sigmas.size()) << name;
    ASSERT_EQ(seen.size(), path.size()) << name;
    for (size_t i = 0; i < seen.size(); ++i)
      for (size_t j = 0; j < seen[i].size(); ++j)
        EXPECT_NEAR(seen[i][j], path[i][j].get<double>(), 2e-5 * std::max(1.0, i < sigmas.size() ? sigmas[i] : 0)) << name << ", step " << i;
  }
  for (const auto& [count, path] : golden["restart"].items()) {
    const auto sigmas = noise_schedule(NoiseSchedule::karras, levels, std::stoi(count));
    std::vector<std::vector<float>> seen;
    bool begins = false;
    NoiseSampling how;
    how.denoise = [&](const Tensor& x, double sigma) {
      if (begins) seen.push_back(x.to_vector());
      begins = false;
      return expected_picture(x, sigma);
    };
    how.noise = [&](int64_t draw) { return known_noise(n, draw); };
    how.before_step = [&](int64_t) { begins = true; };
    seen.push_back(sample_noise(NoiseSampler::restart, Tensor::from({1, n}, numbers), sigmas, how).to_vector());
    ASSERT_EQ(seen.size(), path.size()) << count;
    EXPECT_EQ(seen.size(), static_cast<size_t>(std::stoi(count)) + 1) << "as many steps as were asked for";
    for (size_t i = 0; i < seen.size(); ++i)
      for (size_t j = 0; j < seen[i].size(); ++j)
        EXPECT_NEAR(seen[i][j], path[i][j].get<double>(), 2e-5 * std::max(1.0, std::abs(path[i][j].get<double>()))) << count << ", step " << i;
  }
  EXPECT_EQ(noise_sampler_by_name("nothing").error().message, "unknown sampler 'nothing'; known: " + noise_sampler_names());
}

TEST(Diffusion, WhatIsMissingIsNamed) {
  const auto message = [](NamedTensors tensors) -> std::string {
    try {
      Weights weights(std::move(tensors));
      (void)Unet(weights, "", kUnets[0].config);
    } catch (const Failure& failure) {
      return failure.error().message;
    }
    return "";
  };
  NamedTensors tensors = original_unet_names(model_of(golden("unet_1")));
  EXPECT_EQ(message(tensors), "");
  NamedTensors broken = tensors;
  broken.erase("input_blocks.1.0.out_layers.3.weight");
  EXPECT_EQ(message(broken), "weights: tensor 'input_blocks.1.0.out_layers.3.weight' is missing; nearest: 'input_blocks.1.0.out_layers.0.weight'");
  broken = tensors;
  broken["middle_block.0.emb_layers.1.bias"] = Tensor::zeros({5});
  EXPECT_EQ(message(broken), "weights: tensor 'middle_block.0.emb_layers.1.bias' has shape [5]; expected [24]");
  broken = tensors;
  broken["input_blocks.0.0.weight"] = Tensor::zeros({5});
  EXPECT_NE(message(broken), "");
  for (const Shape& odd : {Shape{}, Shape{0}, Shape{0, 0}, Shape{16, 0, 3, 3}, Shape{0, 4, 3, 3}, Shape{16, 4, 1, 1, 1}}) {
    for (const char* name : {"input_blocks.0.0.weight", "input_blocks.1.1.proj_in.weight", "input_blocks.1.0.in_layers.0.weight", "time_embed.0.weight",
                             "input_blocks.1.1.transformer_blocks.0.attn2.to_k.weight"}) {
      broken = tensors;
      broken[name] = Tensor::zeros(odd);
      EXPECT_NE(message(broken), "") << name << " " << odd.str();
    }
  }
  EXPECT_NE(message({}), "");
  EXPECT_THROW((void)original_unet_names({{"encoder.nothing", Tensor::zeros({1})}}), Failure);
  EXPECT_THROW((void)original_autoencoder_names({{"down_blocks.0.resnets.0.conv1.weight", Tensor::zeros({1})}}), Failure);
}

}  // namespace ptah
