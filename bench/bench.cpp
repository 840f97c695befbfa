// Ptah's half of the benchmarks: `ptah_bench NAME` prints one JSON line a case with the median of several runs in seconds.
// bench/run.py runs it and its peer in turn and prints the table.
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstring>

#include "base/json.h"
#include "base/parallel.h"
#include "image/autoencoder.h"
#include "image/denoiser.h"
#include "tensor/ops.h"
#include "text/encode/encoder.h"
#include "train/loop/optimizer.h"
#include "train/picture/picture_loss.h"
#include "tensor/device.h"

using namespace ptah;

namespace {

double median_seconds(int runs, const std::function<void()>& body) {
  body();
  std::vector<double> seconds;
  for (int i = 0; i < runs; ++i) {
    const auto start = std::chrono::steady_clock::now();
    body();
    seconds.push_back(std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count());
  }
  std::nth_element(seconds.begin(), seconds.begin() + runs / 2, seconds.end());
  return seconds[static_cast<size_t>(runs / 2)];
}

void print(const std::string& name, double seconds, double flops) {
  std::puts(Json{{"case", name}, {"seconds", seconds}, {"gflops", flops / seconds * 1e-9}}.dump().c_str());
  std::fflush(stdout);
}

Tensor noise(const Shape& shape, DType type) { return Tensor::normal(shape, 1, static_cast<uint64_t>(shape.elements()), type); }

void bench_linear(const std::string& name, DType type, int64_t m, int64_t k, int64_t n, bool backward) {
  const Tensor x = noise({m, k}, type), w = affine(noise({n, k}, DType::f32), 0.02F);
  const double flops = 2.0 * static_cast<double>(m) * static_cast<double>(k) * static_cast<double>(n);
  print(name, median_seconds(9, [&] { (void)linear(x, w); }), flops);
  if (!backward) return;
  Tensor leaf = x.clone().set_requires_grad(), weight = w.clone().set_requires_grad();
  const Tensor g = noise({m, n}, type);
  print(name + " + backward",
        median_seconds(9,
                       [&] {
                         leaf.clear_grad();
                         weight.clear_grad();
                         GradScope scope;
                         scope.backward(linear(leaf, weight), g);
                       }),
        3 * flops);
}

void bench_conv(const std::string& name, DType type, int64_t n, int64_t size, int64_t channels, bool backward) {
  const Tensor x = noise({n, size, size, channels}, type), w = affine(noise({channels, channels, 3, 3}, DType::f32), 0.02F);
  const double flops = 18.0 * static_cast<double>(n * size * size * channels * channels);
  print(name, median_seconds(9, [&] { (void)conv2d(x, w, {.padding = 1}); }), flops);
  if (!backward) return;
  Tensor leaf = x.clone().set_requires_grad(), weight = w.clone().set_requires_grad();
  print(name + " + backward",
        median_seconds(9,
                       [&] {
                         leaf.clear_grad();
                         weight.clear_grad();
                         GradScope scope;
                         scope.backward(conv2d(leaf, weight, {.padding = 1}), x);
                       }),
        3 * flops);
}

void ceiling() {
  for (const DType type : {DType::bf16, DType::f32}) {
    if (type == DType::bf16 && !has_bf16()) continue;
    const std::string dtype(name_of(type));
    bench_linear("matmul 4096 " + dtype, type, 4096, 4096, 4096, false);
    bench_conv("conv 320 " + dtype, type, 16, 32, 320, false);
  }
  const size_t bytes = size_t{1} << 30;
  const Tensor big = Tensor::full({static_cast<int64_t>(bytes / 4)}, 1);
  const double seconds = median_seconds(5, [&] { (void)sum(big); });
  std::puts(Json{{"case", "read 1 GiB"}, {"seconds", seconds}, {"gbytes_per_second", static_cast<double>(bytes) / seconds * 1e-9}}.dump().c_str());
}

void shapes(DType type) {
  for (const auto& [k, n] : {std::pair<int64_t, int64_t>{384, 1152}, {384, 384}, {384, 1536}, {1536, 384}})
    bench_linear("linear 10240x" + std::to_string(k) + "->" + std::to_string(n), type, 10240, k, n, true);
  for (const auto& [size, channels] : {std::pair<int64_t, int64_t>{64, 64}, {32, 128}, {16, 224}, {8, 320}})
    bench_conv("conv 32x" + std::to_string(size) + "^2x" + std::to_string(channels), type, 32, size, channels, true);
  const int64_t batch = 128, tokens = 80, heads = 6, d = 64;
  Tensor qkv = noise({batch, tokens, 3 * heads * d}, type).set_requires_grad();
  const Tensor g = noise({batch, tokens, heads * d}, type);
  const double flops = 4.0 * static_cast<double>(batch * heads * tokens * tokens * d);
  {
    const NoGrad off;
    print("attention 128x80x6x64", median_seconds(9, [&] { (void)self_attention(qkv, {.heads = heads}); }), flops);
  }
  print("attention 128x80x6x64 + backward",
        median_seconds(9,
                       [&] {
                         qkv.clear_grad();
                         GradScope scope;
                         scope.backward(self_attention(qkv, {.heads = heads}), g);
                       }),
        3.5 * flops);
  Tensor x = noise({batch, tokens, 384}, type).set_requires_grad(), shift = noise({batch, 384}, DType::f32).set_requires_grad();
  const Tensor scale = noise({batch, 384}, DType::f32);
  print("modulated norm 128x80x384 + backward",
        median_seconds(9,
                       [&] {
                         x.clear_grad();
                         shift.clear_grad();
                         GradScope scope;
                         scope.backward(modulated_norm(x, shift, scale), g);
                       }),
        0);
}

/// Counts one warm step's operations and times the next ones.
void print_step(const std::string& name, const std::function<void()>& step) {
  keep_free_blocks(0.5);
  step();
  reset_memory_peak();
  step();
  const auto flops = static_cast<double>(memory_account().flops);
  print(name, median_seconds(7, step), flops);
}

void step_autoencoder(int64_t batch) {
  Weights weights = Weights::fresh(1);
  const AutoencoderConfig config;
  const PictureEncoder encoder(Scope(weights, "encoder"), config);
  const PictureDecoder decoder(Scope(weights, "decoder"), config);
  Optimizer optimizer(weights.all(), {});
  const Tensor target = affine(tanh(noise({batch, 128, 128, 4}, DType::f32)), 1);
  const auto step = [&] {
    GradScope scope;
    const Tensor z = encoder(cast(target, compute_dtype()));
    scope.backward(add(picture_loss(decoder(cast(z, compute_dtype())), target), affine(mean(square(z)), 1e-3F)));
    optimizer.step(1);
  };
  print_step("autoencoder step, batch " + std::to_string(batch), step);
}

void step_denoiser(int64_t batch, bool with_muon) {
  Weights weights = Weights::fresh(1);
  const TextEncoder encoder(Scope(weights, "text"), {.vocabulary = 4609});
  const Denoiser denoiser(Scope(weights, "denoiser"), {});
  Optimizer optimizer(weights.all(), {}, [&](const std::string& name, const Tensor&) { return with_muon && name.find(".blocks.") != std::string::npos; });
  const Tensor x = noise({batch, 64, 24}, DType::f32), target = noise({batch, 64, 24}, DType::f32), time = Tensor::full({batch}, 0.4F);
  const TokenBatch tokens = make_token_batch(std::vector<std::vector<int32_t>>(static_cast<size_t>(batch), {1, 20, 30, 40, 50}), 16);
  const auto step = [&] {
    GradScope scope;
    const TextStates text = encoder(tokens, compute_dtype());
    scope.backward(mse_loss(denoiser(cast(x, compute_dtype()), time, text.states, text.pooled, text.lengths), target));
    optimizer.step(1);
  };
  print_step("denoiser step" + std::string(with_muon ? " with Muon" : "") + ", batch " + std::to_string(batch), step);
}

}  // namespace

int main(int argc, char** argv) {
  const std::string name = argc > 1 ? argv[1] : "";
  if (name == "ceiling") {
    ceiling();
  } else if (name == "shapes") {
    shapes(compute_dtype());
  } else if (name == "step") {
    step_autoencoder(32);
    step_denoiser(128, false);
    step_denoiser(128, true);
  } else {
    std::fprintf(stderr, "usage: ptah_bench ceiling | shapes | step\n");
    return 2;
  }
  return 0;
}
