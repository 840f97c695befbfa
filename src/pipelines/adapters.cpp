#include "pipelines/adapters.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <optional>

#include "tensor/ops.h"

namespace ptah {

namespace {

/// Rows [first, first + rows) of a tensor; all of it with rows = 0.
struct Place {
  std::string tensor;
  int64_t first = 0, rows = 0;
};

// ---- names

/// Names in which kohya's scripts write underlines for dots, with those underlines that were there before.
constexpr const char* kWholeWords[] = {
    "down_blocks",    "up_blocks",      "mid_block",  "transformer_blocks", "to_q",          "to_k",          "to_v",     "to_out",
    "proj_in",        "proj_out",       "conv_in",    "conv_out",           "conv_shortcut", "time_emb_proj", "linear_1", "linear_2",
    "add_embedding",  "time_embedding", "text_model", "self_attn",          "q_proj",        "k_proj",        "v_proj",   "out_proj",
    "text_projection"};

std::string dotted(const std::string& flat) {
  std::string out;
  for (size_t at = 0; at < flat.size();) {
    size_t end = flat.find('_', at);
    for (const std::string_view word : kWholeWords)
      if (flat.compare(at, word.size(), word) == 0 && (at + word.size() == flat.size() || flat[at + word.size()] == '_')) end = at + word.size();
    end = std::min(end, flat.size());
    out.append(out.empty() ? "" : ".").append(flat, at, end - at);
    at = end + 1;
  }
  return out;
}

std::string flattened(std::string name) {
  std::replace(name.begin(), name.end(), '.', '_');
  return name;
}

bool take_beginning(std::string& text, std::string_view beginning) {
  if (text.compare(0, beginning.size(), beginning) != 0) return false;
  text.erase(0, beginning.size());
  return true;
}

class Places {
 public:
  Places(const NamedTensors& checkpoint, const CheckpointPlaces& places)
      : checkpoint_(checkpoint), places_(places), names_(UnetNames::of_original(checkpoint, places.unet)) {
    constexpr std::string_view kWeight = ".weight";
    for (auto it = checkpoint.lower_bound(places.unet); it != checkpoint.end() && it->first.starts_with(places.unet); ++it)
      if (it->first.ends_with(kWeight)) {
        const std::string stem = it->first.substr(places.unet.size(), it->first.size() - places.unet.size() - kWeight.size());
        flat_.emplace(flattened(stem), it->first);
      }
  }

  /// The matrix that an adapter calls `module`.
  std::optional<Place> find(std::string module) const {
    if (take_beginning(module, "lora_unet_")) {
      const auto found = flat_.find(module);
      return found != flat_.end() ? std::optional(Place{found->second}) : unet(dotted(module));
    }
    if (take_beginning(module, "diffusion_model.")) return existing(places_.unet + module + ".weight");
    if (take_beginning(module, "unet.")) return unet(module);
    if (take_beginning(module, "transformer.")) return joint(module);
    constexpr std::pair<std::string_view, size_t> kTexts[] = {
        {"lora_te_", 0}, {"lora_te1_", 0}, {"lora_te2_", 1}, {"text_encoder.", 0}, {"text_encoder_2.", 1}};
    for (const auto& [beginning, index] : kTexts)
      if (take_beginning(module, beginning))
        return index < places_.texts.size() ? text(places_.texts[index], beginning.back() == '_' ? dotted(module) : module) : std::nullopt;
    return {};
  }

 private:
  std::optional<Place> existing(const std::string& name) const { return checkpoint_.contains(name) ? std::optional(Place{name}) : std::nullopt; }
  /// A part of a matrix that holds several, one below the other.
  std::optional<Place> part(const std::string& name, int64_t index, int64_t parts) const {
    const auto found = checkpoint_.find(name);
    if (found == checkpoint_.end() || found->second.rank() != 2 || found->second.dim(0) % parts) return {};
    const int64_t rows = found->second.dim(0) / parts;
    return Place{name, rows * index, rows};
  }
  std::optional<Place> unet(const std::string& module) const {
    const auto name = names_.original(module + ".weight");
    return name ? existing(places_.unet + *name) : std::nullopt;
  }
  std::optional<Place> joint(const std::string& module) const {
    const auto place = original_joint_place(module + ".weight");
    if (!place) return {};
    const std::string name = places_.unet + place->name;
    return place->parts == 1 ? existing(name) : part(name, place->part, place->parts);
  }
  std::optional<Place> text(const std::string& prefix, std::string module) const {
    if (auto found = existing(prefix + module + ".weight")) return found;
    if (!take_beginning(module, "text_model.")) return {};
    if (auto found = existing(prefix + module + ".weight")) return found;
    if (!take_beginning(module, "encoder.layers.")) return {};
    const size_t dot = module.find('.');
    const std::string base = prefix + "transformer.resblocks." + module.substr(0, dot) + ".", inner = dot == std::string::npos ? "" : module.substr(dot + 1);
    constexpr std::pair<std::string_view, std::string_view> kOpen[] = {
        {"self_attn.out_proj", "attn.out_proj.weight"}, {"mlp.fc1", "mlp.c_fc.weight"}, {"mlp.fc2", "mlp.c_proj.weight"}};
    for (const auto& [theirs, open] : kOpen)
      if (inner == theirs) return existing(base + std::string(open));
    // OpenCLIP keeps queries, keys and values in one matrix.
    constexpr std::array<std::string_view, 3> kParts{"self_attn.q_proj", "self_attn.k_proj", "self_attn.v_proj"};
    for (size_t i = 0; i < kParts.size(); ++i)
      if (inner == kParts[i]) return part(base + "attn.in_proj_weight", static_cast<int64_t>(i), 3);
    return {};
  }

  const NamedTensors& checkpoint_;
  const CheckpointPlaces& places_;
  UnetNames names_;
  std::map<std::string, std::string> flat_;
};

// ---- matrices

/// The ends of names, and what the parts are called here.
constexpr std::pair<std::string_view, std::string_view> kEnds[] = {{".lora_up.weight", "up"},
                                                                   {".lora_down.weight", "down"},
                                                                   {".lora_B.weight", "up"},
                                                                   {".lora_A.weight", "down"},
                                                                   {".lora.up.weight", "up"},
                                                                   {".lora.down.weight", "down"},
                                                                   {".lora_linear_layer.up.weight", "up"},
                                                                   {".lora_linear_layer.down.weight", "down"},
                                                                   {"_lora.up.weight", "up"},
                                                                   {"_lora.down.weight", "down"},
                                                                   {".alpha", "alpha"},
                                                                   {".hada_w1_a", "w1_a"},
                                                                   {".hada_w1_b", "w1_b"},
                                                                   {".hada_w2_a", "w2_a"},
                                                                   {".hada_w2_b", "w2_b"},
                                                                   {".lokr_w1", "k1"},
                                                                   {".lokr_w1_a", "k1_a"},
                                                                   {".lokr_w1_b", "k1_b"},
                                                                   {".lokr_w2", "k2"},
                                                                   {".lokr_w2_a", "k2_a"},
                                                                   {".lokr_w2_b", "k2_b"}};

using Parts = std::map<std::string, Tensor, std::less<>>;

Tensor flat_f32(const Tensor& x) {
  const int64_t rows = x.rank() == 0 ? 1 : x.dim(0);
  return cast(x, DType::f32).reshape({rows, rows == 0 ? 0 : x.elements() / rows});
}

/// a ⊗ b
Tensor kronecker(const Tensor& a, const Tensor& b) {
  const Tensor left = a.reshape({a.dim(0), 1, a.dim(1), 1}), right = b.reshape({1, b.dim(0), 1, b.dim(1)});
  Tensor ones = Tensor::full({a.dim(0), b.dim(0), a.dim(1), b.dim(1)}, 1);
  return mul(mul(ones, left), right).reshape({a.dim(0) * b.dim(0), a.dim(1) * b.dim(1)});
}

/// What an adapter adds to a matrix, [rows, columns] f32.
Tensor change_of(const Parts& parts, const std::string& module) {
  const auto wrong = [&](const std::string& why) { return Failure({ErrorCode::mismatch, fmt::format("'{}' {}", module, why)}); };
  const auto get = [&](const char* name) {
    const auto found = parts.find(name);
    if (found == parts.end()) throw wrong(fmt::format("lacks a part ({})", name));
    if (found->second.elements() == 0) throw wrong("has an empty part");
    return found->second;
  };
  const auto product = [&](const Tensor& a, const Tensor& b) {
    const Tensor left = flat_f32(a), right = flat_f32(b);
    if (left.dim(1) != right.dim(0)) throw wrong(fmt::format("has parts {} and {} that do not fit each other", a.shape().str(), b.shape().str()));
    return matmul(left, right);
  };
  double rank = 0;
  Tensor made;
  if (parts.contains("up") || parts.contains("down")) {
    const Tensor up = get("up"), down = get("down");
    rank = static_cast<double>(down.rank() ? down.dim(0) : 1);
    made = product(up, down);
  } else if (parts.contains("w1_a")) {
    const Tensor first = product(get("w1_a"), get("w1_b")), second = product(get("w2_a"), get("w2_b"));
    if (first.shape() != second.shape()) throw wrong("has two products of different shapes");
    rank = static_cast<double>(get("w1_b").dim(0));
    made = mul(first, second);
  } else {
    const bool first_whole = parts.contains("k1"), second_whole = parts.contains("k2");
    const Tensor first = first_whole ? flat_f32(get("k1")) : product(get("k1_a"), get("k1_b"));
    Tensor second = second_whole ? cast(get("k2"), DType::f32) : product(get("k2_a"), get("k2_b"));
    if (!first_whole) rank = static_cast<double>(get("k1_b").dim(0));
    if (!second_whole) rank = static_cast<double>(get("k2_b").dim(0));
    if (second.rank() == 4) {  // of a convolution: the kernel is the last two axes of the product
      const Shape s = second.shape();
      const int64_t kernel = s[2] * s[3];
      const Tensor inner = permute(second.reshape({s[0], s[1], kernel}), {2, 0, 1});
      std::vector<Tensor> each;
      for (int64_t k = 0; k < kernel; ++k) {
        const Tensor product_of = kronecker(first, slice(inner, 0, k, k + 1).reshape({s[0], s[1]}));
        each.push_back(product_of.reshape({product_of.dim(0), product_of.dim(1), 1}));
      }
      const Tensor whole = concat(each, 2);
      made = whole.reshape({whole.dim(0), whole.dim(1) * kernel});
    } else {
      made = kronecker(first, flat_f32(second));
    }
  }
  if (rank > 0 && parts.contains("alpha")) {
    if (get("alpha").elements() != 1) throw wrong("has an alpha that is no number");
    const double alpha = static_cast<double>(cast(get("alpha"), DType::f32).reshape({}).item());
    if (!std::isfinite(alpha)) throw wrong("has an alpha that is no number");
    made = affine(made, static_cast<float>(alpha / rank));
  }
  return made;
}

}  // namespace

Result<int64_t> merge_adapters(NamedTensors& checkpoint, const CheckpointPlaces& where, const std::vector<Adapter>& adapters, bool exact) {
  return guard([&]() -> Result<int64_t> {
    const NoGrad off;
    const Places places(checkpoint, where);
    struct Change {
      Place place;
      const Adapter* adapter;
      std::string module;
      Parts parts;
    };
    std::map<std::string, std::vector<Change>> changes;
    for (const Adapter& adapter : adapters) {
      std::map<std::string, Parts> modules;
      for (const auto& [tensor_name, tensor] : adapter.tensors) {
        const std::string& name = tensor_name;  // clang 14 takes no structured binding into a lambda
        const auto* end = std::find_if(std::begin(kEnds), std::end(kEnds), [&](const auto& e) { return name.ends_with(e.first); });
        if (end == std::end(kEnds)) return fail(ErrorCode::unsupported, "{}: '{}' is no part of a LoRA, LoHa or LoKr", adapter.name, name);
        std::string module = name.substr(0, name.size() - end->first.size());
        if (const size_t at = module.find(".processor."); at != std::string::npos) module.erase(at, 10);
        if (module.ends_with(".to_out")) module += ".0";
        modules[module][std::string(end->second)] = tensor;
      }
      if (modules.empty()) return fail(ErrorCode::unsupported, "{}: an empty file", adapter.name);
      for (auto& [module, parts] : modules) {
        auto place = places.find(module);
        if (!place) return fail(ErrorCode::mismatch, "{}: '{}' has no place in this checkpoint; it was made for another family", adapter.name, module);
        std::string tensor = place->tensor;
        changes[tensor].push_back({std::move(*place), &adapter, module, std::move(parts)});
      }
    }
    for (const auto& [name, list] : changes) {
      const Tensor before = checkpoint.at(name);
      const Shape shape = before.shape();
      if (shape.rank() < 2 || before.elements() == 0) return fail(ErrorCode::mismatch, "weights: tensor '{}' has shape {}", name, shape.str());
      const int64_t all_rows = shape[0], columns = before.elements() / all_rows;
      Tensor whole = cast(before, DType::f32).reshape({all_rows, columns});
      for (const Change& change : list) {
        const int64_t rows = change.place.rows ? change.place.rows : all_rows;
        const auto made = guard([&]() -> Result<Tensor> { return change_of(change.parts, change.module); });
        if (!made) return fail(made.error().code, "{}: {}", change.adapter->name, made.error().message);
        if (made->shape() != Shape({rows, columns}))
          return fail(ErrorCode::mismatch, "{}: '{}' is for a matrix of {} × {}; here it is {} × {}", change.adapter->name, change.module, made->dim(0),
                      made->dim(1), rows, columns);
        const Tensor scaled = affine(*made, change.adapter->strength);
        if (rows == all_rows) {
          whole = add(whole, scaled);
        } else {
          const int64_t end = change.place.first + rows;
          std::vector<Tensor> pieces;
          if (change.place.first > 0) pieces.push_back(slice(whole, 0, 0, change.place.first));
          pieces.push_back(add(slice(whole, 0, change.place.first, end), scaled));
          if (end < all_rows) pieces.push_back(slice(whole, 0, end, all_rows));
          whole = concat(pieces, 0);
        }
      }
      whole = whole.reshape(shape);
      checkpoint[name] = exact || before.dtype() == DType::f32 ? whole : cast(whole, before.dtype());
    }
    return static_cast<int64_t>(changes.size());
  });
}

Result<std::vector<Tensor>> embedding_vectors(const NamedTensors& tensors, size_t encoders) {
  std::vector<Tensor> out;
  if (tensors.contains("clip_l") && tensors.contains("clip_g"))
    out = {tensors.at("clip_l"), tensors.at("clip_g")};
  else if (tensors.contains("emb_params"))
    out = {tensors.at("emb_params")};
  else if (tensors.contains("string_to_param.*"))
    out = {tensors.at("string_to_param.*")};
  else if (tensors.size() == 1)
    out = {tensors.begin()->second};
  if (out.empty()) return fail(ErrorCode::unsupported, "no embedding: its first tensor is '{}'", tensors.empty() ? "" : tensors.begin()->first);
  if (out.size() != encoders) return fail(ErrorCode::unsupported, "an embedding for {} text encoders; this checkpoint has {}", out.size(), encoders);
  return guard([&]() -> Result<std::vector<Tensor>> {
    for (Tensor& vectors : out) {
      if (vectors.rank() == 1) vectors = vectors.reshape({1, vectors.dim(0)});
      constexpr int64_t kMaxVectors = 75;
      if (vectors.rank() != 2 || vectors.dim(0) < 1 || vectors.dim(0) > kMaxVectors || vectors.dim(1) < 1)
        return fail(ErrorCode::mismatch, "an embedding of shape {}; 1 to {} vectors are possible", vectors.shape().str(), kMaxVectors);
      vectors = cast(vectors, DType::f32);
    }
    return out;
  });
}

}  // namespace ptah
