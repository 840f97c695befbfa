#include "voice/layers.h"

#include <cstring>
#include <numbers>

#include "base/parallel.h"
#include "tensor/ops.h"

namespace ptah {

namespace {

/// x [t, c] → [2 t, c]: a transposed convolution of three taps, stride 2, for each channel.
Tensor doubled(const Tensor& x, const Tensor& weight, const Tensor& bias) {
  const int64_t rows = x.dim(0), channels = x.dim(1);
  const Tensor given = cast(x, DType::f32);
  Tensor out = Tensor::empty({2 * rows, channels});
  const float *from = given.data<float>(), *taps = weight.data<float>(), *add = bias.data<float>();
  float* to = out.data<float>();
  parallel_for(rows, channels * 3, [&](int64_t begin, int64_t end) {
    for (int64_t t = begin; t < end; ++t)
      for (int64_t c = 0; c < channels; ++c) {
        const float next = t + 1 < rows ? from[(t + 1) * channels + c] : 0.0F;
        to[2 * t * channels + c] = from[t * channels + c] * taps[c * 3 + 1] + add[c];
        to[(2 * t + 1) * channels + c] = from[t * channels + c] * taps[c * 3 + 2] + next * taps[c * 3] + add[c];
      }
  });
  return cast(out, x.dtype());
}

constexpr int64_t kBlocks[] = {512, 64};  ///< rows that a convolution makes at a time
constexpr int64_t kRowStep = 32;          ///< rows of a linear layer are a multiple of it

/// A convolution of one sound in blocks of few sizes, for the reason of linear_in_steps(): rows [0, count) of the result, written to `to`.
void convolve_in_blocks(const Tensor& x, const Conv1d& conv, int64_t count, const Tensor& residual, char* to) {
  const int64_t out = conv.weight.dim(0);
  for (int64_t at = 0; at < count;) {
    int64_t block = count;  // what is shorter than all of them is taken as it is
    for (const int64_t size : kBlocks)
      if (size <= count - at || (size == kBlocks[1] && size <= count)) {
        block = size;
        break;
      }
    if (at + block > count) at = count - block;  // some rows once more
    const Tensor part = x.rows(at * conv.stride, (at + block - 1) * conv.stride + conv.kernel());
    const Tensor more = residual.defined() ? residual.rows(at, at + block).reshape({1, 1, block, out}) : Tensor();
    const Tensor y = conv2d(part.reshape({1, 1, part.dim(0), part.dim(1)}), conv.weight, {.bias = conv.bias, .stride = conv.stride, .residual = more});
    const size_t row = static_cast<size_t>(out) * size_of(y.dtype());
    if (!DryRun::active()) std::memcpy(to + static_cast<size_t>(at) * row, y.raw(), static_cast<size_t>(block) * row);
    at += block;
  }
}

}  // namespace

Tensor linear_in_steps(const Linear& layer, const Tensor& x, Activation activation, const Tensor& residual) {
  const int64_t width = x.dim(-1), rows = x.elements() / width, more = (kRowStep - rows % kRowStep) % kRowStep, out = layer.weight.dim(0);
  const auto padded = [&](const Tensor& given, int64_t columns) { return pad(given.reshape({rows, columns}), 0, 0, more); };
  Tensor y = layer(more > 0 ? padded(x, width) : x.reshape({rows, width}), activation,
                   residual.defined() ? (more > 0 ? padded(residual, out) : residual.reshape({rows, out})) : Tensor());
  if (more > 0) y = y.rows(0, rows);
  Shape shape = x.shape();
  shape[-1] = out;
  return y.reshape(shape);
}

Conv1d::Conv1d(const WeightBinder& binder, const std::string& name, int64_t dilated, int64_t strided) : dilation(dilated), stride(strided) {
  const Shape& shape = binder.shape(name + ".weight");
  if (shape.rank() != 3) throw Failure({ErrorCode::mismatch, fmt::format("{}.weight is {}; a convolution over time has three axes", name, shape.str())});
  weight = binder.scope(name).weight("weight", shape, Init::fan_in).reshape({shape[0], shape[1], 1, shape[2]});
  if (binder.has(name + ".bias")) bias = binder.scope(name).weight("bias", {shape[0]}, Init::zeros);
}

AdaptCall Conv1d::padded(int64_t rows) const {
  const int64_t around = 2 * padding(), fill = (dilation - (rows + around) % dilation) % dilation;
  return {.before = padding(), .after = padding() + fill, .phases = dilation};
}

Tensor Conv1d::over(const Tensor& x, int64_t rows, const Tensor& residual) const {
  PTAH_CHECK(dilation == 1 || !residual.defined(), "a residual of a dilated convolution");
  if (has_panel_convolution(x, weight)) {
    const int64_t made = (x.dim(0) / dilation - kernel()) / stride + 1;
    return panel_convolution(x, weight, {dilation, dilation > 1 ? made : std::min(made, rows), stride, bias, residual});
  }
  const int64_t length = x.dim(0) / dilation, possible = (length - kernel()) / stride + 1, count = dilation > 1 ? possible : std::min(possible, rows);
  Tensor out = Tensor::empty({dilation * count, weight.dim(0)}, x.dtype());
  const size_t bytes = out.bytes() / static_cast<size_t>(dilation);
  for (int64_t part = 0; part < dilation; ++part)
    convolve_in_blocks(cut(x, part * length, (part + 1) * length), *this, count, residual, static_cast<char*>(out.raw()) + static_cast<size_t>(part) * bytes);
  return out;
}

Tensor Conv1d::operator()(const Tensor& x) const {
  const int64_t around = padding();
  return over(around == 0 ? x : pad(x, 0, around, around), x.dim(0));
}

Tensor Conv1d::in_f32(const Tensor& x) const {
  const Tensor padded = pad(x, 0, padding(), padding());
  if (has_panel_convolution(x, weight)) return panel_convolution(padded, weight, {.rows = x.dim(0), .bias = bias, .type = DType::f32});
  return over(cast(padded, DType::f32), x.dim(0));
}

Upsampling::Upsampling(const WeightBinder& binder, const std::string& name) {
  const Shape& shape = binder.shape(name + ".weight");
  if (shape.rank() != 3 || shape[2] % 4 != 0)
    throw Failure({ErrorCode::mismatch, fmt::format("{}.weight is {}; its kernel should be twice an even stride", name, shape.str())});
  const int64_t in = shape[0], out = shape[1];
  stride = shape[2] / 2;
  const Tensor given = binder.scope(name).weight("weight", shape, Init::fan_in), given_bias = binder.scope(name).weight("bias", {out}, Init::zeros);
  weight = Tensor::lazy({stride * out, in, 1, 2}, DType::f32, [given, in, out, stride = stride] {
    const Tensor from = passing_numbers(given);
    Tensor to = Tensor::empty({stride * out, in, 1, 2});
    for (int64_t i = 0; i < in; ++i)
      for (int64_t o = 0; o < out; ++o)
        for (int64_t r = 0; r < 2 * stride; ++r)
          to.data<float>()[((r % stride * out + o) * in + i) * 2 + (r < stride ? 1 : 0)] = from.data<float>()[(i * out + o) * 2 * stride + r];
    return to;
  });
  bias = Tensor::empty({stride * out});
  if (float* to = bias.data<float>())
    for (int64_t r = 0; r < stride; ++r) std::memcpy(to + r * out, given_bias.data<float>(), static_cast<size_t>(out) * sizeof(float));
}

Tensor Upsampling::operator()(const Tensor& x) const {
  const int64_t rows = x.dim(0), out = weight.dim(0) / stride;
  const Tensor padded = pad(x, 0, 1, 1);
  const Tensor y =
      (has_panel_convolution(x, weight) ? panel_convolution(padded, weight, {.rows = rows + 1, .bias = bias}) : Conv1d::of(weight, bias).over(padded, rows + 1))
          .reshape({(rows + 1) * stride, out});
  return y.rows(stride / 2, stride / 2 + rows * stride);
}

AdaptiveBlock::AdaptiveBlock(const WeightBinder& binder, const std::string& name)
    : norm1(binder, name + ".norm1"), norm2(binder, name + ".norm2"), conv1(binder, name + ".conv1"), conv2(binder, name + ".conv2") {
  if (binder.has(name + ".conv1x1.weight")) shortcut = Conv1d(binder, name + ".conv1x1");
  if (!binder.has(name + ".pool.weight")) return;
  const int64_t channels = binder.extent(name + ".pool.weight", 0);
  pool = binder.scope(name).weight("pool.weight", {channels, 1, 3}, Init::fan_in);
  pool_bias = binder.scope(name).weight("pool.bias", {channels}, Init::zeros);
}

Tensor AdaptiveBlock::operator()(const Tensor& x, const Tensor& style) const {
  const int64_t rows = pool.defined() ? 2 * x.dim(0) : x.dim(0);
  AdaptCall call = pool.defined() ? AdaptCall{} : conv1.padded(rows);
  call.activation = VoiceActivation::leaky;
  Tensor y = adapted(x, norm1.affine(style), call);
  y = pool.defined() ? conv1(doubled(y, pool, pool_bias)) : conv1.over(y, rows);
  call = conv2.padded(rows);
  call.activation = VoiceActivation::leaky;
  Tensor straight = shortcut.weight.defined() ? shortcut(x) : x;
  if (pool.defined()) straight = repeated(straight, std::vector<int64_t>(static_cast<size_t>(x.dim(0)), 2));
  y = conv2.over(adapted(y, norm2.affine(style), call), rows, straight);
  return affine(y, 1 / std::numbers::sqrt2_v<float>);
}

SnakeBlock::SnakeBlock(const WeightBinder& binder, const std::string& name) {
  for (int i = 0; binder.has(fmt::format("{}.convs1.{}.weight", name, i)); ++i) {
    Part part;
    part.norm1 = AdaptiveNorm(binder, fmt::format("{}.adain1.{}", name, i));
    part.norm2 = AdaptiveNorm(binder, fmt::format("{}.adain2.{}", name, i));
    part.conv1 = Conv1d(binder, fmt::format("{}.convs1.{}", name, i), 2 * i + 1);
    part.conv2 = Conv1d(binder, fmt::format("{}.convs2.{}", name, i));
    const int64_t channels = part.conv1.weight.dim(0);
    part.alpha1 = binder.scope(name).weight(fmt::format("alpha1.{}", i), {1, channels, 1}, Init::ones);
    part.alpha2 = binder.scope(name).weight(fmt::format("alpha2.{}", i), {1, channels, 1}, Init::ones);
    parts.push_back(std::move(part));
  }
  if (parts.empty()) throw Failure({ErrorCode::mismatch, fmt::format("{} has no convolutions", name)});
}

Tensor SnakeBlock::operator()(Tensor x, const Tensor& style) const {
  const int64_t rows = x.dim(0);
  for (const Part& part : parts) {
    AdaptCall call = part.conv1.padded(rows);
    call.activation = VoiceActivation::snake;
    call.alpha = part.alpha1.data<float>();
    const Tensor y = part.conv1.over(adapted(x, part.norm1.affine(style), call), rows);
    call = part.conv2.padded(rows);
    call.activation = VoiceActivation::snake;
    call.alpha = part.alpha2.data<float>();
    call.rows = rows;
    call.from_phases = part.conv1.dilation;
    x = part.conv2.over(adapted(y, part.norm2.affine(style), call), rows, x);
  }
  return x;
}

Lstm::Lstm(const WeightBinder& binder, const std::string& name) {
  const Shape& in = binder.shape(name + ".input");
  const int64_t gates = in[1];
  if (in.rank() != 3 || in[0] != 2 || gates % 4 != 0) throw Failure({ErrorCode::mismatch, fmt::format("{}.input is {}", name, in.str())});
  const Scope scope = binder.scope(name);
  input.weight = scope.weight("input", in, Init::fan_in).reshape({2 * gates, in[2]});
  input.bias = scope.weight("bias", {2, gates}, Init::zeros).reshape({2 * gates});
  recurrent = scope.weight("recurrent", {2, gates, gates / 4}, Init::fan_in);
}

Tensor Lstm::operator()(const Tensor& x) const { return bidirectional_lstm(cast(linear_in_steps(input, x), DType::f32), recurrent); }

Tensor repeated(const Tensor& x, const std::vector<int64_t>& counts) {
  int64_t rows = 0;
  for (const int64_t count : counts) rows += count;
  Tensor out = Tensor::empty({rows, x.dim(1)}, x.dtype());
  const size_t row = x.bytes() / static_cast<size_t>(std::max<int64_t>(1, x.dim(0)));
  if (DryRun::active()) return out;
  const char* from = static_cast<const char*>(x.raw());
  char* to = static_cast<char*>(out.raw());
  for (const int64_t count : counts) {
    for (int64_t i = 0; i < count; ++i, to += row) std::memcpy(to, from, row);
    from += row;
  }
  return out;
}

}  // namespace ptah
