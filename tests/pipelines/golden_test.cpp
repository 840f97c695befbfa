// Results and gradients of every op and of five whole networks against PyTorch (tools/reference/golden.py made the files).
// Tolerances are relative to the largest value of a tensor: 2e-5 in f32 for ops, 1e-4 for networks, 3e-2 for networks in bf16.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "image/autoencoder.h"
#include "image/denoiser.h"
#include "image/upscaler.h"
#include "nn/discriminator.h"
#include "tensor/ops.h"
#include "text/encode/encoder.h"
#include "weights/safetensors.h"

namespace ptah {

namespace {

TensorFile golden(const std::string& name) { return value_or_throw(read_safetensors(std::string(PTAH_SOURCE_DIR) + "/tests/golden/" + name + ".safetensors")); }

void expect_close(const Tensor& made, const Tensor& wanted, double tolerance, const std::string& what) {
  ASSERT_TRUE(made.defined()) << what << " was not made";
  ASSERT_EQ(made.shape(), wanted.shape()) << what;
  const auto a = made.to_vector(), b = wanted.to_vector();
  double worst = 0, largest = 1e-3;
  for (size_t i = 0; i < a.size(); ++i) {
    worst = std::max(worst, static_cast<double>(std::abs(a[i] - b[i])));
    largest = std::max(largest, static_cast<double>(std::abs(b[i])));
  }
  EXPECT_LE(worst, tolerance * largest) << what;
}

using In = const std::vector<Tensor>&;
const std::map<std::string, std::function<Tensor(In)>>& ops() {
  const auto ids = [](std::initializer_list<int32_t> values) { return Tensor::from({static_cast<int64_t>(values.size())}, std::vector<int32_t>(values)); };
  static const std::map<std::string, std::function<Tensor(In)>> table{
      {"relu", [](In x) { return relu(x[0]); }},
      {"leaky_relu", [](In x) { return leaky_relu(x[0], 0.2F); }},
      {"silu", [](In x) { return silu(x[0]); }},
      {"gelu", [](In x) { return gelu(x[0]); }},
      {"gelu_erf", [](In x) { return gelu_erf(x[0]); }},
      {"tanh", [](In x) { return tanh(x[0]); }},
      {"sigmoid", [](In x) { return sigmoid(x[0]); }},
      {"exp", [](In x) { return exp(x[0]); }},
      {"log", [](In x) { return log(x[0]); }},
      {"sqrt", [](In x) { return sqrt(x[0]); }},
      {"abs", [](In x) { return abs(x[0]); }},
      {"square", [](In x) { return square(x[0]); }},
      {"affine", [](In x) { return affine(x[0], 3, -1); }},
      {"add", [](In x) { return add(x[0], x[1]); }},
      {"sub", [](In x) { return sub(x[0], x[1]); }},
      {"mul", [](In x) { return mul(x[0], x[1]); }},
      {"div", [](In x) { return div(x[0], x[1]); }},
      {"maximum", [](In x) { return maximum(x[0], x[1]); }},
      {"minimum", [](In x) { return minimum(x[0], x[1]); }},
      {"sum", [](In x) { return sum(x[0], 1); }},
      {"mean", [](In x) { return mean(x[0], 2); }},
      {"max", [](In x) { return max(x[0], 1); }},
      {"sum_all", [](In x) { return sum(x[0]); }},
      {"mean_all", [](In x) { return mean(x[0]); }},
      {"permute",
       [](In x) {
         return permute(x[0], {2, 0, 1});
       }},
      {"concat",
       [](In x) {
         return concat({x[0], x[1]}, 1);
       }},
      {"slice", [](In x) { return slice(x[0], 1, 2, 7); }},
      {"pad", [](In x) { return pad(x[0], 1, 2, 1, 0.5F); }},
      {"pixel_shuffle", [](In x) { return pixel_shuffle(x[0], 2); }},
      {"pixel_unshuffle", [](In x) { return pixel_unshuffle(x[0], 2); }},
      {"matmul", [](In x) { return matmul(x[0], x[1]); }},
      {"linear", [](In x) { return linear(x[0], x[1], {.bias = x[2], .activation = Activation::gelu, .residual = x[3]}); }},
      {"conv2d", [](In x) { return conv2d(x[0], x[1], {.bias = x[2], .padding = 1}); }},
      {"conv2d_stride", [](In x) { return conv2d(x[0], x[1], {.bias = x[2], .stride = 2, .padding = 1}); }},
      {"conv2d_groups", [](In x) { return conv2d(x[0], x[1], {.bias = x[2], .stride = 3, .padding = 2, .groups = 2}); }},
      {"resize_nearest", [](In x) { return resize(x[0], 3, 17, Filter::nearest); }},
      {"resize_bilinear", [](In x) { return resize(x[0], 13, 5, Filter::bilinear); }},
      {"avg_pool2d",
       [](In x) {
         return avg_pool2d(x[0], {3, 2, 1});
       }},
      {"max_pool2d", [](In x) { return max_pool2d(x[0]); }},
      {"layer_norm", [](In x) { return layer_norm(x[0], {.weight = x[1], .bias = x[2]}); }},
      {"rms_norm", [](In x) { return rms_norm(x[0], {.weight = x[1]}); }},
      {"group_norm", [](In x) { return group_norm(x[0], 3, {.weight = x[1], .bias = x[2]}); }},
      {"modulated_norm", [](In x) { return modulated_norm(x[0], x[1], x[2]); }},
      {"gated_add", [](In x) { return gated_add(x[0], x[1], x[2]); }},
      {"softmax", [](In x) { return softmax(x[0]); }},
      {"log_softmax", [](In x) { return log_softmax(x[0]); }},
      {"attention", [](In x) { return attention(x[0], x[1], x[2], {.heads = 2}); }},
      {"attention_causal", [](In x) { return attention(x[0], x[1], x[2], {.heads = 2, .causal = true}); }},
      {"attention_lengths",
       [=](In x) {
         return attention(x[0], x[1], x[2], {.heads = 2, .key_lengths = ids({130, 7})});
       }},
      {"self_attention", [](In x) { return self_attention(x[0], {.heads = 2}); }},
      {"cross_attention", [](In x) { return cross_attention(x[0], x[1], {.heads = 2}); }},
      {"gather",
       [=](In x) {
         return gather(x[0], ids({3, 0, 3, 6}));
       }},
      {"embedding",
       [=](In x) {
         return embedding(x[0], ids({3, 0, 3, 6}).reshape({2, 2}));
       }},
      {"cross_entropy",
       [=](In x) {
         return cross_entropy(x[0], ids({3, 0, -1, 16}));
       }},
      {"mse_loss", [](In x) { return mse_loss(x[0], x[1]); }},
      {"l1_loss", [](In x) { return l1_loss(x[0], x[1]); }},
  };
  return table;
}

std::vector<Tensor> inputs_of(const TensorFile& file, const std::string& prefix) {
  std::vector<Tensor> inputs;
  for (int i = 0; file.tensors.contains(prefix + "in" + std::to_string(i)); ++i)
    inputs.push_back(file.tensors.at(prefix + "in" + std::to_string(i)).clone().set_requires_grad());
  return inputs;
}

/// Runs a network in f32 and bf16 and compares result, input gradients and weight gradients.
void check_network(const std::string& name, const std::function<Tensor(Weights&, const std::vector<Tensor>&, DType)>& forward) {
  const TensorFile file = golden(name);
  for (const DType type : {DType::f32, DType::bf16}) {
    SCOPED_TRACE(std::string(name_of(type)));
    const double tolerance = type == DType::f32 ? 1e-4 : 3e-2;
    std::map<std::string, Tensor> tensors;
    for (const auto& [key, tensor] : file.tensors)
      if (key.rfind("weight/", 0) == 0) tensors.emplace(key.substr(7), tensor.clone().set_requires_grad());
    Weights weights(tensors);
    const std::vector<Tensor> inputs = inputs_of(file, "");
    GradScope scope;
    const Tensor out = forward(weights, inputs, type);
    expect_close(out, file.tensors.at("out"), tolerance, "out");
    scope.backward(out, cast(file.tensors.at("cotangent"), out.dtype()));
    for (size_t i = 0; i < inputs.size(); ++i)
      expect_close(inputs[i].grad(), file.tensors.at("grad" + std::to_string(i)), tolerance, "input gradient " + std::to_string(i));
    for (const auto& [key, weight] : weights.all()) expect_close(weight.grad(), file.tensors.at("grad/" + key), tolerance, "gradient of " + key);
    EXPECT_TRUE(weights.unused().empty());
  }
}

}  // namespace

TEST(Golden, EveryOpMatchesPyTorchInResultAndGradients) {
  const TensorFile file = golden("ops");
  size_t seen = 0;
  for (const auto& [key, unused] : file.tensors) {
    if (!key.ends_with("/out")) continue;
    const std::string name = key.substr(0, key.size() - 4);
    SCOPED_TRACE(name);
    ASSERT_TRUE(ops().contains(name)) << "no op of that name in the table";
    ++seen;
    const std::vector<Tensor> inputs = inputs_of(file, name + "/");
    GradScope scope;
    const Tensor out = ops().at(name)(inputs);
    expect_close(out, file.tensors.at(key), 2e-5, "result");
    scope.backward(out, file.tensors.at(name + "/cotangent").reshape(out.shape()));
    for (size_t i = 0; i < inputs.size(); ++i)
      expect_close(inputs[i].grad(), file.tensors.at(name + "/grad" + std::to_string(i)), 5e-5, "gradient " + std::to_string(i));
  }
  EXPECT_EQ(seen, ops().size());
}

TEST(Golden, TheAutoencoderMatchesPyTorch) {
  const AutoencoderConfig config{
      .size = 16, .latent_channels = 4, .encoder_widths = {8, 16}, .encoder_blocks = {1, 1}, .decoder_widths = {16, 24}, .decoder_blocks = {1, 1}};
  check_network("autoencoder", [&](Weights& weights, const std::vector<Tensor>& in, DType type) {
    const PictureEncoder encoder(Scope(weights, "encoder"), config);
    const PictureDecoder decoder(Scope(weights, "decoder"), config);
    return decoder(cast(encoder(cast(in[0], type)), type));
  });
}

TEST(Golden, TheTextEncoderMatchesPyTorch) {
  const TextEncoderConfig config{.vocabulary = 20, .width = 32, .layers = 2, .heads = 2, .max_tokens = 16};
  check_network("text", [&](Weights& weights, const std::vector<Tensor>&, DType type) {
    const TextEncoder encoder(Scope(weights, "text"), config);
    return cast(encoder(make_token_batch({{1, 5, 7, 19, 3}, {1, 2}}, 5), type).states, DType::f32);
  });
}

TEST(Golden, TheDenoiserMatchesPyTorch) {
  const DenoiserConfig config{.tokens = 16, .channels = 8, .width = 48, .blocks = 2, .heads = 2, .text_width = 32};
  check_network("denoiser", [&](Weights& weights, const std::vector<Tensor>& in, DType type) {
    const Denoiser denoiser(Scope(weights, "denoiser"), config);
    return denoiser(cast(in[0], type), Tensor::from({2}, {0.25F, 0.75F}), cast(in[1], type), cast(in[2], type), Tensor::from({2}, std::vector<int32_t>{5, 2}));
  });
}

TEST(Golden, TheDiscriminatorMatchesPyTorch) {
  check_network("discriminator", [&](Weights& weights, const std::vector<Tensor>& in, DType type) {
    return PatchDiscriminator(Scope(weights, "discriminator"), 4, {8, 12, 16})(cast(in[0], type));
  });
}

TEST(Golden, TheUpscalerMatchesPyTorch) {
  check_network("upscaler", [&](Weights& weights, const std::vector<Tensor>& in, DType type) {
    return Upscaler(Scope(weights, "upscaler"), {.width = 8, .blocks = 2}).bordered(in[0], type);
  });
}

}  // namespace ptah
