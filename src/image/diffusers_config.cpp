#include "image/diffusers_config.h"

#include <algorithm>
#include <cmath>

#include "base/parallel.h"

namespace ptah {

namespace {

constexpr ConfigUse kHarmless = ConfigUse::harmless, kOnly = ConfigUse::only;

constexpr ConfigKey kUnet[] = {{"_class_name", kOnly, R"(["UNet2DConditionModel"])"},
                               {"_diffusers_version", kHarmless},
                               {"_name_or_path", kHarmless},
                               {"_use_default_values", kHarmless},
                               {"act_fn", kOnly, R"(["silu", "swish"])"},
                               {"addition_embed_type"},
                               {"addition_embed_type_num_heads", kHarmless},
                               {"addition_time_embed_dim"},
                               {"attention_head_dim"},
                               {"attention_type", kOnly, R"(["default"])"},
                               {"block_out_channels"},
                               {"center_input_sample", kOnly, "[false]"},
                               {"class_embed_type", kOnly, "[null]"},
                               {"class_embeddings_concat", kOnly, "[false]"},
                               {"conv_in_kernel", kOnly, "[3]"},
                               {"conv_out_kernel", kOnly, "[3]"},
                               {"cross_attention_dim"},
                               {"cross_attention_norm", kOnly, "[null]"},
                               {"down_block_types"},
                               {"downsample_padding", kOnly, "[1]"},
                               {"dropout", kHarmless},
                               {"dual_cross_attention", kOnly, "[false]"},
                               {"encoder_hid_dim", kOnly, "[null]"},
                               {"encoder_hid_dim_type", kOnly, "[null]"},
                               {"flip_sin_to_cos"},
                               {"freq_shift"},
                               {"in_channels"},
                               {"layers_per_block"},
                               {"mid_block_only_cross_attention", kOnly, "[null, false]"},
                               {"mid_block_scale_factor", kOnly, "[1]"},
                               {"mid_block_type", kOnly, R"(["UNetMidBlock2DCrossAttn"])"},
                               {"norm_eps"},
                               {"norm_num_groups"},
                               {"num_attention_heads", kOnly, "[null]"},
                               {"num_class_embeds", kOnly, "[null]"},
                               {"only_cross_attention", kOnly, "[false]"},
                               {"out_channels"},
                               {"projection_class_embeddings_input_dim"},
                               {"resnet_out_scale_factor", kOnly, "[1]"},
                               {"resnet_skip_time_act", kOnly, "[false]"},
                               {"resnet_time_scale_shift"},
                               {"reverse_transformer_layers_per_block", kOnly, "[null]"},
                               {"sample_size"},
                               {"time_cond_proj_dim", kOnly, "[null]"},
                               {"time_embedding_act_fn", kOnly, "[null]"},
                               {"time_embedding_dim", kOnly, "[null]"},
                               {"time_embedding_type", kOnly, R"(["positional"])"},
                               {"timestep_post_act", kOnly, "[null]"},
                               {"transformer_layers_per_block"},
                               {"up_block_types"},
                               {"upcast_attention", kHarmless},
                               {"use_linear_projection"}};

constexpr ConfigKey kControl[] = {{"_class_name", kOnly, R"(["ControlNetModel"])"}, {"conditioning_channels", kOnly, "[3]"},
                                  {"conditioning_embedding_out_channels"},          {"controlnet_conditioning_channel_order", kOnly, R"(["rgb"])"},
                                  {"global_pool_conditions", kOnly, "[false]"},     {"num_attention_heads"}};

constexpr ConfigKey kAutoencoder[] = {{"_class_name", kOnly, R"(["AutoencoderKL"])"},
                                      {"_diffusers_version", kHarmless},
                                      {"_name_or_path", kHarmless},
                                      {"_use_default_values", kHarmless},
                                      {"act_fn", kOnly, R"(["silu", "swish"])"},
                                      {"block_out_channels"},
                                      {"down_block_types"},
                                      {"force_upcast", kHarmless},
                                      {"in_channels", kOnly, "[3]"},
                                      {"latent_channels"},
                                      {"latents_mean", kOnly, "[null]"},
                                      {"latents_std", kOnly, "[null]"},
                                      {"layers_per_block"},
                                      {"mid_block_add_attention", kOnly, "[true]"},
                                      {"norm_num_groups"},
                                      {"out_channels", kOnly, "[3]"},
                                      {"sample_size", kHarmless},
                                      {"scaling_factor"},
                                      {"shift_factor"},
                                      {"up_block_types"},
                                      {"use_post_quant_conv"},
                                      {"use_quant_conv"}};

constexpr ConfigKey kJoint[] = {{"_class_name", kOnly, R"(["SD3Transformer2DModel"])"},
                                {"_diffusers_version", kHarmless},
                                {"_name_or_path", kHarmless},
                                {"_use_default_values", kHarmless},
                                {"attention_head_dim"},
                                {"caption_projection_dim"},
                                {"dual_attention_layers"},
                                {"in_channels"},
                                {"joint_attention_dim"},
                                {"num_attention_heads"},
                                {"num_layers"},
                                {"out_channels"},
                                {"patch_size"},
                                {"pooled_projection_dim"},
                                {"pos_embed_max_size"},
                                {"qk_norm"},
                                {"sample_size"}};

/// Extent of a tensor along an axis; 0 without one.
int64_t extent(const NamedTensors& tensors, const std::string& name, int axis) {
  const auto found = tensors.find(name);
  return found != tensors.end() && found->second.rank() > axis ? found->second.dim(axis) : 0;
}

int64_t count_below(const NamedTensors& tensors, const std::string& prefix) {
  int64_t count = 0;
  while (any_begins(tensors, fmt::format("{}{}.", prefix, count))) ++count;
  return count;
}

/// A list, or one number where all its members are that one: as files write it.
void agree_with_list(const Config& config, const char* key, const std::vector<int64_t>& in_weights) {
  if (!config.has(key)) return;
  if (config.json.at(key).is_array() || in_weights.empty()) return config.agree(key, in_weights);
  for (const int64_t one : in_weights) config.agree(key, one);
}

int64_t positive(const Config& config, const char* key, int64_t fallback) {
  const int64_t value = config.integer(key, fallback);
  if (value < 1) config.refuse(key, "1 and more");
  return value;
}

/// An edge, or [height, width] of equal edges.
int64_t sample_size_of(const Config& config) {
  const std::vector<int64_t> edges = config.integers("sample_size", 1, 0);
  for (const int64_t edge : edges)
    if (edge != edges[0] || edge < 0 || edge > 100000) config.refuse("sample_size", "one edge for height and width");
  return edges.empty() ? 0 : edges[0];
}

/// The blocks of one side: which have transformers, and how deep those are.
struct Side {
  std::vector<std::string> types;
  std::vector<int64_t> depths;  ///< 0: no transformer
  std::vector<int64_t> layers, widths;
};

Side side_of(const NamedTensors& tensors, bool down) {
  Side out;
  const std::string stem = down ? "down_blocks." : "up_blocks.", kind = down ? "DownBlock2D" : "UpBlock2D";
  const int64_t blocks = count_below(tensors, stem);
  for (int64_t i = 0; i < blocks; ++i) {
    const std::string at = fmt::format("{}{}.", stem, i);
    const int64_t depth = count_below(tensors, at + "attentions.0.transformer_blocks.");
    out.types.push_back((depth > 0 ? "CrossAttn" : "") + kind);
    out.depths.push_back(depth);
    out.layers.push_back(count_below(tensors, at + "resnets."));
    out.widths.push_back(extent(tensors, at + "resnets.0.conv1.weight", 0));
  }
  return out;
}

/// What U-Nets and the networks that control them share.
UnetConfig trunk_config(const Config& c, const NamedTensors& tensors) {
  UnetConfig out;
  const Side down = side_of(tensors, true);
  const size_t levels = down.types.size();
  c.agree("in_channels", extent(tensors, "conv_in.weight", 1));
  c.agree("block_out_channels", down.widths);
  c.agree("down_block_types", down.types);
  agree_with_list(c, "layers_per_block", down.layers);
  std::string projection;
  for (const auto& [name, tensor] : tensors) {
    if (name.ends_with(".attn2.to_k.weight") && tensor.rank() == 2)
      for (const int64_t width : c.integers("cross_attention_dim", 1, tensor.dim(1)))
        if (width != tensor.dim(1)) c.agree("cross_attention_dim", tensor.dim(1));
    if (name.ends_with(".proj_in.weight") && name.find("attentions.") != std::string::npos) c.agree("use_linear_projection", tensor.rank() == 2);
  }
  const std::vector<int64_t> depths = c.integers("transformer_layers_per_block", levels, 1);
  if (depths.size() != levels) c.refuse("transformer_layers_per_block", fmt::format("one number, or {}", levels));
  for (size_t i = 0; i < levels; ++i)
    if (down.depths[i] > 0 && down.depths[i] != depths[i]) c.agree("transformer_layers_per_block", down.depths);
  if (const int64_t middle = count_below(tensors, "mid_block.attentions.0.transformer_blocks."); middle > 0 && levels > 0 && middle != depths.back())
    c.agree("transformer_layers_per_block", middle);
  const int64_t label = extent(tensors, "add_embedding.linear_1.weight", 1);
  const std::string embed = c.text("addition_embed_type", "");
  if (embed != (label > 0 ? "text_time" : "")) {
    if (!embed.empty() && embed != "text_time") c.refuse("addition_embed_type", "null, \"text_time\"");
    c.agree("addition_embed_type", label > 0 ? Json("text_time") : Json());
    if (label > 0) c.refuse("addition_embed_type", "\"text_time\", as the weights have its layers");
  }
  c.agree("projection_class_embeddings_input_dim", label > 0 ? Json(label) : Json());
  // diffusers calls the number of heads attention_head_dim.
  const char* heads = c.has("num_attention_heads") ? "num_attention_heads" : "attention_head_dim";
  out.heads_of_level = c.integers(heads, levels, 8);
  if (out.heads_of_level.size() != levels) c.refuse(heads, fmt::format("one number, or {}", levels));
  for (size_t i = 0; i < levels; ++i)
    if (out.heads_of_level[i] < 1 || (down.depths[i] > 0 && down.widths[i] % out.heads_of_level[i]))
      c.refuse(heads, fmt::format("divisors of the widths ({})", fmt::join(down.widths, ", ")));
  out.groups = positive(c, "norm_num_groups", 32);
  if (c.json.contains("norm_num_groups") && !c.has("norm_num_groups")) c.refuse("norm_num_groups", "1 and more");
  out.eps = static_cast<float>(c.number("norm_eps", 1e-5));
  if (!(out.eps > 0 && out.eps < 1)) c.refuse("norm_eps", "above 0 to below 1");
  out.sinusoids = {.cosine_first = c.boolean("flip_sin_to_cos", true), .shift = c.number("freq_shift", 0)};
  if (!(std::abs(out.sinusoids.shift) <= 1)) c.refuse("freq_shift", "-1 to 1");
  const std::string time = c.text("resnet_time_scale_shift", "default");
  if (time != "default" && time != "scale_shift") c.refuse("resnet_time_scale_shift", "\"default\", \"scale_shift\"");
  out.scales_by_time = time == "scale_shift";
  const int64_t made = extent(tensors, "down_blocks.0.resnets.0.time_emb_proj.weight", 0),
                wanted = (out.scales_by_time ? 2 : 1) * (levels ? down.widths[0] : 0);
  if (made > 0 && made != wanted) c.agree("resnet_time_scale_shift", out.scales_by_time ? "default" : "scale_shift");
  return out;
}

}  // namespace

ConfigTable unet_keys() { return kUnet; }
ConfigTable control_keys() { return kControl; }
ConfigTable autoencoder_keys() { return kAutoencoder; }
ConfigTable joint_transformer_keys() { return kJoint; }

Result<UnetConfig> unet_config(const Config& c, const NamedTensors& tensors, DenoiserExtent& extents, std::vector<std::string>& warnings) {
  return guard([&]() -> Result<UnetConfig> {
    PTAH_TRY_VOID(check_config(c.json, {kUnet}, c.file, warnings));
    UnetConfig out = trunk_config(c, tensors);
    c.agree("out_channels", extent(tensors, "conv_out.weight", 0));
    c.agree("up_block_types", side_of(tensors, false).types);
    extents.sample_size = sample_size_of(c);
    extents.label_features = c.integer("addition_time_embed_dim", 0);
    return out;
  });
}

Result<UnetConfig> control_config(const Config& c, const NamedTensors& tensors, std::vector<std::string>& warnings) {
  return guard([&]() -> Result<UnetConfig> {
    PTAH_TRY_VOID(check_config(c.json, {kControl, kUnet}, c.file, warnings));
    std::vector<int64_t> widths{extent(tensors, "controlnet_cond_embedding.conv_in.weight", 0)};
    for (int64_t i = 1; i < count_below(tensors, "controlnet_cond_embedding.blocks."); i += 2)
      widths.push_back(extent(tensors, fmt::format("controlnet_cond_embedding.blocks.{}.weight", i), 0));
    c.agree("conditioning_embedding_out_channels", widths);
    return trunk_config(c, tensors);
  });
}

Result<JointTransformerConfig> joint_transformer_config(const Config& c, const NamedTensors& tensors, DenoiserExtent& extents,
                                                        std::vector<std::string>& warnings) {
  return guard([&]() -> Result<JointTransformerConfig> {
    PTAH_TRY_VOID(check_config(c.json, {kJoint}, c.file, warnings));
    JointTransformerConfig out;
    const int64_t patch = extent(tensors, "pos_embed.proj.weight", 2), width = extent(tensors, "pos_embed.proj.weight", 0),
                  layers = count_below(tensors, "transformer_blocks.");
    out.head_dim = positive(c, "attention_head_dim", 64);
    if (width % out.head_dim) c.refuse("attention_head_dim", fmt::format("divisors of the width ({})", width));
    c.agree("num_attention_heads", width / out.head_dim);
    c.agree("patch_size", patch);
    c.agree("in_channels", extent(tensors, "pos_embed.proj.weight", 1));
    c.agree("num_layers", layers);
    c.agree("joint_attention_dim", extent(tensors, "context_embedder.weight", 1));
    c.agree("caption_projection_dim", extent(tensors, "context_embedder.weight", 0));
    c.agree("pooled_projection_dim", extent(tensors, "time_text_embed.text_embedder.linear_1.weight", 1));
    c.agree("out_channels", patch > 0 ? extent(tensors, "proj_out.weight", 0) / (patch * patch) : 0);
    c.agree("pos_embed_max_size", std::llround(std::sqrt(static_cast<double>(extent(tensors, "pos_embed.pos_embed", 1)))));
    std::vector<int64_t> dual;
    for (int64_t i = 0; i < layers; ++i)
      if (any_begins(tensors, fmt::format("transformer_blocks.{}.attn2.", i))) dual.push_back(i);
    if (c.has("dual_attention_layers")) {
      std::vector<int64_t> said = c.integers("dual_attention_layers", 0, 0);
      std::sort(said.begin(), said.end());
      if (said != dual) c.agree("dual_attention_layers", dual);
    }
    const bool normed = any_begins(tensors, "transformer_blocks.0.attn.norm_q.");
    const std::string norm = c.text("qk_norm", "");
    if (norm != (normed ? "rms_norm" : "")) c.refuse("qk_norm", normed ? "\"rms_norm\", as the weights have its gains" : "null, as the weights have no gains");
    extents.sample_size = sample_size_of(c);
    return out;
  });
}

Result<KlAutoencoderConfig> autoencoder_config(const Config& c, NamedTensors& tensors, LatentRange& scale, std::vector<std::string>& warnings) {
  return guard([&]() -> Result<KlAutoencoderConfig> {
    PTAH_TRY_VOID(check_config(c.json, {kAutoencoder}, c.file, warnings));
    KlAutoencoderConfig out;
    const int64_t levels = count_below(tensors, "decoder.up_blocks.");
    std::vector<int64_t> widths;
    for (int64_t i = levels - 1; i >= 0; --i) {
      widths.push_back(extent(tensors, fmt::format("decoder.up_blocks.{}.resnets.0.conv1.weight", i), 0));
      if (const int64_t layers = count_below(tensors, fmt::format("decoder.up_blocks.{}.resnets.", i)); layers > 0) c.agree("layers_per_block", layers - 1);
    }
    c.agree("block_out_channels", widths);
    c.agree("down_block_types", std::vector<std::string>(static_cast<size_t>(levels), "DownEncoderBlock2D"));
    c.agree("up_block_types", std::vector<std::string>(static_cast<size_t>(levels), "UpDecoderBlock2D"));
    c.agree("latent_channels", extent(tensors, "decoder.conv_in.weight", 1));
    out.groups = positive(c, "norm_num_groups", 32);
    scale.scale = c.number("scaling_factor", 0.18215);
    if (!(scale.scale > 1e-6 && scale.scale < 1e6)) c.refuse("scaling_factor", "above 0.000001 to below 1,000,000");
    scale.shift = c.number("shift_factor", 0);
    if (!(std::abs(scale.shift) < 1e6)) c.refuse("shift_factor", "numbers below 1,000,000");
    const bool encodes = any_begins(tensors, "encoder.");
    for (const auto& [key, prefix, matters] : {std::tuple{"use_quant_conv", "quant_conv.", encodes}, {"use_post_quant_conv", "post_quant_conv.", true}}) {
      const std::string beginning = prefix;
      const bool there = any_begins(tensors, beginning);
      if (c.boolean(key, true) && !there && matters)
        throw Failure({ErrorCode::mismatch, fmt::format("{}: '{}' is true, and the weights have no {}weight", c.file, key, prefix)});
      if (!c.boolean(key, true)) std::erase_if(tensors, [&](const auto& item) { return item.first.starts_with(beginning); });
    }
    return out;
  });
}

}  // namespace ptah
