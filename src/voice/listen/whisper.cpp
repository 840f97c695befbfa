#include "voice/listen/whisper.h"

#include <algorithm>
#include <cmath>
#include <cstring>

#include "base/file.h"
#include "base/json.h"
#include "base/text.h"
#include "tensor/ops.h"
#include "weights/ctranslate2.h"

namespace ptah {

namespace fs = std::filesystem;

namespace {

Tensor weight_named(const std::map<std::string, Tensor>& weights, const std::string& name, int rank) {
  const auto found = weights.find(name);
  if (found == weights.end()) throw Failure({ErrorCode::mismatch, fmt::format("model.bin has no {}", name)});
  if (found->second.rank() != rank) throw Failure({ErrorCode::mismatch, fmt::format("{} is {}", name, found->second.shape().str())});
  return rank == 1 ? cast(found->second, DType::f32) : found->second;
}

Linear linear_named(const std::map<std::string, Tensor>& weights, const std::string& name) {
  Linear out;
  out.weight = weight_named(weights, name + ".weight", 2);
  out.bias = weight_named(weights, name + ".bias", 1);
  return out;
}

Linear conv_named(const std::map<std::string, Tensor>& weights, const std::string& name) {
  Linear out;
  const Tensor given = weight_named(weights, name + ".weight", 3);
  out.weight = given.reshape({given.dim(0), given.dim(1), 1, given.dim(2)});
  out.bias = weight_named(weights, name + ".bias", 1);
  return out;
}

NormArgs norm_named(const std::map<std::string, Tensor>& weights, const std::string& name) {
  return {weight_named(weights, name + ".gamma", 1), weight_named(weights, name + ".beta", 1), 1e-5F};
}

/// The byte that a character of GPT-2's vocabulary stands for (Radford et al.
/// 2019): printable ones for themselves, the others from U+0100 on.
std::string bytes_of_piece(const std::string& piece) {
  static const auto table = [] {
    std::map<int32_t, char> out;
    int32_t next = 256;
    for (int32_t byte = 0; byte < 256; ++byte) {
      const bool printable = (byte >= '!' && byte <= '~') || (byte >= 0xA1 && byte <= 0xAC) || byte >= 0xAE;
      out[printable ? byte : next++] = static_cast<char>(byte);
    }
    return out;
  }();
  std::string out;
  for (size_t at = 0; at < piece.size();) {
    const auto lead = static_cast<uint8_t>(piece[at]);
    const size_t size = lead < 0x80 ? 1 : lead < 0xE0 ? 2 : 3;
    const int32_t character = size == 1 ? lead : at + 1 < piece.size() ? (lead & 0x1F) << 6 | (static_cast<uint8_t>(piece[at + 1]) & 0x3F) : -1;
    if (const auto found = table.find(character); size < 3 && found != table.end()) out += found->second;
    at += size;
  }
  return out;
}

std::vector<int32_t> ids_of(const Json& config, const char* name) {
  std::vector<int32_t> out;
  for (const Json& id : config.value(name, Json::array()))
    if (id.is_number_integer()) out.push_back(id.get<int32_t>());
  return out;
}

}  // namespace

void WhisperModel::bind(std::map<std::string, Tensor> weights) {
  conv1_ = conv_named(weights, "encoder.conv1");
  conv2_ = conv_named(weights, "encoder.conv2");
  places_ = cast(weight_named(weights, "encoder.position_encodings.encodings", 2), DType::f32);
  written_places_ = cast(weight_named(weights, "decoder.position_encodings.encodings", 2), DType::f32);
  words_ = weight_named(weights, "decoder.embeddings.weight", 2);
  width_ = words_.dim(1);
  const auto layers = [&](const std::string& side, bool hears) {
    std::vector<Layer> out;
    for (int i = 0; weights.contains(fmt::format("{}.layer_{}.self_attention.linear_0.weight", side, i)); ++i) {
      const std::string name = fmt::format("{}.layer_{}.", side, i);
      Layer layer;
      layer.self = {linear_named(weights, name + "self_attention.linear_0"),
                    {},
                    linear_named(weights, name + "self_attention.linear_1"),
                    norm_named(weights, name + "self_attention.layer_norm")};
      if (hears)
        layer.heard = {linear_named(weights, name + "attention.linear_0"), linear_named(weights, name + "attention.linear_1"),
                       linear_named(weights, name + "attention.linear_2"), norm_named(weights, name + "attention.layer_norm")};
      layer.ffn = linear_named(weights, name + "ffn.linear_0");
      layer.ffn_out = linear_named(weights, name + "ffn.linear_1");
      layer.ffn_norm = norm_named(weights, name + "ffn.layer_norm");
      if (layer.self.in.weight.dim(0) != 3 * width_ || layer.self.in.weight.dim(1) != width_ || layer.ffn.weight.dim(1) != width_)
        throw Failure({ErrorCode::mismatch, fmt::format("{}self_attention.linear_0.weight is {}", name, layer.self.in.weight.shape().str())});
      out.push_back(std::move(layer));
    }
    if (out.empty()) throw Failure({ErrorCode::mismatch, fmt::format("model.bin has no layers of the {}", side)});
    return out;
  };
  listening_ = layers("encoder", false);
  writing_ = layers("decoder", true);
  listening_norm_ = norm_named(weights, "encoder.layer_norm");
  writing_norm_ = norm_named(weights, "decoder.layer_norm");
  if (heads_ < 1 || width_ % heads_ != 0 || places_.dim(0) != kFrames / 2 || places_.dim(1) != width_ || written_places_.dim(0) < kLongest)
    throw Failure({ErrorCode::mismatch, fmt::format("a width of {}, {} heads, {} places", width_, heads_, places_.dim(0))});
}

Result<std::shared_ptr<const WhisperModel>> WhisperModel::load(const fs::path& folder) {
  return guard([&]() -> Result<std::shared_ptr<const WhisperModel>> {
    PTAH_TRY(Ctranslate2File file, read_ctranslate2(folder / "model.bin"));
    if (file.kind != "WhisperSpec")
      return fail(ErrorCode::unsupported, "{}: a network of the kind {}; WhisperSpec is read", folder.string(), printable(file.kind, 40));
    PTAH_TRY(const std::string config_text, read_text(folder / "config.json", 1 << 20));
    PTAH_TRY(const Json config, parse_json(config_text));
    PTAH_TRY(const std::string vocabulary, read_text(folder / "vocabulary.txt", 16 << 20));
    std::shared_ptr<WhisperModel> out(new WhisperModel());
    for (size_t at = 0; at < vocabulary.size();) {
      const size_t end = std::min(vocabulary.find('\n', at), vocabulary.size());
      out->vocabulary_.push_back(vocabulary.substr(at, end - at));
      at = end + 1;
    }
    if (const auto found = file.numbers.find("encoder.num_heads"); found != file.numbers.end() && !found->second.empty()) out->heads_ = found->second[0];
    out->bind(std::move(file.tensors));
    if (static_cast<int64_t>(out->vocabulary_.size()) != out->words_.dim(0))
      return fail(ErrorCode::mismatch, "{}: {} tokens in vocabulary.txt, {} in model.bin", folder.string(), out->vocabulary_.size(), out->words_.dim(0));
    const auto id = [&](const char* piece) {
      const auto found = std::find(out->vocabulary_.begin(), out->vocabulary_.end(), piece);
      if (found == out->vocabulary_.end()) throw Failure({ErrorCode::mismatch, fmt::format("vocabulary.txt has no {}", piece)});
      return static_cast<int32_t>(found - out->vocabulary_.begin());
    };
    WhisperTokens& t = out->tokens_;
    t = WhisperTokens{id("<|endoftext|>"),
                      id("<|startoftranscript|>"),
                      id("<|transcribe|>"),
                      id("<|startofprev|>"),
                      0,
                      id("<|notimestamps|>"),
                      id("<|0.00|>"),
                      {},
                      {},
                      {},
                      {}};
    t.no_speech = t.no_times - 1;
    t.never = ids_of(config, "suppress_ids");
    t.never_first = ids_of(config, "suppress_ids_begin");
    for (const Json& pair : config.value("alignment_heads", Json::array())) {
      if (!pair.is_array() || pair.size() != 2 || !pair[0].is_number_unsigned() || !pair[1].is_number_unsigned() || pair[0] >= out->writing_.size() ||
          pair[1] >= out->heads_)
        return fail(ErrorCode::mismatch, "config.json: there is no head {}", pair.dump());
      t.alignment_heads.emplace_back(pair[0].get<int64_t>(), pair[1].get<int64_t>());
    }
    out->several_languages_ = t.end != 50256;  // the English models have one token less before their own
    if (out->several_languages_) t.languages = ids_of(config, "lang_ids");
    for (std::vector<int32_t>* ids : {&t.never, &t.never_first, &t.languages})
      for (const int32_t one : *ids)
        if (one < 0 || one >= out->words_.dim(0)) return fail(ErrorCode::mismatch, "config.json: there is no token {}", one);
    return std::shared_ptr<const WhisperModel>(std::move(out));
  });
}

std::string WhisperModel::text(std::span<const int32_t> tokens) const {
  std::string out;
  for (const int32_t token : tokens)
    if (token >= 0 && token < tokens_.end) out += bytes_of_piece(vocabulary_[static_cast<size_t>(token)]);
  return out;
}

std::string WhisperModel::language_name(int32_t token) const {
  const std::string& piece = vocabulary_.at(static_cast<size_t>(token));
  return piece.size() > 4 ? piece.substr(2, piece.size() - 4) : piece;
}

int32_t WhisperModel::language(const std::string& name) const {
  for (const int32_t token : tokens_.languages)
    if (language_name(token) == name) return token;
  return 0;
}

Tensor WhisperModel::fed_forward(const Layer& layer, const Tensor& x) const {
  return layer.ffn_out(layer.ffn(layer_norm(x, layer.ffn_norm), Activation::gelu_erf), Activation::none, x);
}

Tensor WhisperModel::encode(const Tensor& features) const {
  PTAH_CHECK(features.dim(0) == kFrames && features.dim(1) == mels(), "features {} for {} mel bands", features.shape().str(), mels());
  const auto convolved = [](const Tensor& x, const Linear& conv, int64_t stride) {
    const Tensor padded = pad(x, 0, 1, 1);
    const Tensor y =
        conv2d(padded.reshape({1, 1, padded.dim(0), padded.dim(1)}), conv.weight, {.bias = conv.bias, .stride = stride, .activation = Activation::gelu_erf});
    return y.reshape({y.dim(2), y.dim(3)});
  };
  const Tensor sound = add(convolved(convolved(features, conv1_, 1), conv2_, 2), places_);
  Tensor x = sound.reshape({1, kFrames / 2, width_});
  for (const Layer& layer : listening_) {
    const Tensor seen = self_attention(layer.self.in(layer_norm(x, layer.self.norm)), {.heads = heads_});
    x = fed_forward(layer, layer.self.out(seen, Activation::none, x));
  }
  return layer_norm(x, listening_norm_);
}

WhisperModel::Writer::Writer(const WhisperModel& model, const Tensor& encoded) : model_(model) {
  const int64_t width = model.width_;
  for (const Layer& layer : model.writing_) {
    const Tensor both = layer.heard.more(encoded);
    heard_keys_.push_back(slice(both, 2, 0, width));
    heard_values_.push_back(slice(both, 2, width, 2 * width));
    keys_.push_back(Tensor::zeros({kLongest, width}));
    values_.push_back(Tensor::zeros({kLongest, width}));
  }
}

void WhisperModel::Writer::look(size_t layer, const Tensor& asked) {
  const int64_t width = model_.width_, head_width = width / model_.heads_, rows = asked.dim(1), columns = heard_keys_[layer].dim(1);
  for (size_t i = 0; i < watched_.size(); ++i) {
    const auto [of_layer, head] = model_.tokens().alignment_heads[i];
    if (of_layer != static_cast<int64_t>(layer)) continue;
    const Tensor queries = cast(slice(asked, 2, head * head_width, (head + 1) * head_width), DType::f32).reshape({rows, head_width});
    const Tensor keys = cast(slice(heard_keys_[layer], 2, head * head_width, (head + 1) * head_width), DType::f32).reshape({columns, head_width});
    const Tensor seen = softmax(affine(linear(queries, keys), 1 / std::sqrt(static_cast<float>(head_width))));
    watched_[i].insert(watched_[i].end(), seen.data<float>(), seen.data<float>() + rows * columns);
  }
}

Tensor WhisperModel::Writer::step(std::span<const int32_t> tokens) {
  const auto count = static_cast<int64_t>(tokens.size());
  const int64_t width = model_.width_;
  PTAH_CHECK(count > 0 && length_ + count <= kLongest, "{} tokens behind {}", count, length_);
  Tensor x =
      add(embedding(model_.words_, Tensor::from<int32_t>({count}, tokens)), model_.written_places_.rows(length_, length_ + count)).reshape({1, count, width});
  for (size_t i = 0; i < model_.writing_.size(); ++i) {
    const Layer& layer = model_.writing_[i];
    const Tensor all = layer.self.in(layer_norm(x, layer.self.norm));
    const Tensor key = slice(all, 2, width, 2 * width), value = slice(all, 2, 2 * width, 3 * width);
    std::memcpy(keys_[i].data<float>() + length_ * width, key.data<float>(), key.bytes());
    std::memcpy(values_[i].data<float>() + length_ * width, value.data<float>(), value.bytes());
    const int64_t now = length_ + count;
    const Tensor seen = attention(slice(all, 2, 0, width), keys_[i].rows(0, now).reshape({1, now, width}), values_[i].rows(0, now).reshape({1, now, width}),
                                  {.heads = model_.heads_, .causal = true});
    x = layer.self.out(seen, Activation::none, x);
    const Tensor asked = layer.heard.in(layer_norm(x, layer.heard.norm));
    if (!watched_.empty()) look(i, asked);
    x = layer.heard.out(attention(asked, heard_keys_[i], heard_values_[i], {.heads = model_.heads_}), Activation::none, x);
    x = model_.fed_forward(layer, x);
  }
  length_ += count;
  return linear(layer_norm(x, model_.writing_norm_).reshape({count, width}), model_.words_);
}

}  // namespace ptah
