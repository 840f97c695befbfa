#include "image/diffusers_names.h"

#include <tuple>

#include "base/error.h"
#include "nn/weights.h"
#include "tensor/ops.h"

namespace ptah {

namespace {

using Renames = std::initializer_list<std::pair<const char*, const char*>>;

/// If `name` begins with `from`, what comes after it.
std::optional<std::string> after(const std::string& name, const std::string& from) {
  if (name.rfind(from, 0) != 0) return {};
  return name.substr(from.size());
}

/// The name with a beginning from the list replaced; none if no beginning fits.
std::optional<std::string> renamed(const std::string& name, Renames list) {
  for (const auto& [from, to] : list)
    if (const auto rest = after(name, from)) return to + *rest;
  return {};
}

/// "3.rest" → (3, "rest"); none if it does not begin with a number below 1,000 and a dot.
std::optional<std::pair<int, std::string>> numbered(const std::string& text) {
  const size_t dot = text.find('.');
  if (dot == std::string::npos || dot == 0 || dot > 3 || text.find_first_not_of("0123456789") != dot) return {};
  return std::pair{std::stoi(text.substr(0, dot)), text.substr(dot + 1)};
}

/// How many `prefix`N. there are.
int count_of(const NamedTensors& tensors, const std::string& prefix) {
  int count = 0;
  while (any_begins(tensors, fmt::format("{}{}.", prefix, count))) ++count;
  return count;
}

[[noreturn]] void refuse(const std::string& name) {
  throw Failure({ErrorCode::mismatch, fmt::format("weights: '{}' is no name of diffusers' layout that has a place in the original one", name)});
}

std::optional<std::string> unet_residual(const std::string& rest) {
  return renamed(rest, {{"norm1.", "in_layers.0."},
                        {"conv1.", "in_layers.2."},
                        {"time_emb_proj.", "emb_layers.1."},
                        {"norm2.", "out_layers.0."},
                        {"conv2.", "out_layers.3."},
                        {"conv_shortcut.", "skip_connection."}});
}

/// resnets.J.…, attentions.J.… or the resampler of a block of `layers` residual blocks; `first` is the number of its first entry.
std::optional<std::string> unet_block(const std::string& rest, const std::string& side, int first, int layers, bool has_attention) {
  if (const auto tail = after(rest, "resnets."))
    if (const auto part = numbered(*tail))
      if (const auto inner = unet_residual(part->second)) return fmt::format("{}.{}.0.{}", side, first + part->first, *inner);
  if (const auto tail = after(rest, "attentions."))
    if (const auto part = numbered(*tail)) return fmt::format("{}.{}.1.{}", side, first + part->first, part->second);
  if (const auto tail = after(rest, "downsamplers.0.conv.")) return fmt::format("{}.{}.0.op.{}", side, first + layers, *tail);
  if (const auto tail = after(rest, "upsamplers.0.conv.")) return fmt::format("{}.{}.{}.conv.{}", side, first + layers - 1, has_attention ? 2 : 1, *tail);
  return {};
}

std::optional<std::string> autoencoder_half(const std::string& rest, int levels) {
  const auto residual = [](const std::string& tail) { return renamed(tail, {{"conv_shortcut.", "nin_shortcut."}, {"", ""}}); };
  if (auto found = renamed(rest, {{"conv_norm_out.", "norm_out."},
                                  {"mid_block.attentions.0.group_norm.", "mid.attn_1.norm."},
                                  {"mid_block.attentions.0.to_q.", "mid.attn_1.q."},
                                  {"mid_block.attentions.0.to_k.", "mid.attn_1.k."},
                                  {"mid_block.attentions.0.to_v.", "mid.attn_1.v."},
                                  {"mid_block.attentions.0.to_out.0.", "mid.attn_1.proj_out."},
                                  {"mid_block.attentions.0.query.", "mid.attn_1.q."},
                                  {"mid_block.attentions.0.key.", "mid.attn_1.k."},
                                  {"mid_block.attentions.0.value.", "mid.attn_1.v."},
                                  {"mid_block.attentions.0.proj_attn.", "mid.attn_1.proj_out."},
                                  {"conv_in.", "conv_in."},
                                  {"conv_out.", "conv_out."}}))
    return found;
  if (const auto tail = after(rest, "mid_block.resnets."))
    if (const auto part = numbered(*tail)) return fmt::format("mid.block_{}.{}", part->first + 1, *residual(part->second));
  for (const bool down : {true, false}) {
    const auto tail = after(rest, down ? "down_blocks." : "up_blocks.");
    const auto block = tail ? numbered(*tail) : std::nullopt;
    if (!block) continue;
    const std::string at = down ? fmt::format("down.{}", block->first) : fmt::format("up.{}", levels - 1 - block->first);
    if (const auto inner = after(block->second, "resnets."))
      if (const auto part = numbered(*inner)) return fmt::format("{}.block.{}.{}", at, part->first, *residual(part->second));
    if (const auto inner = renamed(block->second, {{"downsamplers.0.conv.", "downsample.conv."}, {"upsamplers.0.conv.", "upsample.conv."}}))
      return fmt::format("{}.{}", at, *inner);
  }
  return {};
}

}  // namespace

bool any_begins(const NamedTensors& tensors, const std::string& prefix) {
  const auto found = tensors.lower_bound(prefix);
  return found != tensors.end() && found->first.rfind(prefix, 0) == 0;
}

NamedTensors below(const NamedTensors& tensors, const std::string& prefix) {
  NamedTensors out;
  for (auto it = tensors.lower_bound(prefix); it != tensors.end() && it->first.starts_with(prefix); ++it)
    out.emplace(it->first.substr(prefix.size()), it->second);
  return out;
}

UnetNames UnetNames::of_diffusers(const NamedTensors& tensors) {
  UnetNames made;
  made.layers_ = count_of(tensors, "down_blocks.0.resnets.");
  for (int i = 0; any_begins(tensors, fmt::format("up_blocks.{}.", i)); ++i)
    if (any_begins(tensors, fmt::format("up_blocks.{}.attentions.", i))) made.looking_.insert(i);
  return made;
}

UnetNames UnetNames::of_original(const NamedTensors& tensors, const std::string& prefix) {
  UnetNames made;
  // A block down ends with the convolution that halves.
  while (any_begins(tensors, fmt::format("{}input_blocks.{}.0.in_layers.", prefix, made.layers_ + 1))) ++made.layers_;
  for (int i = 0; made.layers_ > 0 && any_begins(tensors, fmt::format("{}output_blocks.{}.", prefix, i)); ++i)
    if (any_begins(tensors, fmt::format("{}output_blocks.{}.1.norm.", prefix, i))) made.looking_.insert(i / (made.layers_ + 1));
  return made;
}

std::optional<std::string> UnetNames::original(const std::string& name) const {
  if (auto made = renamed(name, {{"conv_in.", "input_blocks.0.0."},
                                 {"time_embedding.linear_1.", "time_embed.0."},
                                 {"time_embedding.linear_2.", "time_embed.2."},
                                 {"add_embedding.linear_1.", "label_emb.0.0."},
                                 {"add_embedding.linear_2.", "label_emb.0.2."},
                                 {"conv_norm_out.", "out.0."},
                                 {"conv_out.", "out.2."},
                                 {"mid_block.attentions.0.", "middle_block.1."},
                                 {"controlnet_mid_block.", "middle_block_out.0."},
                                 {"controlnet_cond_embedding.conv_in.", "input_hint_block.0."}}))
    return made;
  if (const auto tail = after(name, "mid_block.resnets."))
    if (const auto part = numbered(*tail))
      if (const auto inner = unet_residual(part->second)) return fmt::format("middle_block.{}.{}", part->first * 2, *inner);
  if (const auto tail = after(name, "controlnet_down_blocks."))
    if (const auto part = numbered(*tail)) return fmt::format("zero_convs.{}.0.{}", part->first, part->second);
  if (const auto tail = after(name, "controlnet_cond_embedding.blocks."))
    if (const auto part = numbered(*tail)) return fmt::format("input_hint_block.{}.{}", 2 * part->first + 2, part->second);
  for (const bool down : {true, false}) {
    const auto tail = after(name, down ? "down_blocks." : "up_blocks.");
    if (const auto block = tail ? numbered(*tail) : std::nullopt)
      return down ? unet_block(block->second, "input_blocks", 1 + block->first * (layers_ + 1), layers_, false)
                  : unet_block(block->second, "output_blocks", block->first * (layers_ + 1), layers_ + 1, looking_.contains(block->first));
  }
  return {};
}

NamedTensors original_unet_names(const NamedTensors& diffusers) {
  const UnetNames names = UnetNames::of_diffusers(diffusers);
  const int hints = count_of(diffusers, "controlnet_cond_embedding.blocks.");
  NamedTensors out;
  for (const auto& [name, tensor] : diffusers) {
    auto made = names.original(name);
    if (const auto tail = after(name, "controlnet_cond_embedding.conv_out.")) made = fmt::format("input_hint_block.{}.{}", 2 * hints + 2, *tail);
    if (!made) refuse(name);
    out.emplace(*made, tensor);
  }
  return out;
}

NamedTensors original_autoencoder_names(const NamedTensors& diffusers) {
  NamedTensors out;
  const int levels = count_of(diffusers, "decoder.up_blocks.");
  for (const auto& [name, tensor] : diffusers) {
    std::optional<std::string> made = renamed(name, {{"quant_conv.", "quant_conv."}, {"post_quant_conv.", "post_quant_conv."}});
    for (const char* half : {"encoder.", "decoder."})
      if (const auto rest = after(name, half))
        if (const auto inner = autoencoder_half(*rest, levels)) made = half + *inner;
    if (!made) refuse(name);
    out.emplace(*made, tensor);
  }
  return out;
}

namespace {

using JointPart = std::tuple<const char*, const char*, const char*, const char*>;
/// Queries, keys and values, and the matrix that holds them together.
constexpr JointPart kJointParts[] = {{"attn.to_q.", "attn.to_k.", "attn.to_v.", "x_block.attn.qkv."},
                                     {"attn.add_q_proj.", "attn.add_k_proj.", "attn.add_v_proj.", "context_block.attn.qkv."},
                                     {"attn2.to_q.", "attn2.to_k.", "attn2.to_v.", "x_block.attn2.qkv."}};

/// What is called otherwise but lies the same, outside the blocks and in one.
std::optional<std::string> joint_top(const std::string& name) {
  return renamed(name, {{"pos_embed.proj.", "x_embedder.proj."},
                        {"pos_embed.pos_embed", "pos_embed"},
                        {"time_text_embed.timestep_embedder.linear_1.", "t_embedder.mlp.0."},
                        {"time_text_embed.timestep_embedder.linear_2.", "t_embedder.mlp.2."},
                        {"time_text_embed.text_embedder.linear_1.", "y_embedder.mlp.0."},
                        {"time_text_embed.text_embedder.linear_2.", "y_embedder.mlp.2."},
                        {"context_embedder.", "context_embedder."},
                        {"proj_out.", "final_layer.linear."}});
}

std::optional<std::string> joint_inner(const std::string& name) {
  return renamed(name, {{"norm1.linear.", "x_block.adaLN_modulation.1."},
                        {"attn.to_out.0.", "x_block.attn.proj."},
                        {"attn.to_add_out.", "context_block.attn.proj."},
                        {"attn2.to_out.0.", "x_block.attn2.proj."},
                        {"attn.norm_q.", "x_block.attn.ln_q."},
                        {"attn.norm_k.", "x_block.attn.ln_k."},
                        {"attn2.norm_q.", "x_block.attn2.ln_q."},
                        {"attn2.norm_k.", "x_block.attn2.ln_k."},
                        {"attn.norm_added_q.", "context_block.attn.ln_q."},
                        {"attn.norm_added_k.", "context_block.attn.ln_k."},
                        {"ff.net.0.proj.", "x_block.mlp.fc1."},
                        {"ff.net.2.", "x_block.mlp.fc2."},
                        {"ff_context.net.0.proj.", "context_block.mlp.fc1."},
                        {"ff_context.net.2.", "context_block.mlp.fc2."}});
}

/// "transformer_blocks.3.attn.to_q.weight" → (3, "attn.to_q.weight").
std::optional<std::pair<int, std::string>> joint_block(const std::string& name) {
  const auto tail = after(name, "transformer_blocks.");
  return tail ? numbered(*tail) : std::nullopt;
}

}  // namespace

std::optional<JointPlace> original_joint_place(const std::string& diffusers) {
  if (const auto top = joint_top(diffusers)) return JointPlace{*top, 0, 1};
  const auto block = joint_block(diffusers);
  if (!block) return {};
  const std::string to = fmt::format("joint_blocks.{}.", block->first);
  for (const auto& [q, k, v, place] : kJointParts) {
    int part = 0;
    for (const char* one : {q, k, v}) {
      if (const auto stem = after(block->second, one)) return JointPlace{to + place + *stem, part, 3};
      ++part;
    }
  }
  const auto inner = joint_inner(block->second);
  return inner ? std::optional(JointPlace{to + *inner, 0, 1}) : std::nullopt;
}

NamedTensors original_joint_names(const NamedTensors& diffusers) {
  NamedTensors out;
  const auto swapped = [](const Tensor& x) {
    const int64_t half = x.dim(0) / 2;
    return concat({slice(x, 0, half, 2 * half), slice(x, 0, 0, half)}, 0);
  };
  const auto take_joined = [&](const std::string& name, const std::string& stem, const std::string& second, const std::string& third, const std::string& to) {
    const auto k = diffusers.find(second + stem), v = diffusers.find(third + stem);
    if (k == diffusers.end() || v == diffusers.end())
      throw Failure({ErrorCode::mismatch, fmt::format("weights: '{}' without '{}' and '{}'", name, second + stem, third + stem)});
    out.emplace(to + stem, stacked({diffusers.at(name), k->second, v->second}));
  };
  for (const auto& [name, tensor] : diffusers) {
    if (const auto made = joint_top(name)) {
      out.emplace(*made, tensor);
      continue;
    }
    if (const auto rest = after(name, "norm_out.linear.")) {
      out.emplace("final_layer.adaLN_modulation.1." + *rest, swapped(tensor));
      continue;
    }
    const auto block = joint_block(name);
    if (!block) refuse(name);
    const std::string from = fmt::format("transformer_blocks.{}.", block->first), to = fmt::format("joint_blocks.{}.", block->first);
    if (const auto rest = after(block->second, "norm1_context.linear.")) {
      const auto own = diffusers.find(from + "attn.add_q_proj." + *rest);  // the last block only shifts and scales, in the other order
      const bool ends = own != diffusers.end() && tensor.rank() > 0 && own->second.rank() > 0 && tensor.dim(0) == 2 * own->second.dim(0);
      out.emplace(to + "context_block.adaLN_modulation.1." + *rest, ends ? swapped(tensor) : tensor);
      continue;
    }
    bool joined = false, part = false;
    for (const auto& [q, k, v, place] : kJointParts) {
      if (const auto stem = after(block->second, q)) {
        take_joined(name, *stem, from + k, from + v, to + place);
        joined = true;
      }
      part = part || after(block->second, k) || after(block->second, v);
    }
    if (joined || part) continue;
    const auto made = joint_inner(block->second);
    if (!made) refuse(name);
    out.emplace(to + *made, tensor);
  }
  return out;
}

}  // namespace ptah
