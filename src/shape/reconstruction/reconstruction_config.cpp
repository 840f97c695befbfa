#include "shape/reconstruction/reconstruction_config.h"

#include <cmath>

#include "nn/weight_binder.h"

namespace ptah {

namespace {

constexpr ConfigUse kHarmless = ConfigUse::harmless, kOnly = ConfigUse::only;

constexpr ConfigKey kRoot[] = {{"cond_image_size"}, {"image_tokenizer_cls", kOnly, R"(["tsr.models.tokenizers.image.DINOSingleImageTokenizer"])"},
                               {"image_tokenizer"}, {"tokenizer_cls", kOnly, R"(["tsr.models.tokenizers.triplane.Triplane1DTokenizer"])"},
                               {"tokenizer"},       {"backbone_cls", kOnly, R"(["tsr.models.transformer.transformer_1d.Transformer1D"])"},
                               {"backbone"},        {"post_processor_cls", kOnly, R"(["tsr.models.network_utils.TriplaneUpsampleNetwork"])"},
                               {"post_processor"},  {"decoder_cls", kOnly, R"(["tsr.models.network_utils.NeRFMLP"])"},
                               {"decoder"},         {"renderer_cls", kOnly, R"(["tsr.models.nerf_renderer.TriplaneNeRFRenderer"])"},
                               {"renderer"}};

// The networks of DINO differ in their weights alone: heads of 64, patches as large as the weights say.
constexpr ConfigKey kImageTokenizer[] = {
    {"pretrained_model_name_or_path", kOnly, R"(["facebook/dino-vitb16", "facebook/dino-vitb8", "facebook/dino-vits16", "facebook/dino-vits8"])"},
    {"enable_gradient_checkpointing", kHarmless}};

constexpr ConfigKey kTokenizer[] = {{"plane_size"}, {"num_channels"}};

constexpr ConfigKey kBackbone[] = {{"num_attention_heads"},
                                   {"attention_head_dim"},
                                   {"in_channels"},
                                   {"out_channels", kHarmless},
                                   {"num_layers"},
                                   {"dropout", kHarmless},
                                   {"norm_num_groups"},
                                   {"cross_attention_dim"},
                                   {"attention_bias"},
                                   {"activation_fn", kOnly, R"(["geglu"])"},
                                   {"only_cross_attention", kOnly, "[false]"},
                                   {"double_self_attention", kOnly, "[false]"},
                                   {"upcast_attention", kHarmless},
                                   {"norm_type", kOnly, R"(["layer_norm"])"},
                                   {"norm_elementwise_affine", kOnly, "[true]"},
                                   {"gradient_checkpointing", kHarmless}};

constexpr ConfigKey kPostProcessor[] = {{"in_channels"}, {"out_channels"}};

constexpr ConfigKey kDecoder[] = {{"in_channels"},           {"n_neurons"},
                                  {"n_hidden_layers"},       {"activation", kOnly, R"(["relu", "silu"])"},
                                  {"bias", kOnly, "[true]"}, {"weight_init", kHarmless},
                                  {"bias_init", kHarmless}};

constexpr ConfigKey kRenderer[] = {{"radius"},
                                   {"feature_reduction", kOnly, R"(["concat", "mean"])"},
                                   {"density_activation", kOnly, R"(["exp", "trunc_exp", "softplus"])"},
                                   {"density_bias"},
                                   {"color_activation", kOnly, R"(["sigmoid"])"},
                                   {"num_samples_per_ray", kHarmless},
                                   {"randomized", kHarmless}};

/// A section of the configuration, checked; empty where there is none.
Result<Config> section(const Config& root, const char* name, ConfigTable table, std::vector<std::string>& warnings) {
  Config out{Json::object(), fmt::format("{}: {}", root.file, name)};
  if (!root.has(name)) return out;
  out.json = root.json.at(name);
  PTAH_TRY_VOID(check_config(out.json, {table}, out.file, warnings));
  return out;
}

int64_t count_below(const Weights& weights, const std::string& prefix) {
  int64_t count = 0;
  const auto begins = [&](const std::string& start) {
    const auto found = weights.all().lower_bound(start);
    return found != weights.all().end() && found->first.starts_with(start);
  };
  while (begins(fmt::format("{}{}.", prefix, count))) ++count;
  return count;
}

void check_within(const Config& config, const char* key, double value, double low, double high) {
  if (std::isfinite(value) && value >= low && value <= high) return;
  throw Failure({ErrorCode::corrupt, fmt::format("{}: '{}' is {}; {} to {} are possible", config.file, key, value, low, high)});
}

}  // namespace

float ReconstructionConfig::before_activation(float density_wanted) const {
  const double value = density == DensityActivation::exp ? std::log(density_wanted) : std::log(std::expm1(static_cast<double>(density_wanted)));
  return static_cast<float>(value) - density_bias;
}

ReconstructionShape reconstruction_shape(Weights& weights) {
  const WeightBinder binder{weights, ""};
  ReconstructionShape s;
  const std::string vision = "image_tokenizer.model.", block = "backbone.transformer_blocks.";
  s.picture_width = binder.extent(vision + "embeddings.cls_token", 2);
  s.patch = binder.extent(vision + "embeddings.patch_embeddings.projection.weight", 3);
  s.positions = binder.extent(vision + "embeddings.position_embeddings", 1) - 1;
  s.picture_layers = count_below(weights, vision + "encoder.layer.");
  s.picture_hidden = s.picture_layers > 0 ? binder.extent(vision + "encoder.layer.0.intermediate.dense.weight", 0) : 0;
  s.channels = binder.extent("tokenizer.embeddings", 1);
  s.plane = binder.extent("tokenizer.embeddings", 2);
  s.width = binder.extent("backbone.proj_in.weight", 0);
  s.layers = count_below(weights, block);
  s.hidden = s.layers > 0 ? binder.extent(block + "0.ff.net.2.weight", 1) : 0;
  s.attention_bias = binder.has(block + "0.attn1.to_q.bias");
  s.features = binder.extent("post_processor.upsample.weight", 1);
  s.neurons = binder.extent("decoder.layers.0.weight", 0);
  while (binder.has(fmt::format("decoder.layers.{}.weight", 2 * (s.field_layers + 1)))) ++s.field_layers;
  const auto sane = [](const char* what, int64_t value, int64_t low, int64_t high) {
    if (value < low || value > high)
      throw Failure({ErrorCode::mismatch, fmt::format("weights: {} is {}; {} to {} are possible in a model of TripoSR's layout", what, value, low, high)});
  };
  sane("the width of the vision transformer", s.picture_width, 64, 4096);
  if (s.picture_width % 64 != 0) sane("its width beyond a multiple of 64", s.picture_width % 64, 0, 0);
  sane("its number of layers", s.picture_layers, 1, 128);
  sane("the edge of its patches", s.patch, 1, 64);
  const auto grid = static_cast<int64_t>(std::lround(std::sqrt(static_cast<double>(std::max<int64_t>(s.positions, 0)))));
  sane("the number of its positions", s.positions, 1, 1 << 16);
  if (grid * grid != s.positions) sane("its positions beyond a square", s.positions - grid * grid, 0, 0);
  sane("the edge of the planes", s.plane, 1, 256);
  sane("the channels of the planes", s.channels, 1, 8192);
  sane("the width of the transformer", s.width, 1, 8192);
  sane("its number of layers", s.layers, 1, 128);
  sane("the features of the planes", s.features, 1, 512);
  sane("the neurons of the field", s.neurons, 1, 1024);
  sane("the layers of the field", s.field_layers, 1, 64);
  return s;
}

Result<ReconstructionConfig> reconstruction_config(const Config& config, Weights& weights, std::vector<std::string>& warnings) {
  return guard([&]() -> Result<ReconstructionConfig> {
    const ReconstructionShape s = reconstruction_shape(weights);
    PTAH_TRY_VOID(check_config(config.json, {kRoot}, config.file, warnings));
    PTAH_TRY(const Config vision, section(config, "image_tokenizer", kImageTokenizer, warnings));
    PTAH_TRY(const Config tokenizer, section(config, "tokenizer", kTokenizer, warnings));
    PTAH_TRY(const Config backbone, section(config, "backbone", kBackbone, warnings));
    PTAH_TRY(const Config upsample, section(config, "post_processor", kPostProcessor, warnings));
    PTAH_TRY(const Config decoder, section(config, "decoder", kDecoder, warnings));
    PTAH_TRY(const Config renderer, section(config, "renderer", kRenderer, warnings));
    ReconstructionConfig out;
    out.picture_size = config.integer("cond_image_size", out.picture_size);
    check_within(config, "cond_image_size", static_cast<double>(out.picture_size), static_cast<double>(s.patch), 2048);
    if (out.picture_size % s.patch != 0) config.refuse("cond_image_size", fmt::format("multiples of the patches' edge, {}", s.patch));
    tokenizer.agree("plane_size", s.plane);
    tokenizer.agree("num_channels", s.channels);
    out.heads = backbone.integer("num_attention_heads", 16);
    check_within(backbone, "num_attention_heads", static_cast<double>(out.heads), 1, 256);
    if (backbone.has("attention_head_dim") ? s.width != out.heads * backbone.integer("attention_head_dim", 0) : s.width % out.heads != 0)
      throw Failure({ErrorCode::mismatch, fmt::format("{}: 'num_attention_heads' is {}; the weights are {} wide, and 'attention_head_dim' is {}", backbone.file,
                                                      out.heads, s.width, backbone.integer("attention_head_dim", 64))});
    backbone.agree("in_channels", s.channels);
    backbone.agree("num_layers", s.layers);
    backbone.agree("attention_bias", s.attention_bias);
    backbone.agree("cross_attention_dim", s.picture_width);
    out.groups = backbone.integer("norm_num_groups", 32);
    check_within(backbone, "norm_num_groups", static_cast<double>(out.groups), 1, static_cast<double>(s.channels));
    if (s.channels % out.groups != 0) backbone.refuse("norm_num_groups", fmt::format("divisors of the {} channels", s.channels));
    upsample.agree("in_channels", s.channels);
    upsample.agree("out_channels", s.features);
    out.mean = renderer.text("feature_reduction", "concat") == "mean";
    decoder.agree("in_channels", out.mean ? s.features : 3 * s.features);
    decoder.agree("n_neurons", s.neurons);
    decoder.agree("n_hidden_layers", s.field_layers);
    // What a configuration leaves out is as in the classes of the public code, which has another default than the published model here.
    out.activation = decoder.text("activation", config.json.empty() ? "silu" : "relu") == "silu" ? Activation::silu : Activation::relu;
    out.radius = static_cast<float>(renderer.number("radius", static_cast<double>(out.radius)));
    check_within(renderer, "radius", static_cast<double>(out.radius), 1e-3, 1e3);
    out.density = renderer.text("density_activation", "exp") == "softplus" ? DensityActivation::softplus : DensityActivation::exp;
    out.density_bias = static_cast<float>(renderer.number("density_bias", -1));
    check_within(renderer, "density_bias", static_cast<double>(out.density_bias), -100, 100);
    return out;
  });
}

}  // namespace ptah
