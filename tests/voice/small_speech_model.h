// A speech model of some hundred kilobytes with random weights, in a folder of a test's own: what it says means nothing.
#pragma once

#include <filesystem>
#include <map>
#include <string>

#include "base/file.h"
#include "models/kokoro.h"
#include "nn/weights.h"
#include "voice/voices.h"
#include "weights/safetensors.h"

namespace ptah {

/// Random weights by the names that SpeechModel reads.
class SmallSpeechWeights {
 public:
  static std::map<std::string, Tensor> make() {
    SmallSpeechWeights w;
    w.text();
    w.predictor();
    w.decoder();
    return std::move(w.out_);
  }

 private:
  static constexpr int64_t kHidden = 16, kStyle = 128, kBert = 8, kTokens = 178;

  void add(const std::string& name, const Shape& shape, float height) {
    const Tensor noise = Tensor::normal(shape, 7, out_.size());
    out_[name] = affine(noise, height);
  }
  void ones(const std::string& name, const Shape& shape) { out_[name] = Tensor::full(shape, 1); }
  void linear(const std::string& name, int64_t in, int64_t out) {
    add(name + ".weight", {out, in}, 0.2F);
    add(name + ".bias", {out}, 0.1F);
  }
  void conv(const std::string& name, int64_t in, int64_t out, int64_t kernel, bool bias = true) {
    add(name + ".weight", {out, in, kernel}, 0.2F);
    if (bias) add(name + ".bias", {out}, 0.1F);
  }
  void lstm(const std::string& name, int64_t in) {
    add(name + ".input", {2, 2 * kHidden, in}, 0.2F);
    add(name + ".recurrent", {2, 2 * kHidden, kHidden / 2}, 0.2F);
    add(name + ".bias", {2, 2 * kHidden}, 0.1F);
  }
  void block(const std::string& name, int64_t in, int64_t out, bool doubles) {
    linear(name + ".norm1.fc", kStyle, 2 * in);
    linear(name + ".norm2.fc", kStyle, 2 * out);
    conv(name + ".conv1", in, out, 3);
    conv(name + ".conv2", out, out, 3);
    if (in != out || doubles) conv(name + ".conv1x1", in, out, 1, false);
    if (doubles) conv(name + ".pool", 1, in, 3);
  }
  void snake(const std::string& name, int64_t channels, int64_t kernel) {
    for (int i = 0; i < 3; ++i) {
      for (const char* side : {"1", "2"}) {
        linear(fmt::format("{}.adain{}.{}.fc", name, side, i), kStyle, 2 * channels);
        conv(fmt::format("{}.convs{}.{}", name, side, i), channels, channels, kernel);
        ones(fmt::format("{}.alpha{}.{}", name, side, i), {1, channels, 1});
      }
    }
  }
  void norm(const std::string& name, int64_t width, const char* weight = "weight", const char* bias = "bias") {
    ones(name + "." + weight, {width});
    add(name + "." + bias, {width}, 0.1F);
  }
  void text() {
    add("bert.embeddings.word_embeddings.weight", {kTokens, 4}, 1);
    add("bert.embeddings.position_embeddings.weight", {512, 4}, 1);
    add("bert.embeddings.token_type_embeddings.weight", {2, 4}, 1);
    norm("bert.embeddings.LayerNorm", 4);
    linear("bert.encoder.embedding_hidden_mapping_in", 4, kBert);
    const std::string layer = "bert.encoder.albert_layer_groups.0.albert_layers.0.";
    for (const char* part : {"query", "key", "value", "dense"}) linear(layer + "attention." + part, kBert, kBert);
    norm(layer + "attention.LayerNorm", kBert);
    linear(layer + "ffn", kBert, 12);
    linear(layer + "ffn_output", 12, kBert);
    norm(layer + "full_layer_layer_norm", kBert);
    linear("bert_encoder", kBert, kHidden);
    add("text_encoder.embedding.weight", {kTokens, kHidden}, 1);
    for (int i = 0; i < 2; ++i) {
      conv(fmt::format("text_encoder.cnn.{}.0", i), kHidden, kHidden, 5);
      norm(fmt::format("text_encoder.cnn.{}.1", i), kHidden, "gamma", "beta");
    }
    lstm("text_encoder.lstm", kHidden);
  }
  void predictor() {
    for (int i = 0; i < 2; ++i) {
      lstm(fmt::format("predictor.text_encoder.lstms.{}", 2 * i), kHidden + kStyle);
      linear(fmt::format("predictor.text_encoder.lstms.{}.fc", 2 * i + 1), kStyle, 2 * kHidden);
    }
    lstm("predictor.lstm", kHidden + kStyle);
    lstm("predictor.shared", kHidden + kStyle);
    linear("predictor.duration_proj.linear_layer", kHidden, 4);
    for (const char* curve : {"F0", "N"}) {
      block(fmt::format("predictor.{}.0", curve), kHidden, kHidden, false);
      block(fmt::format("predictor.{}.1", curve), kHidden, 8, true);
      conv(fmt::format("predictor.{}_proj", curve), 8, 1, 1);
    }
    out_["predictor.F0_proj.bias"] = Tensor::full({1}, 150);
  }
  void decoder() {
    conv("decoder.F0_conv", 1, 1, 3);
    conv("decoder.N_conv", 1, 1, 3);
    conv("decoder.asr_res.0", kHidden, 4, 1);
    block("decoder.encode", kHidden + 2, 12, false);
    block("decoder.decode.0", 12 + 4 + 2, 8, true);
    const std::string generator = "decoder.generator.";
    linear(generator + "m_source.l_linear", 1, 1);
    add(generator + "m_source.l_linear.weight", {9, 1}, 0.5F);
    const int64_t channels[] = {8, 6, 4}, strides[] = {10, 6};
    for (int i = 0; i < 2; ++i) {
      add(fmt::format("{}ups.{}.weight", generator, i), {channels[i], channels[i + 1], 2 * strides[i]}, 0.2F);
      add(fmt::format("{}ups.{}.bias", generator, i), {channels[i + 1]}, 0.1F);
      conv(fmt::format("{}noise_convs.{}", generator, i), 22, channels[i + 1], i == 0 ? 12 : 1);
      snake(fmt::format("{}noise_res.{}", generator, i), channels[i + 1], 3);
      for (int k = 0; k < 2; ++k) snake(fmt::format("{}resblocks.{}", generator, 2 * i + k), channels[i + 1], 2 * k + 3);
    }
    conv(generator + "conv_post", channels[2], 22, 7);
  }

  std::map<std::string, Tensor> out_;
};

/// A folder as SpeechModel, Voices and EnglishLexicon read it.
inline void make_small_speech_model(const std::filesystem::path& folder) {
  std::filesystem::create_directories(folder);
  TensorFile file;
  file.tensors = SmallSpeechWeights::make();
  value_or_throw(write_safetensors(folder / "model.safetensors", file));
  value_or_throw(write_file(folder / "config.json", std::string_view(R"({"plbert": {"num_hidden_layers": 2, "num_attention_heads": 2}})")));
  value_or_throw(write_file(folder / "voices.bin", std::string_view()));
  std::filesystem::resize_file(folder / "voices.bin", kKokoroVoices.size() * Voices::kStyles * Voices::kWidth * sizeof(float));
  const std::string_view words = R"({"hello": "həlˈO", "world": "wˈɜɹld", "a": "ˈA", "fox": "fˈɑks", "A": "ˈA", "B": "bˈi"})";
  for (const char* name : {"us_gold.json", "gb_gold.json"}) value_or_throw(write_file(folder / name, words));
  for (const char* name : {"us_silver.json", "gb_silver.json"}) value_or_throw(write_file(folder / name, std::string_view("{}")));
}

}  // namespace ptah
