#include "image/tiny_autoencoder.h"

#include "nn/weight_binder.h"

namespace ptah {

namespace {

/// Where a decoder's layers stand, and the number of the first.
constexpr std::pair<const char*, int> kDecoders[] = {{"decoder.layers.", 0}, {"taesd_decoder.", 1}, {"", 1}};
constexpr const char* kEncoder = "encoder.layers.";

const std::pair<const char*, int>* decoder_of(const std::map<std::string, Tensor>& tensors) {
  for (const auto& place : kDecoders)
    if (tensors.contains(fmt::format("{}{}.weight", place.first, place.second)) &&
        tensors.contains(fmt::format("{}{}.conv.0.weight", place.first, place.second + 2)))
      return &place;
  return nullptr;
}

}  // namespace

bool TinyAutoencoder::recognises(const std::map<std::string, Tensor>& tensors) { return decoder_of(tensors) != nullptr; }

TinyAutoencoder::TinyAutoencoder(Weights& weights, bool wraps) {
  const auto* place = decoder_of(weights.all());
  if (!place) throw Failure({ErrorCode::mismatch, "weights: no small autoencoder (TAESD)"});
  decoder_ = half(weights, place->first, place->second, true, wraps);
  if (weights.all().contains(std::string(kEncoder) + "0.weight")) encoder_ = half(weights, kEncoder, 0, false, wraps);
  channels_ = decoder_.front().conv->weight.dim(1);
  for (const Layer& layer : decoder_)
    if (layer.enlarges) factor_ *= 2;
}

std::vector<TinyAutoencoder::Layer> TinyAutoencoder::half(Weights& weights, const std::string& prefix, int first, bool decodes, bool wraps) const {
  const WeightBinder b{weights, prefix, wraps};
  constexpr int kMaxLayers = 100;
  std::vector<Layer> out;
  for (int i = first; i < kMaxLayers; ++i) {  // numbers without weights are those of activations and of enlarging
    const std::string at = std::to_string(i);
    Layer layer;
    if (b.has(at + ".conv.0.weight")) {
      for (const char* part : {".conv.0", ".conv.2", ".conv.4"}) layer.block.push_back(b.conv(at + part));
      if (b.has(at + ".skip.weight")) layer.skip = b.pointwise(at + ".skip");
    } else if (b.has(at + ".weight")) {
      const bool resamples = !b.has(at + ".bias");
      layer.conv = b.conv(at, resamples && !decodes ? 2 : 1);
      layer.enlarges = resamples && decodes;
      layer.relu = decodes && i == first;
    } else {
      continue;
    }
    out.push_back(std::move(layer));
  }
  if (out.empty() || !out.front().conv) throw Failure({ErrorCode::mismatch, fmt::format("weights: no layers of a small autoencoder below '{}'", prefix)});
  return out;
}

Tensor TinyAutoencoder::run(const std::vector<Layer>& layers, Tensor x) {
  for (const Layer& layer : layers) {
    if (layer.enlarges) x = resize(x, 2 * x.dim(1), 2 * x.dim(2), Filter::nearest);
    if (layer.conv) {
      x = (*layer.conv)(x);
      if (layer.relu) x = relu(x);
      continue;
    }
    const Tensor around = layer.skip ? (*layer.skip)(x) : x;
    const Tensor inner = relu(layer.block[1](relu(layer.block[0](x))));
    x = relu(layer.block[2](inner, around));
  }
  return x;
}

Tensor TinyAutoencoder::decode(const Tensor& latents) const {
  PTAH_CHECK(latents.rank() == 4 && latents.dim(3) == channels_, "small autoencoder: latents {} of {} channels", latents.shape().str(), channels_);
  return affine(cast(run(decoder_, affine(tanh(affine(latents, 1.0F / 3)), 3)), DType::f32), 2, -1);
}

Tensor TinyAutoencoder::encode(const Tensor& pictures) const {
  if (encoder_.empty()) throw Failure({ErrorCode::unsupported, "this small autoencoder has no encoder, so it cannot start from a picture"});
  return cast(run(encoder_, affine(pictures, 0.5F, 0.5F)), DType::f32);
}

}  // namespace ptah
