#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "voice/kernels.cpp"
#include <hwy/foreach_target.h>

#include <cmath>
#include <cstring>

#include "tensor/cpu/packed_copy.h"
#include "tensor/cpu/panel_product.h"
#include "tensor/cpu/simd-inl.h"
#include "voice/kernels.h"

HWY_BEFORE_NAMESPACE();
namespace ptah::HWY_NAMESPACE {

constexpr int64_t kRows = 256;  // of one partial sum

/// Sums over rows of (x − centre) to the power 1 or 2, a channel each; partial sums of kRows rows, whatever the threads.
template <class T>
void sum_rows(const T* x, int64_t rows, int64_t all, int64_t phases, int64_t channels, const float* centre, std::vector<double>& sums) {
  const int64_t parts = (rows + kRows - 1) / kRows;
  std::vector<float> partial(static_cast<size_t>(parts * channels), 0.0F);
  parallel_for(parts, kRows * channels / 8, [&](int64_t begin, int64_t end) {
    for (int64_t part = begin; part < end; ++part) {
      float* to = partial.data() + part * channels;
      const int64_t first = part * kRows, count = first + kRows < rows ? kRows : rows - first;
      int64_t places[kRows];
      for (int64_t i = 0; i < count; ++i) places[i] = parted(first + i, all, phases) * channels;
      for (int64_t c = 0; c < channels; c += lanes()) {
        const VF mid = centre ? load_n(centre + c, channels - c) : hn::Zero(DF());
        VF sum = hn::Zero(DF());
        for (int64_t i = 0; i < count; ++i) {
          const VF value = hn::Sub(load_n(x + places[i] + c, channels - c), mid);
          sum = centre ? hn::MulAdd(value, value, sum) : hn::Add(sum, value);
        }
        store_n(sum, to + c, channels - c);
      }
    }
  });
  sums.assign(static_cast<size_t>(channels), 0.0);
  for (int64_t part = 0; part < parts; ++part)
    for (int64_t c = 0; c < channels; ++c) sums[static_cast<size_t>(c)] += partial[static_cast<size_t>(part * channels + c)];
}

/// sin²: of period π; within half of one a polynomial of odd powers (relative error 10⁻⁷).
HWY_INLINE VF sine_squared(VF x) {
  const VF turns = hn::Round(hn::Mul(x, splat(0.31830988618379067F)));
  VF r = hn::NegMulAdd(turns, splat(3.140625F), x);
  r = hn::NegMulAdd(turns, splat(9.67502593994140625e-4F), r);
  r = hn::NegMulAdd(turns, splat(1.509957990978376432e-7F), r);
  const VF s = hn::Mul(r, r);
  VF p = splat(-2.3889859e-08F);
  p = hn::MulAdd(p, s, splat(2.7525562e-06F));
  p = hn::MulAdd(p, s, splat(-1.9840874e-04F));
  p = hn::MulAdd(p, s, splat(8.3333310e-03F));
  p = hn::MulAdd(p, s, splat(-1.6666667e-01F));
  const VF sine = hn::MulAdd(hn::Mul(p, s), r, r);
  return hn::Mul(sine, sine);
}

template <class T>
void adapt_rows(const T* x, int64_t all, int64_t channels, const float* affine, const AdaptCall& call, T* out) {
  const int64_t rows = call.rows > 0 ? call.rows : all, out_rows = call.before + rows + call.after;
  std::vector<double> sums;
  std::vector<float> mean(static_cast<size_t>(channels)), factor(static_cast<size_t>(channels)), inverse(static_cast<size_t>(channels), 1.0F);
  sum_rows(x, rows, all, call.from_phases, channels, nullptr, sums);
  for (size_t c = 0; c < mean.size(); ++c) mean[c] = static_cast<float>(sums[c] / static_cast<double>(rows));
  sum_rows(x, rows, all, call.from_phases, channels, mean.data(), sums);
  for (size_t c = 0; c < mean.size(); ++c) factor[c] = static_cast<float>((1.0 + affine[c]) / std::sqrt(sums[c] / static_cast<double>(rows) + 1e-5));
  if (call.activation == VoiceActivation::snake)
    for (size_t c = 0; c < mean.size(); ++c) inverse[c] = 1.0F / call.alpha[c];
  const float* shift = affine + channels;
  for (int64_t row = 0; row < out_rows; row = row + 1 == call.before ? call.before + rows : row + 1)
    if (row < call.before || row >= call.before + rows)
      std::memset(static_cast<void*>(out + parted(row, out_rows, call.phases) * channels), 0, static_cast<size_t>(channels) * sizeof(T));
  parallel_for(rows, channels, [&](int64_t begin, int64_t end) {
    for (int64_t row = begin; row < end; ++row) {
      const T* from = x + parted(row, all, call.from_phases) * channels;
      T* to = out + parted(call.before + row, out_rows, call.phases) * channels;
      for (int64_t c = 0; c < channels; c += lanes()) {
        const int64_t left = channels - c;
        VF y = hn::MulAdd(hn::Sub(load_n(from + c, left), load_n(mean.data() + c, left)), load_n(factor.data() + c, left), load_n(shift + c, left));
        if (call.activation == VoiceActivation::leaky) y = hn::IfThenElse(hn::Gt(y, hn::Zero(DF())), y, hn::Mul(y, splat(0.2F)));
        if (call.activation == VoiceActivation::snake)
          y = hn::MulAdd(sine_squared(hn::Mul(y, load_n(call.alpha + c, left))), load_n(inverse.data() + c, left), y);
        store_n(y, to + c, left);
      }
    }
  });
}

void adapt(const Tensor& x, const Tensor& affine, const AdaptCall& call, Tensor& out) {
  const int64_t rows = x.dim(0), channels = x.dim(1);
  if (x.dtype() == DType::bf16)
    adapt_rows(x.data<bf16>(), rows, channels, affine.data<float>(), call, out.data<bf16>());
  else
    adapt_rows(x.data<float>(), rows, channels, affine.data<float>(), call, out.data<float>());
}

/// Sums of a panel [count, kPanel], plus bias and residual, as T: rows of `to` and of the residual are `step` apart; `columns` of the panel count.
template <class T>
void finish_panel(const float* sums, int64_t count, int64_t columns, const float* bias, const T* residual, T* to, int64_t step) {
  for (int64_t row = 0; row < count; ++row)
    for (int64_t c = 0; c < columns; c += lanes()) {
      VF y = load(sums + row * detail::kPanel + c);
      if (bias) y = hn::Add(y, load_n(bias + c, columns - c));
      if (residual) y = hn::Add(y, load_n(residual + row * step + c, columns - c));
      store_n(y, to + row * step + c, columns - c);
    }
}

void finish_bf16(const float* sums, int64_t count, int64_t columns, const float* bias, const bf16* residual, bf16* to, int64_t step) {
  finish_panel(sums, count, columns, bias, residual, to, step);
}
void finish_f32(const float* sums, int64_t count, int64_t columns, const float* bias, const float* residual, float* to, int64_t step) {
  finish_panel(sums, count, columns, bias, residual, to, step);
}

constexpr int64_t kGatePanel = 4;  // vectors of gates at a time

/// One direction: panels [4 h / w][h][w] of the recurrent matrix, w = kGatePanel vectors (the last may be narrower, filled up with zeros).
void lstm_direction(const float* inputs, int64_t stride, const float* panels, int64_t steps, int64_t h, bool backwards, float* out, int64_t out_stride) {
  const int64_t width = kGatePanel * lanes(), count = (4 * h + width - 1) / width;
  std::vector<float> state(static_cast<size_t>(h), 0.0F), cell(static_cast<size_t>(h), 0.0F), gates(static_cast<size_t>(count * width), 0.0F);
  for (int64_t i = 0; i < steps; ++i) {
    const int64_t t = backwards ? steps - 1 - i : i;
    const float* given = inputs + t * stride;
    for (int64_t panel = 0; panel < count; ++panel) {
      VF sums[kGatePanel];
      for (int64_t v = 0; v < kGatePanel; ++v) {
        const int64_t at = panel * width + v * lanes();
        sums[v] = at < 4 * h ? load_n(given + at, 4 * h - at) : hn::Zero(DF());
      }
      const float* weights = panels + panel * h * width;
      for (int64_t k = 0; k < h; ++k) {
        const VF value = splat(state[static_cast<size_t>(k)]);
        for (int64_t v = 0; v < kGatePanel; ++v) sums[v] = hn::MulAdd(load(weights + k * width + v * lanes()), value, sums[v]);
      }
      for (int64_t v = 0; v < kGatePanel; ++v) store(sums[v], gates.data() + panel * width + v * lanes());
    }
    for (int64_t c = 0; c < h; c += lanes()) {
      const int64_t left = h - c;
      const VF in = sigmoid(load_n(gates.data() + c, left)), open = sigmoid(load_n(gates.data() + h + c, left));
      const VF keep = sigmoid(load_n(gates.data() + 2 * h + c, left)), news = tanh(load_n(gates.data() + 3 * h + c, left));
      const VF now = hn::MulAdd(keep, load_n(cell.data() + c, left), hn::Mul(in, news));
      store_n(now, cell.data() + c, left);
      const VF y = hn::Mul(open, tanh(now));
      store_n(y, state.data() + c, left);
      store_n(y, out + t * out_stride + c, left);
    }
  }
}

/// How many gates the panels of a direction hold.
int64_t gate_columns(int64_t h) {
  const int64_t width = kGatePanel * lanes();
  return (4 * h + width - 1) / width * width;
}

/// The recurrent matrices [2, 4 h, h] of both directions as panels, one behind the other.
void pack_gates(const float* recurrent, int64_t h, float* panels) {
  const int64_t width = kGatePanel * lanes(), columns = gate_columns(h);
  std::memset(panels, 0, static_cast<size_t>(2 * columns * h) * sizeof(float));
  parallel_for(2 * 4 * h, h, [&](int64_t begin, int64_t end) {
    for (int64_t row = begin; row < end; ++row) {
      const int64_t gate = row % (4 * h);
      float* to = panels + row / (4 * h) * columns * h + gate / width * h * width + gate % width;
      for (int64_t k = 0; k < h; ++k) to[k * width] = recurrent[row * h + k];
    }
  });
}

void lstm(const float* inputs, const float* panels, int64_t steps, int64_t h, float* out) {
  const int64_t columns = gate_columns(h);
  parallel_for(2, steps * h * 4 * h, [&](int64_t begin, int64_t end) {
    for (int64_t d = begin; d < end; ++d) lstm_direction(inputs + d * 4 * h, 8 * h, panels + d * columns * h, steps, h, d == 1, out + d * h, 2 * h);
  });
}

}  // namespace ptah::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
#include "base/memory.h"
#include "tensor/ops.h"

namespace ptah {

// Names of packed copies (packed_copy.h).
constexpr int64_t kKernelPanels = 40, kGatePanels = 41;

HWY_EXPORT(adapt);
HWY_EXPORT(finish_bf16);
HWY_EXPORT(finish_f32);
HWY_EXPORT(gate_columns);
HWY_EXPORT(pack_gates);
HWY_EXPORT(lstm);

Tensor adapted(const Tensor& x, const Tensor& affine, const AdaptCall& call) {
  PTAH_CHECK(x.rank() == 2 && affine.elements() == 2 * x.dim(1) && (x.dtype() == DType::f32 || x.dtype() == DType::bf16),
             "adaptive norm: x {} and {} parameters", x.shape().str(), affine.elements());
  const int64_t rows = call.before + (call.rows > 0 ? call.rows : x.dim(0)) + call.after;
  PTAH_CHECK(call.rows <= x.dim(0) && x.dim(0) % call.from_phases == 0 && rows % call.phases == 0, "adaptive norm: {} rows of {} in {} and {} phases",
             call.rows, x.dim(0), call.from_phases, call.phases);
  Tensor out = Tensor::empty({rows, x.dim(1)}, x.dtype());
  if (!DryRun::active()) HWY_DYNAMIC_DISPATCH(adapt)(x, affine, call, out);
  return out;
}

Tensor bidirectional_lstm(const Tensor& inputs, const Tensor& recurrent) {
  PTAH_CHECK(recurrent.rank() == 3 && recurrent.dim(0) == 2 && recurrent.dim(1) == 4 * recurrent.dim(2) && inputs.elements() % (2 * recurrent.dim(1)) == 0,
             "LSTM: inputs {} and recurrent weights {}", inputs.shape().str(), recurrent.shape().str());
  const int64_t h = recurrent.dim(2), steps = inputs.elements() / (8 * h), columns = HWY_DYNAMIC_DISPATCH(gate_columns)(h);
  count_flops(steps * 2 * 2 * 4 * h * h);
  detail::Key key;
  key << kGatePanels << columns;
  const auto panels = detail::filled_copy(recurrent, key, static_cast<size_t>(2 * columns * h) * sizeof(float), [&](void* to) {
    const Tensor numbers = passing_numbers(recurrent);
    HWY_DYNAMIC_DISPATCH(pack_gates)(numbers.data<float>(), h, static_cast<float*>(to));
  });
  Tensor out = Tensor::empty({steps, 2 * h});
  if (!DryRun::active()) HWY_DYNAMIC_DISPATCH(lstm)(inputs.data<float>(), static_cast<const float*>(panels->data()), steps, h, out.data<float>());
  return out;
}

namespace {

/// The weight f32 [out, in, 1, kernel] as panels of kPanel outputs, each [kernel · in / 2][kPanel][2].
void pack_kernels(const float* weight, int64_t out, int64_t in, int64_t kernel, bf16* packed) {
  const int64_t depth = in * kernel, panels = (out + detail::kPanel - 1) / detail::kPanel;
  parallel_for(panels * kernel, detail::kPanel * in * 2, [&](int64_t begin, int64_t end) {
    for (int64_t item = begin; item < end; ++item) {
      const int64_t panel = item / kernel, k = item % kernel, count = std::min(detail::kPanel, out - panel * detail::kPanel);
      bf16* to = packed + panel * detail::kPanel * depth;
      for (int64_t o = 0; o < detail::kPanel; ++o) {
        const float* from = o < count ? weight + (panel * detail::kPanel + o) * depth + k : nullptr;
        for (int64_t i = 0; i < in; ++i) {
          const int64_t d = k * in + i;
          to[(d / 2 * detail::kPanel + o) * 2 + d % 2] = from ? to_bf16(from[i * kernel]) : bf16{};
        }
      }
    }
  });
}

}  // namespace

bool has_panel_convolution(const Tensor& x, const Tensor& weight) {
  return x.dtype() == DType::bf16 && detail::has_panel_product() && weight.dim(1) * weight.dim(3) % 2 == 0 && !GradScope::wants({&x, &weight});
}

Tensor panel_convolution(const Tensor& x, const Tensor& weight, const PanelConvolution& call) {
  const int64_t out_width = weight.dim(0), in = weight.dim(1), kernel = weight.dim(3), depth = in * kernel, length = x.dim(0) / call.parts;
  PTAH_CHECK(x.dim(1) == in && x.dim(0) % call.parts == 0 && call.rows > 0 && (call.rows - 1) * call.stride + kernel <= length,
             "a convolution of x {} with {} to {} rows in {} parts", x.shape().str(), weight.shape().str(), call.rows, call.parts);
  const int64_t panels = (out_width + detail::kPanel - 1) / detail::kPanel, chunks = (call.rows + detail::kChunkRows - 1) / detail::kChunkRows;
  Tensor out = Tensor::empty({call.parts * call.rows, out_width}, call.type);
  PTAH_CHECK(!call.residual.defined() || (call.residual.shape() == out.shape() && call.residual.dtype() == call.type), "residual {} of {}",
             call.residual.shape().str(), out.shape().str());
  count_flops(2 * call.parts * call.rows * out_width * depth);
  detail::Key key;
  key << kKernelPanels;
  const auto packed = detail::filled_copy(weight, key, static_cast<size_t>(panels * detail::kPanel * depth) * sizeof(bf16), [&](void* to) {
    const Tensor numbers = cast(passing_numbers(weight), DType::f32);
    pack_kernels(numbers.data<float>(), out_width, in, kernel, static_cast<bf16*>(to));
  });
  if (DryRun::active()) return out;
  const auto* from = x.data<bf16>();
  const float* bias = call.bias.defined() ? call.bias.data<float>() : nullptr;
  const auto finish = [&](const float* sums, int64_t count, int64_t column, int64_t at) {
    const int64_t columns = std::min(detail::kPanel, out_width - column);
    const float* base = bias ? bias + column : nullptr;
    if (call.type == DType::f32) HWY_DYNAMIC_DISPATCH(finish_f32)
    (sums, count, columns, base, call.residual.defined() ? call.residual.data<float>() + at : nullptr, out.data<float>() + at, out_width);
    else HWY_DYNAMIC_DISPATCH(finish_bf16)(sums, count, columns, base, call.residual.defined() ? call.residual.data<bf16>() + at : nullptr,
                                           out.data<bf16>() + at, out_width);
  };
  parallel_for(call.parts * chunks * panels, detail::kChunkRows * detail::kPanel * depth / 16, [&](int64_t begin, int64_t end) {
    std::vector<float> sums(static_cast<size_t>(detail::kChunkRows * detail::kPanel));
    for (int64_t i = begin; i < end; ++i) {
      const int64_t panel = i % panels, chunk = i / panels % chunks, part = i / panels / chunks;
      const int64_t first = chunk * detail::kChunkRows, count = std::min(detail::kChunkRows, call.rows - first), column = panel * detail::kPanel;
      detail::multiply_panel(from + (part * length + first * call.stride) * in, call.stride * in, count, depth,
                             static_cast<const bf16*>(packed->data()) + column * depth, sums.data());
      finish(sums.data(), count, column, (part * call.rows + first) * out_width + column);
    }
  });
  return out;
}

}  // namespace ptah
#endif
