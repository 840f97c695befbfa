#include "voice/speech_model.h"

#include <cmath>

#include "base/file.h"
#include "base/json.h"
#include "base/parallel.h"
#include "voice/kokoro_file.h"
#include "voice/source.h"
#include "weights/safetensors.h"

namespace ptah {

namespace fs = std::filesystem;

namespace {

constexpr float kBertEpsilon = 1e-12F;
constexpr float kUsualFrames = 3;  ///< a token

/// What matrix products of one row would be is a tensor op's 1 × n.
Tensor row_of(std::span<const float> values) { return Tensor::from<float>({1, static_cast<int64_t>(values.size())}, values); }

/// x [t, c] with the same row behind each of its rows.
Tensor beside(const Tensor& x, const Tensor& row) { return concat({x, repeated(row, {x.dim(0)})}, 1); }

std::vector<AdaptiveBlock> blocks_of(const WeightBinder& binder, const std::string& name) {
  std::vector<AdaptiveBlock> out;
  for (int i = 0; binder.has(fmt::format("{}.{}.conv1.weight", name, i)); ++i) out.emplace_back(binder, fmt::format("{}.{}", name, i));
  return out;
}

NormArgs scaled_norm(const WeightBinder& binder, const std::string& name) {
  const int64_t width = binder.extent(name + ".gamma", 0);
  return {binder.scope(name).weight("gamma", {width}, Init::ones), binder.scope(name).weight("beta", {width}, Init::zeros), 1e-5F};
}

Linear point(const WeightBinder& binder, const std::string& name) {
  const Shape& shape = binder.shape(name + ".weight");
  Linear out;
  out.weight = binder.scope(name).weight("weight", shape, Init::fan_in).reshape({shape[0], shape[1]});
  out.bias = binder.scope(name).weight("bias", {shape[0]}, Init::zeros);
  return out;
}

}  // namespace

SpeechModel::SpeechModel(std::map<std::string, Tensor> weights, const SpeechConfig& config) : config_(config), weights_(std::move(weights)) {
  const WeightBinder binder{weights_, "", false, WeightPacking::plain};
  const std::string layer = "bert.encoder.albert_layer_groups.0.albert_layers.0.";
  words_ = binder.matrix("bert.embeddings.word_embeddings.weight");
  positions_ = binder.matrix("bert.embeddings.position_embeddings.weight");
  kinds_ = binder.matrix("bert.embeddings.token_type_embeddings.weight");
  bert_norm_ = binder.norm("bert.embeddings.LayerNorm", kBertEpsilon);
  widen_ = binder.linear("bert.encoder.embedding_hidden_mapping_in");
  query_ = binder.linear(layer + "attention.query");
  key_ = binder.linear(layer + "attention.key");
  value_ = binder.linear(layer + "attention.value");
  dense_ = binder.linear(layer + "attention.dense");
  attention_norm_ = binder.norm(layer + "attention.LayerNorm", kBertEpsilon);
  ffn_ = binder.linear(layer + "ffn");
  ffn_out_ = binder.linear(layer + "ffn_output");
  layer_norm_ = binder.norm(layer + "full_layer_layer_norm", kBertEpsilon);
  bert_encoder_ = binder.linear("bert_encoder");
  if (config.heads < 1 || query_.weight.dim(0) % config.heads != 0)
    throw Failure({ErrorCode::mismatch, fmt::format("{} heads do not divide a width of {}", config.heads, query_.weight.dim(0))});

  text_words_ = binder.matrix("text_encoder.embedding.weight");
  hidden_ = text_words_.dim(1);
  for (int i = 0; binder.has(fmt::format("text_encoder.cnn.{}.0.weight", i)); ++i) {
    text_convs_.emplace_back(binder, fmt::format("text_encoder.cnn.{}.0", i));
    text_norms_.push_back(scaled_norm(binder, fmt::format("text_encoder.cnn.{}.1", i)));
  }
  text_lstm_ = Lstm(binder, "text_encoder.lstm");
  for (int i = 0; binder.has(fmt::format("predictor.text_encoder.lstms.{}.input", 2 * i)); ++i) {
    duration_lstms_.emplace_back(binder, fmt::format("predictor.text_encoder.lstms.{}", 2 * i));
    duration_norms_.emplace_back(binder, fmt::format("predictor.text_encoder.lstms.{}", 2 * i + 1));
  }
  if (text_convs_.empty() || duration_norms_.empty()) throw Failure({ErrorCode::mismatch, "no text encoder"});
  style_ = duration_norms_[0].fc.weight.dim(1);
  duration_lstm_ = Lstm(binder, "predictor.lstm");
  shared_ = Lstm(binder, "predictor.shared");
  duration_projection_ = binder.linear("predictor.duration_proj.linear_layer");
  pitch_blocks_ = blocks_of(binder, "predictor.F0");
  energy_blocks_ = blocks_of(binder, "predictor.N");
  pitch_projection_ = point(binder, "predictor.F0_proj");
  energy_projection_ = point(binder, "predictor.N_proj");

  pitch_conv_ = Conv1d(binder, "decoder.F0_conv", 1, 2);
  energy_conv_ = Conv1d(binder, "decoder.N_conv", 1, 2);
  text_conv_ = Conv1d(binder, "decoder.asr_res.0");
  encode_ = AdaptiveBlock(binder, "decoder.encode");
  decode_ = blocks_of(binder, "decoder.decode");
  const std::string generator = "decoder.generator.";
  post_ = Conv1d(binder, generator + "conv_post");
  window_ = post_.weight.dim(0) - 2;
  source_frame_ = window_ / 4;
  int64_t reduction = 1;
  for (int i = 0; binder.has(fmt::format("{}ups.{}.weight", generator, i)); ++i)
    stages_.emplace_back().up = Upsampling(binder, fmt::format("{}ups.{}", generator, i));
  if (stages_.empty() || window_ < 4 || window_ % 4 != 0) throw Failure({ErrorCode::mismatch, "no generator"});
  int kernels = 0;
  while (binder.has(fmt::format("{}resblocks.{}.convs1.0.weight", generator, kernels))) ++kernels;
  kernels /= static_cast<int>(stages_.size());
  for (int i = static_cast<int>(stages_.size()) - 1; i >= 0; --i) {
    Stage& stage = stages_[static_cast<size_t>(i)];
    stage.noise = Conv1d(binder, fmt::format("{}noise_convs.{}", generator, i), 1, reduction);
    stage.noise_block = SnakeBlock(binder, fmt::format("{}noise_res.{}", generator, i));
    for (int k = 0; k < kernels; ++k) stage.blocks.emplace_back(binder, fmt::format("{}resblocks.{}", generator, i * kernels + k));
    reduction *= stage.up.stride;
  }
  source_frame_ *= reduction;
  const int64_t harmonics = binder.extent(generator + "m_source.l_linear.weight", 0);
  source_weights_ = binder.scope(generator + "m_source.l_linear").weight("weight", {harmonics, 1}, Init::fan_in);
  source_bias_ = binder.scope(generator + "m_source.l_linear").weight("bias", {1}, Init::zeros).to_vector()[0];
}

Result<std::shared_ptr<const SpeechModel>> SpeechModel::load(const fs::path& folder) {
  return guard([&]() -> Result<std::shared_ptr<const SpeechModel>> {
    const fs::path published = folder / "kokoro-v1.0.int8.onnx", own = folder / "model.safetensors";
    std::error_code ignored;
    SpeechConfig config;
    if (fs::exists(published, ignored)) {
      PTAH_TRY(auto weights, read_kokoro_onnx(published));
      return std::make_shared<const SpeechModel>(std::move(weights), config);
    }
    PTAH_TRY(TensorFile file, read_safetensors(own));
    PTAH_TRY(const std::string text, read_text(folder / "config.json", 1 << 20));
    PTAH_TRY(const Json json, parse_json(text));
    const Json bert = json.value("plbert", Json::object());
    config.layers = bert.value("num_hidden_layers", config.layers);
    config.heads = bert.value("num_attention_heads", config.heads);
    if (config.layers < 1 || config.layers > 100) return fail(ErrorCode::corrupt, "config.json: {} layers", config.layers);
    return std::make_shared<const SpeechModel>(std::move(file.tensors), config);
  });
}

/// What ALBERT makes of the tokens (Lan et al. 2020): one layer, many times, its norms behind the sums.
Tensor SpeechModel::understood(std::span<const int32_t> tokens) const {
  const auto count = static_cast<int64_t>(tokens.size());
  const Tensor ids = Tensor::from<int32_t>({count}, tokens);
  Tensor x = add(add(embedding(words_, ids), embedding(kinds_, Tensor::zeros({count}, DType::i32))), positions_.rows(0, count));
  x = linear_in_steps(widen_, layer_norm(x, bert_norm_)).reshape({1, count, -1});
  for (int64_t i = 0; i < config_.layers; ++i) {
    const Tensor seen = attention(linear_in_steps(query_, x), linear_in_steps(key_, x), linear_in_steps(value_, x), {.heads = config_.heads});
    x = layer_norm(linear_in_steps(dense_, seen, Activation::none, x), attention_norm_);
    x = layer_norm(linear_in_steps(ffn_out_, linear_in_steps(ffn_, x, Activation::gelu), Activation::none, x), layer_norm_);
  }
  return linear_in_steps(bert_encoder_, x.reshape({count, -1}));
}

Tensor SpeechModel::embedded_text(const Tensor& ids) const {
  Tensor x = embedding(text_words_, ids);
  for (size_t i = 0; i < text_convs_.size(); ++i) x = leaky_relu(layer_norm(text_convs_[i](x), text_norms_[i]), 0.2F);
  return text_lstm_(x);
}

std::vector<float> SpeechModel::curve(const std::vector<AdaptiveBlock>& blocks, const Linear& projection, const Tensor& shared, const Tensor& style) const {
  Tensor x = shared;
  for (const AdaptiveBlock& block : blocks) x = block(x, style);
  const Tensor values = linear_in_steps(projection, x);
  return DryRun::active() ? std::vector<float>(static_cast<size_t>(values.elements()), 0.0F) : values.to_vector();
}

Prosody SpeechModel::plan(std::span<const int32_t> tokens, std::span<const float> style, const SpeechOptions& options, const CancelToken* cancel) const {
  if (tokens.size() < 2 || static_cast<int64_t>(tokens.size()) > max_tokens())
    throw Failure({ErrorCode::invalid_argument, fmt::format("{} tokens; 2 to {} are possible", tokens.size(), max_tokens())});
  for (const int32_t id : tokens)
    if (id < 0 || id >= this->tokens()) throw Failure({ErrorCode::invalid_argument, fmt::format("there is no token {}", id)});
  if (static_cast<int64_t>(style.size()) != style_width())
    throw Failure({ErrorCode::invalid_argument, fmt::format("a style of {} numbers; {} are wanted", style.size(), style_width())});
  const Tensor manner = row_of(style.subspan(static_cast<size_t>(style_)));
  Tensor x = beside(understood(tokens), manner);
  stop_if_cancelled(cancel);
  for (size_t i = 0; i < duration_lstms_.size(); ++i) {
    const Tensor y = duration_lstms_[i](x);
    const int64_t width = y.dim(1);
    const Tensor affine = duration_norms_[i].affine(manner);
    const Tensor scale = slice(affine, 0, 0, width).reshape({1, width}), shift = slice(affine, 0, width, 2 * width).reshape({1, width});
    x = beside(modulated_norm(y.reshape({1, y.dim(0), width}), shift, scale, 1e-5F).reshape({y.dim(0), width}), manner);
  }
  const Tensor steps = sum(sigmoid(linear_in_steps(duration_projection_, duration_lstm_(x))), 1);
  Prosody out;
  // How long a text takes is not known before its numbers are: plans take what is usual.
  const std::vector<float> lengths = DryRun::active() ? std::vector<float>(tokens.size(), kUsualFrames) : steps.to_vector();
  for (const float value : lengths) out.durations.push_back(std::max<int64_t>(1, std::llrint(std::nearbyint(value / options.speed))));
  stop_if_cancelled(cancel);
  const Tensor shared = shared_(repeated(x, out.durations));
  out.pitch = curve(pitch_blocks_, pitch_projection_, shared, manner);
  out.energy = curve(energy_blocks_, energy_projection_, shared, manner);
  for (float& hz : out.pitch) hz *= options.pitch;
  for (float& loud : out.energy) loud *= options.energy;
  stop_if_cancelled(cancel);
  out.text = repeated(embedded_text(Tensor::from<int32_t>({static_cast<int64_t>(tokens.size())}, tokens)), out.durations);
  return out;
}

Tensor SpeechModel::features(const Prosody& prosody, const Tensor& style, DType type) const {
  const int64_t frames = prosody.text.dim(0);
  const auto halved = [&](const Conv1d& conv, const std::vector<float>& values) {
    const Tensor x = pad(Tensor::from<float>({2 * frames, 1}, values), 0, 1, 1);
    return conv.over(x, frames);
  };
  const Tensor pitch = halved(pitch_conv_, prosody.pitch), energy = halved(energy_conv_, prosody.energy);
  const Tensor text = cast(text_conv_(prosody.text), type), curves = cast(concat({pitch, energy}, 1), type);
  Tensor x = encode_(concat({cast(prosody.text, type), curves}, 1), style);
  for (const AdaptiveBlock& block : decode_) x = block(concat({x, text, curves}, 1), style);
  return x;
}

Tensor SpeechModel::spectrum(const Tensor& features, const std::vector<float>& pitch, const Tensor& style, const CancelToken* cancel) const {
  const Tensor source = cast(spectrum_of(harmonic_source(pitch, source_frame_, config_.sample_rate, source_weights_, source_bias_), window_), features.dtype());
  Tensor x = features;
  for (size_t i = 0; i < stages_.size(); ++i) {
    const Stage& stage = stages_[i];
    const int64_t around = stage.noise.stride / 2;  // (stride + 1) / 2 of an odd one
    Tensor y = stage.up(leaky_relu(x, 0.1F));
    if (i + 1 == stages_.size()) y = concat({slice(y, 0, 1, 2), y}, 0);  // reflected by one at its beginning
    const Tensor noise = stage.noise.over(around > 0 ? pad(source, 0, around, around) : source, y.dim(0));
    y = add(y, stage.noise_block(noise, style));
    Tensor sum;
    for (const SnakeBlock& block : stage.blocks) {
      stop_if_cancelled(cancel);
      const Tensor part = block(y, style);
      sum = sum.defined() ? add(sum, part) : part;
    }
    x = affine(sum, 1 / static_cast<float>(stage.blocks.size()));
  }
  Tensor out = post_.in_f32(leaky_relu(x, 0.01F));  // logarithms of magnitudes, and phases: rounded they would be heard
  const int64_t bins = window_ / 2 + 1, count = out.dim(0);
  float* numbers = out.data<float>();
  parallel_for(count, bins * 40, [&](int64_t begin, int64_t end) {
    for (int64_t t = begin; t < end; ++t)
      for (int64_t i = 0; i < bins; ++i) {
        float* row = numbers + t * 2 * bins;
        row[i] = std::exp(row[i]);
        row[bins + i] = std::sin(row[bins + i]);
      }
  });
  return out;
}

std::vector<float> SpeechModel::sound(const Prosody& prosody, std::span<const float> style, DType type, const CancelToken* cancel) const {
  if (static_cast<int64_t>(style.size()) != style_width())
    throw Failure({ErrorCode::invalid_argument, fmt::format("a style of {} numbers; {} are wanted", style.size(), style_width())});
  const Tensor timbre = row_of(style.first(static_cast<size_t>(style_)));
  return sound_of(spectrum(features(prosody, timbre, type), prosody.pitch, timbre, cancel), window_);
}

}  // namespace ptah
