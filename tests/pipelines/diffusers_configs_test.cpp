// Folders in diffusers' layout: every key of a configuration is used, refused by name, or harmless; and pictures are those of diffusers' own pipelines under
// configurations that are not the published ones (tools/reference/diffusers_configs.py made the golden files).
#include <unistd.h>

#include <functional>

#include "base/parallel.h"
#include "pipelines/painting.h"
#include "tests/image/diffusion_goldens.h"
#include "tensor/ops.h"

namespace ptah {

namespace fs = std::filesystem;

namespace {

/// What became of a configuration.
struct Made {
  std::string refused;
  std::vector<float> numbers;
  std::vector<std::string> notes;
};
Made refusal(const Error& error) { return {error.message, {}, {}}; }
Json changed(const Json& value) {
  if (value.is_boolean()) return !value.get<bool>();
  if (value.is_number_integer()) return value.get<int64_t>() + 1;
  if (value.is_number()) return value.get<double>() * 2 + 1;
  if (value.is_array() && !value.empty()) {
    Json out = value;
    out.push_back(out[0]);
    return out;
  }
  return "something else";
}

/// Changes each key of a table and holds what comes of it against what the table says. `values`: what a key becomes, where any change would only be refused;
/// `beside`: what else stands there while a key is tried.
void expect_every_key(ConfigTable table, const Json& base, const std::function<Made(const Json&)>& run, const std::map<std::string, Json>& values = {},
                      const std::map<std::string, Json>& beside = {}) {
  int moved = 0;
  const Made alone = run(base);
  for (const ConfigKey& key : table) {
    Json config = base;
    if (const auto more = beside.find(key.name); more != beside.end()) config.update(more->second);
    const Made before = beside.contains(key.name) ? run(config) : alone;
    ASSERT_EQ(before.refused, "") << key.name;
    const auto value = values.find(key.name);
    config[key.name] = value != values.end() ? value->second : changed(config.value(key.name, Json()));
    const Made after = run(config);
    const bool named = after.refused.find(fmt::format("'{}'", key.name)) != std::string::npos;
    if (key.use == ConfigUse::harmless) {
      EXPECT_EQ(after.refused, "") << key.name;
      EXPECT_EQ(after.numbers, before.numbers) << key.name;
      EXPECT_EQ(after.notes, before.notes) << key.name;
    } else if (key.use == ConfigUse::only || value == values.end()) {
      bool noted = false;
      for (const std::string& note : after.notes) noted = noted || note.find(key.name) != std::string::npos;
      EXPECT_TRUE(named || noted || (key.use == ConfigUse::used && after.refused.empty() && after.numbers != before.numbers))
          << key.name << " = " << config[key.name] << ": " << (after.refused.empty() ? "nothing changed" : after.refused);
    } else {
      EXPECT_EQ(after.refused, "") << key.name;
      EXPECT_NE(after.numbers, before.numbers) << key.name << " = " << config[key.name] << " changes nothing";
      ++moved;
    }
  }
  EXPECT_EQ(static_cast<size_t>(moved), values.size());
  Json unknown = base;
  unknown["a_key_of_tomorrow"] = 3;
  const Made noted = run(unknown);
  EXPECT_EQ(noted.refused, "");
  ASSERT_FALSE(noted.notes.empty());
  EXPECT_NE(fmt::format("{}", fmt::join(noted.notes, "\n")).find("'a_key_of_tomorrow'"), std::string::npos);
}

class DiffusersConfigs : public testing::Test {
 protected:
  void SetUp() override {
    fs::remove_all(folder_);
    fs::create_directories(folder_);
    value_or_throw(write_file(folder_ / "words", std::string_view(golden_json("words")["merges"].get_ref<const std::string&>())));
  }
  void TearDown() override { fs::remove_all(folder_); }

  void weights(const std::string& part, const std::string& file, NamedTensors tensors) {
    fs::create_directories(model_ / part);
    TensorFile out;
    out.tensors = std::move(tensors);
    value_or_throw(write_safetensors(model_ / part / file, out));
  }
  void text(const std::string& name, const std::string& content) {
    fs::create_directories((model_ / name).parent_path());
    value_or_throw(write_file(model_ / name, std::string_view(content)));
  }
  static NamedTensors encoder(const std::string& name) {
    NamedTensors out = golden(name);
    for (const char* key : {"ids", "last", "before_last", "pooled"}) out.erase(key);
    return out;
  }
  /// The folder of a case, as diffusers and transformers save it.
  void make(const Json& item, const NamedTensors& more = {}) {
    fs::remove_all(model_);
    NamedTensors unet = model_of(golden(item["unet"].get<std::string>()));
    for (const auto& [name, tensor] : more) unet[name] = tensor;
    weights("unet", "diffusion_pytorch_model.safetensors", unet);
    weights("vae", "diffusion_pytorch_model.safetensors", model_of(golden("autoencoder")));
    for (size_t i = 0; i < item["texts"].size(); ++i)
      weights(i ? "text_encoder_2" : "text_encoder", "model.safetensors", encoder(item["texts"][i].get<std::string>()));
    for (const auto& [name, content] : item["files"].items()) text(name, content.get<std::string>());
  }
  Result<std::shared_ptr<const DiffusionModel>> load() const {
    DiffusionShapes shapes;
    shapes.type = DType::f32;
    return DiffusionModel::load({.model = model_}, folder_ / "words", shapes);
  }
  static Image start() {
    Image out = make_image(64, 64);
    for (int64_t y = 0; y < 64; ++y)
      for (int64_t x = 0; x < 64; ++x) {
        const int64_t colours[] = {x * 4, y * 4, x * y % 256, 255};
        for (int64_t c = 0; c < 4; ++c) out.at(x, y)[c] = static_cast<uint8_t>(colours[c]);
      }
    return out;
  }
  static Image hole() {
    Image out = make_image(64, 64);
    for (int64_t y = 0; y < 64; ++y)
      for (int64_t x = 0; x < 64; ++x) {
        const bool white = std::abs(x - 30) < 14 && std::abs(y - 34) < 20;
        for (int64_t c = 0; c < 4; ++c) out.at(x, y)[c] = white || c == 3 ? 255 : 0;
      }
    return out;
  }
  const fs::path folder_ = fs::temp_directory_path() / fmt::format("ptah-configs-{}", ::getpid()), model_ = folder_ / "model";
};

/// Against every second row of a picture.
double psnr(const Image& made, const Tensor& wanted) {
  double sum = 0;
  for (int64_t y = 0; y < made.height; y += 2)
    for (int64_t x = 0; x < made.width; ++x)
      for (int64_t c = 0; c < 3; ++c) sum += std::pow(made.at(x, y)[c] - wanted.data<uint8_t>()[(y / 2 * made.width + x) * 3 + c], 2);
  return 10 * std::log10(255.0 * 255.0 / std::max(sum / static_cast<double>(made.width * made.height / 2 * 3), 1e-9));
}

}  // namespace

TEST_F(DiffusersConfigs, PicturesAreThoseOfDiffusersPipelines) {
  const Json cases = golden_json("configs");
  const NamedTensors wanted = golden("configs");
  for (const auto& [name, item] : cases.items()) {
    make(item, name == "scale_shift" ? model_of(wanted) : NamedTensors());
    const auto model = load();
    ASSERT_TRUE(model) << name << ": " << model.error().message;
    PaintRequest request{.prompt = item["prompt"], .negative = item["negative"], .seed = 11, .steps = 6, .guidance = 4, .noise = "torch", .as_diffusers = true};
    Sources sources;
    if (!item["strength"].is_null()) sources.from = start(), request.strength = item["strength"].get<float>();
    if (item["mask"].get<bool>()) sources.mask = hole();
    const auto made = (*model)->paint(request, sources);
    ASSERT_TRUE(made) << name << ": " << made.error().message;
    const double near = psnr(*made, wanted.at(name));
    fmt::print("{}: {:.1f} dB\n", name, near);
    // Under a mask the first look at strength 1 already sees the picture below the noise.
    EXPECT_GE(near, name == "vae" || name == "mask" ? 48 : 55) << name;
    EXPECT_TRUE((*model)->notes(request).empty()) << name << ": " << (*model)->notes(request).front();
  }
}

TEST_F(DiffusersConfigs, EveryKeyOfTheUnetAndOfTheAutoencoder) {
  const NoGrad off;
  const Json files = golden_json("configs")["plain"]["files"];
  const NamedTensors of_unet = golden("unet_1"), of_autoencoder = golden("autoencoder");
  const auto unet = [&](const Json& json) {
    DenoiserExtent extent;
    Made out;
    const auto config = unet_config({json, "unet/config.json"}, model_of(of_unet), extent, out.notes);
    if (!config) return refusal(config.error());
    Weights weights(original_unet_names(model_of(of_unet)));
    out.numbers = Unet(weights, "", *config)(of_unet.at("latents"), of_unet.at("steps"), of_unet.at("context")).to_vector();
    out.numbers.push_back(static_cast<float>(extent.sample_size));
    out.numbers.push_back(static_cast<float>(extent.label_features));
    return out;
  };
  const Json base = Json::parse(files["unet/config.json"].get<std::string>());
  expect_every_key(unet_keys(), base, unet,
                   {{"addition_time_embed_dim", 2},
                    {"attention_head_dim", 2},
                    {"norm_num_groups", 2},
                    {"norm_eps", 0.1},
                    {"flip_sin_to_cos", false},
                    {"freq_shift", 1},
                    {"sample_size", 32}});
  Json lists = base;
  lists["attention_head_dim"] = {2, 3};
  EXPECT_NE(unet(lists).numbers, unet(base).numbers);
  for (const Json& bad : {Json{2, 3, 4}, Json{5, 3}, Json(0), Json("four")}) {
    lists["attention_head_dim"] = bad;
    EXPECT_NE(unet(lists).refused.find("'attention_head_dim'"), std::string::npos) << bad;
  }
  const auto vae = [&](const Json& json) {
    LatentRange range;
    Made out;
    NamedTensors tensors = model_of(of_autoencoder);
    const auto config = autoencoder_config({json, "vae/config.json"}, tensors, range, out.notes);
    if (!config) return refusal(config.error());
    Weights weights(original_autoencoder_names(tensors));
    const KlAutoencoder network(weights, "", *config);
    out.numbers = network.decode(of_autoencoder.at("latents")).to_vector();
    for (const float one : network.encode(of_autoencoder.at("picture")).mean.to_vector()) out.numbers.push_back(one);
    out.numbers.push_back(static_cast<float>(range.scale));
    out.numbers.push_back(static_cast<float>(range.shift));
    return out;
  };
  expect_every_key(autoencoder_keys(), Json::parse(files["vae/config.json"].get<std::string>()), vae,
                   {{"norm_num_groups", 2}, {"scaling_factor", 0.5}, {"shift_factor", 0.5}, {"use_post_quant_conv", false}, {"use_quant_conv", false}});
}

TEST_F(DiffusersConfigs, EveryKeyOfTheTextEncoderAndItsTokenizer) {
  const NoGrad off;
  const NamedTensors all = encoder("clip_g"), inputs = golden("clip_g");
  const auto clip = [&](const Json& json) {
    Made out;
    const auto config = clip_config({json, "text_encoder/config.json"}, all, out.notes);
    if (!config) return refusal(config.error());
    Weights weights(all);
    out.numbers =
        ClipText(weights, "", *config)(inputs.at("ids"), static_cast<int32_t>(all.at("text_model.embeddings.token_embedding.weight").dim(0)) - 1, DType::f32)
            .states.to_vector();
    return out;
  };
  const Json base = Json::parse(golden_json("configs")["second"]["files"]["text_encoder/config.json"].get<std::string>());
  expect_every_key(clip_keys(), base, clip, {{"num_attention_heads", 6}, {"hidden_act", "quick_gelu"}, {"layer_norm_eps", 0.1}});
  expect_every_key(transformers_keys(), base, clip);
  const auto padding = [&](const Json& json) {
    Made out;
    const auto token = clip_padding({json, "tokenizer_config.json"}, {Json::object(), "special_tokens_map.json"}, out.notes);
    if (!token) return refusal(token.error());
    for (const char c : *token) out.numbers.push_back(static_cast<float>(c));
    return out;
  };
  expect_every_key(clip_tokenizer_keys(), {{"tokenizer_class", "CLIPTokenizer"}, {"pad_token", "<|endoftext|>"}}, padding, {{"pad_token", "!"}}, {});
}

TEST_F(DiffusersConfigs, EveryKeyOfTheScheduler) {
  const auto run = [&](const Json& json) {
    Made out;
    const auto made = scheduler_settings({json, "scheduler/scheduler_config.json"}, false, false, out.notes);
    if (!made) return refusal(made.error());
    if (!made->missing.empty()) out.notes.push_back(made->missing);
    for (const double level :
         noise_schedule(value_or_throw(noise_schedule_by_name(made->schedule.empty() ? "karras" : made->schedule)), NoiseLevels(made->noise), 7))
      out.numbers.push_back(static_cast<float>(level));
    for (const char c : made->sampler + made->prediction) out.numbers.push_back(static_cast<float>(c));
    return out;
  };
  const Json dpm{{"_class_name", "DPMSolverMultistepScheduler"}};
  const Json base = Json::parse(golden_json("configs")["xl"]["files"]["scheduler/scheduler_config.json"].get<std::string>());
  expect_every_key(scheduler_keys(), base, run,
                   {{"_class_name", "DDIMScheduler"},
                    {"beta_end", 0.02},
                    {"beta_start", 0.001},
                    {"beta_schedule", "linear"},
                    {"final_sigmas_type", "sigma_min"},
                    {"num_train_timesteps", 500},
                    {"prediction_type", "v_prediction"},
                    {"rescale_betas_zero_snr", true},
                    {"set_alpha_to_one", false},
                    {"steps_offset", 4},
                    {"timestep_spacing", "trailing"},
                    {"use_beta_sigmas", true},
                    {"use_exponential_sigmas", true},
                    {"use_karras_sigmas", true}},
                   {{"clip_sample", {{"_class_name", "DDIMScheduler"}, {"clip_sample", false}}},
                    {"rescale_betas_zero_snr", {{"timestep_spacing", "trailing"}}},
                    {"set_alpha_to_one", {{"_class_name", "DDIMScheduler"}, {"set_alpha_to_one", true}}},
                    {"algorithm_type", dpm},
                    {"solver_order", dpm},
                    {"solver_type", dpm},
                    {"use_lu_lambdas", {{"_class_name", "DPMSolverMultistepScheduler"}, {"use_lu_lambdas", false}}},
                    {"variance_type", {{"_class_name", "DDPMScheduler"}, {"variance_type", "fixed_small"}}}});
  std::vector<std::string> notes;
  const auto shifted = scheduler_settings({{{"_class_name", "FlowMatchEulerDiscreteScheduler"}, {"shift", 2}}, "s"}, true, false, notes);
  EXPECT_EQ(value_or_throw(shifted).noise.flow_shift, 2);
  EXPECT_LT(noise_schedule(NoiseSchedule::flow, NoiseLevels(shifted->noise), 3)[1], noise_schedule(NoiseSchedule::flow, NoiseLevels(), 3)[1]);
}

TEST_F(DiffusersConfigs, EveryKeyOfTransformersT5AndControl) {
  const NoGrad off;
  std::vector<std::string> notes;
  {
    const NamedTensors all = golden("joint_35");
    const Json base{{"_class_name", "SD3Transformer2DModel"},
                    {"attention_head_dim", 8},
                    {"num_attention_heads", 3},
                    {"caption_projection_dim", 24},
                    {"dual_attention_layers", {0}},
                    {"in_channels", 16},
                    {"joint_attention_dim", 56},
                    {"num_layers", 2},
                    {"out_channels", 16},
                    {"patch_size", 2},
                    {"pooled_projection_dim", 34},
                    {"pos_embed_max_size", 12},
                    {"qk_norm", "rms_norm"},
                    {"sample_size", 16}};
    expect_every_key(joint_transformer_keys(), base, [&](const Json& json) {
      DenoiserExtent extent;
      notes.clear();
      const auto config = joint_transformer_config({json, "transformer/config.json"}, model_of(all), extent, notes);
      if (!config) return refusal(config.error());
      Weights weights(original_joint_names(model_of(all)));
      Made out{"", JointTransformer(weights, "", *config)(all.at("latents"), all.at("times"), all.at("context"), all.at("pooled")).to_vector(), notes};
      out.numbers.push_back(static_cast<float>(extent.sample_size));
      return out;
    });
  }
  {
    const NamedTensors all = golden("t5");
    const Json base{{"model_type", "t5"},
                    {"d_ff", 72},
                    {"d_kv", 8},
                    {"d_model", 56},
                    {"dense_act_fn", "gelu_new"},
                    {"eos_token_id", 1},
                    {"feed_forward_proj", "gated-gelu"},
                    {"is_gated_act", true},
                    {"layer_norm_epsilon", 1e-6},
                    {"num_heads", 3},
                    {"num_layers", 2},
                    {"pad_token_id", 0},
                    {"relative_attention_max_distance", 128},
                    {"relative_attention_num_buckets", 32},
                    {"vocab_size", model_of(all).at("shared.weight").dim(0)}};
    expect_every_key(t5_keys(), base,
                     [&](const Json& json) {
                       notes.clear();
                       const auto config = t5_config({json, "text_encoder_3/config.json"}, model_of(all), notes);
                       if (!config) return refusal(config.error());
                       Weights weights(model_of(all));
                       return Made{"", T5Encoder(weights, "", WeightPacking::plain, *config)(all.at("ids"), DType::f32).to_vector(), notes};
                     },
                     {{"layer_norm_epsilon", 0.1}, {"relative_attention_max_distance", 40}});
  }
  {
    const NamedTensors all = golden("control");
    const Json base{{"_class_name", "ControlNetModel"},
                    {"attention_head_dim", 4},
                    {"block_out_channels", {16, 24}},
                    {"norm_num_groups", 4},
                    {"layers_per_block", 2},
                    {"cross_attention_dim", 24},
                    {"conditioning_embedding_out_channels", {4, 6, 8, 8}},
                    {"down_block_types", {"CrossAttnDownBlock2D", "DownBlock2D"}}};
    expect_every_key(control_keys(), base,
                     [&](const Json& json) {
                       notes.clear();
                       const auto config = control_config({json, "config.json"}, model_of(all), notes);
                       if (!config) return refusal(config.error());
                       Weights weights(original_unet_names(model_of(all)));
                       const ControlNet net(weights, "", *config);
                       return Made{"", net(all.at("latents"), net.look(all.at("hint")), all.at("steps"), all.at("context"), {}, 1).middle.to_vector(), notes};
                     },
                     {{"num_attention_heads", 2}});
  }
}

TEST_F(DiffusersConfigs, WeightsInSeveralFilesAndInPytorchsOwn) {
  const Json item = golden_json("configs")["plain"];
  make(item);
  const PaintRequest request{.prompt = "a photo", .seed = 3, .steps = 2, .guidance = 1};
  const Bytes whole = value_or_throw(value_or_throw(load())->paint(request)).rgba;
  const std::string stem = "diffusion_pytorch_model";
  NamedTensors first = model_of(golden("unet_1")), second;
  Json map = Json::object();
  for (auto it = first.begin(); it != first.end();) {
    const bool moves = it->first.find("up_blocks") != std::string::npos;
    map[it->first] = fmt::format("{}-0000{}-of-00002.safetensors", stem, moves ? 2 : 1);
    if (moves)
      second.insert(first.extract(it++));
    else
      ++it;
  }
  fs::remove(model_ / "unet" / (stem + ".safetensors"));
  weights("unet", stem + "-00001-of-00002.safetensors", first);
  weights("unet", stem + "-00002-of-00002.safetensors", second);
  text("unet/" + stem + ".safetensors.index.json", Json{{"weight_map", map}}.dump());
  fs::rename(model_ / "text_encoder/model.safetensors", model_ / "text_encoder/pytorch_model.bin");
  const auto model = load();
  ASSERT_TRUE(model) << model.error().message;
  EXPECT_EQ(value_or_throw((*model)->paint(request)).rgba, whole);
  const auto names = value_or_throw(listed({.model = model_}));
  const auto has = [&](const std::string& name) { return std::any_of(names.begin(), names.end(), [&](const auto& one) { return one.first == name; }); };
  EXPECT_TRUE(has("unet/config.json") && has("scheduler/scheduler_config.json") && has("unet/" + stem + "-00002-of-00002.safetensors"));
  fs::remove(model_ / "unet" / (stem + "-00002-of-00002.safetensors"));
  EXPECT_NE(load().error().message.find("-00002-of-00002.safetensors is not here"), std::string::npos);
}

TEST_F(DiffusersConfigs, AFolderOfStableDiffusion2IsToldByItsConfiguration) {
  make(golden_json("configs")["second"]);
  EXPECT_EQ(value_or_throw(load())->family(), DiffusionFamily::sd2) << "whatever its width";
  make(golden_json("configs")["plain"]);
  EXPECT_EQ(value_or_throw(load())->family(), DiffusionFamily::sd1);
  text("scheduler/scheduler_config.json", R"({"_class_name": "PNDMScheduler", "beta_start": 0.00085, "beta_end": 0.012, "beta_schedule": "scaled_linear"})");
  const auto model = value_or_throw(load());
  ASSERT_EQ(model->notes({}).size(), 1U);
  EXPECT_NE(model->notes({})[0].find("PNDMScheduler is not computed here; painted with `sampler` dpmpp_2m and `schedule` karras"), std::string::npos);
  PaintRequest chosen;
  chosen.sampler = "euler";
  chosen.schedule = "normal";
  EXPECT_TRUE(model->notes(chosen).empty());
  text("scheduler/scheduler_config.json", "{\"_class_name\": \"DPMSolverMultistepScheduler\", \"lambda_min_clipped\": -Infinity}");
  EXPECT_EQ(value_or_throw(load())->with_defaults({}).sampler, "dpmpp_2m");
}

TEST_F(DiffusersConfigs, DiffusersWayDiffersWhereTheManualSaysSo) {
  make(golden_json("configs")["plain"]);
  const auto model = value_or_throw(load());
  PaintRequest request{.prompt = "a photo", .seed = 3, .steps = 5, .guidance = 3, .strength = 0.3F};
  const Bytes rounded = value_or_throw(model->paint(request, {.from = start()})).rgba;  // 1.5 steps are 2
  request.as_diffusers = true;
  EXPECT_NE(value_or_throw(model->paint(request, {.from = start()})).rgba, rounded);
  request.strength = 0.1F;
  EXPECT_NE(model->paint(request, {.from = start()}).error().message.find("leaves none"), std::string::npos);
  EXPECT_EQ(value_or_throw(paint_request(to_json(request))).as_diffusers, true);
  request.as_diffusers = false;
  EXPECT_FALSE(to_json(request).contains("as_diffusers"));
}

}  // namespace ptah
