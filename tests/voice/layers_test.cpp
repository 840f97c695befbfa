// Layers of the speech network against the same sums written plainly.
#include "voice/layers.h"

#include <gtest/gtest.h>

#include <cmath>
#include <random>

#include "base/parallel.h"
#include "tensor/ops.h"
#include "tests/skip.h"
#include "voice/source.h"
#include "weights/onnx.h"

namespace ptah {

namespace {

std::vector<float> noise(size_t count, uint32_t seed) {
  std::mt19937 random(seed);
  std::uniform_real_distribution<float> value(-1, 1);
  std::vector<float> out(count);
  for (float& x : out) x = value(random);
  return out;
}

void expect_near(const std::vector<float>& found, const std::vector<float>& wanted, float tolerance) {
  ASSERT_EQ(found.size(), wanted.size());
  for (size_t i = 0; i < found.size(); ++i) ASSERT_NEAR(found[i], wanted[i], tolerance) << "at " << i;
}

double sigma(double x) { return 1 / (1 + std::exp(-x)); }

}  // namespace

TEST(VoiceLayers, AdaptiveNormIsMeanVarianceAndActivation) {
  const int64_t rows = 523, channels = 37;
  const auto x = noise(static_cast<size_t>(rows * channels), 1), affine = noise(static_cast<size_t>(2 * channels), 2);
  auto alpha = noise(static_cast<size_t>(channels), 3);
  for (float& a : alpha) a = 2 + 10 * a * a;
  for (const VoiceActivation activation : {VoiceActivation::none, VoiceActivation::leaky, VoiceActivation::snake}) {
    std::vector<float> wanted(static_cast<size_t>((rows + 5) * channels), 0.0F);
    for (int64_t c = 0; c < channels; ++c) {
      double mean = 0, variance = 0;
      for (int64_t t = 0; t < rows; ++t) mean += x[static_cast<size_t>(t * channels + c)];
      mean /= rows;
      for (int64_t t = 0; t < rows; ++t) variance += std::pow(x[static_cast<size_t>(t * channels + c)] - mean, 2);
      variance /= rows;
      for (int64_t t = 0; t < rows; ++t) {
        double y = (x[static_cast<size_t>(t * channels + c)] - mean) / std::sqrt(variance + 1e-5) * (1 + affine[static_cast<size_t>(c)]) +
                   affine[static_cast<size_t>(channels + c)];
        const double a = alpha[static_cast<size_t>(c)];
        if (activation == VoiceActivation::leaky && y < 0) y *= 0.2;
        if (activation == VoiceActivation::snake) y += std::pow(std::sin(a * y), 2) / a;
        wanted[static_cast<size_t>((t + 3) * channels + c)] = static_cast<float>(y);
      }
    }
    const Tensor given = Tensor::from({rows, channels}, x);
    const AdaptCall call{.activation = activation, .alpha = alpha.data(), .before = 3, .after = 2};
    set_threads(1);
    const auto one = adapted(given, Tensor::from({2 * channels}, affine), call).to_vector();
    set_threads(3);
    const auto three = adapted(given, Tensor::from({2 * channels}, affine), call).to_vector();
    set_threads(0);
    expect_near(one, wanted, 2e-5F);
    EXPECT_EQ(one, three);
  }
}

TEST(VoiceLayers, LstmGoesBothWays) {
  const int64_t steps = 9, h = 21;
  const auto inputs = noise(static_cast<size_t>(steps * 8 * h), 4), recurrent = noise(static_cast<size_t>(8 * h * h), 5);
  std::vector<float> wanted(static_cast<size_t>(steps * 2 * h));
  for (int64_t d = 0; d < 2; ++d) {
    std::vector<double> state(static_cast<size_t>(h), 0.0), cell(static_cast<size_t>(h), 0.0);
    for (int64_t i = 0; i < steps; ++i) {
      const int64_t t = d == 0 ? i : steps - 1 - i;
      std::vector<double> gate(static_cast<size_t>(4 * h));
      for (int64_t g = 0; g < 4 * h; ++g) {
        double sum = inputs[static_cast<size_t>((t * 2 + d) * 4 * h + g)];
        for (int64_t k = 0; k < h; ++k) sum += static_cast<double>(recurrent[static_cast<size_t>((d * 4 * h + g) * h + k)]) * state[static_cast<size_t>(k)];
        gate[static_cast<size_t>(g)] = sum;
      }
      for (int64_t k = 0; k < h; ++k) {
        const auto at = [&](int64_t g) { return gate[static_cast<size_t>(g * h + k)]; };
        cell[static_cast<size_t>(k)] = sigma(at(2)) * cell[static_cast<size_t>(k)] + sigma(at(0)) * std::tanh(at(3));
        state[static_cast<size_t>(k)] = sigma(at(1)) * std::tanh(cell[static_cast<size_t>(k)]);
        wanted[static_cast<size_t>(t * 2 * h + d * h + k)] = static_cast<float>(state[static_cast<size_t>(k)]);
      }
    }
  }
  expect_near(bidirectional_lstm(Tensor::from({steps, 8 * h}, inputs), Tensor::from({2, 4 * h, h}, recurrent)).to_vector(), wanted, 2e-5F);
}

TEST(VoiceLayers, ConvolutionsOverTimeAreDilatedAndStrided) {
  const int64_t in = 3, out = 5;
  for (const int64_t rows : {7, 20, 61})
    for (const int64_t kernel : {3, 11})
      for (const int64_t dilation : {1, 3, 5}) {
        const auto x = noise(static_cast<size_t>(rows * in), 6), weight = noise(static_cast<size_t>(out * in * kernel), 7), bias = noise(out, 8),
                   more = noise(static_cast<size_t>(rows * out), 9);
        Conv1d conv;
        conv.weight = Tensor::from({out, in, 1, kernel}, weight);
        conv.bias = Tensor::from({out}, bias);
        conv.dilation = dilation;
        std::vector<float> wanted(static_cast<size_t>(rows * out));
        for (int64_t t = 0; t < rows; ++t)
          for (int64_t o = 0; o < out; ++o) {
            double sum = bias[static_cast<size_t>(o)];
            for (int64_t k = 0; k < kernel; ++k) {
              const int64_t from = t + (k - kernel / 2) * dilation;
              if (from < 0 || from >= rows) continue;
              for (int64_t i = 0; i < in; ++i)
                sum += static_cast<double>(weight[static_cast<size_t>((o * in + i) * kernel + k)]) * x[static_cast<size_t>(from * in + i)];
            }
            wanted[static_cast<size_t>(t * out + o)] = static_cast<float>(sum);
          }
        // Padded and parted, as the norm before it gives it.
        const AdaptCall around = conv.padded(rows);
        const int64_t padded = around.before + rows + around.after;
        std::vector<float> laid(static_cast<size_t>(padded * in), 0.0F);
        for (int64_t t = 0; t < rows; ++t)
          for (int64_t i = 0; i < in; ++i) laid[static_cast<size_t>(parted(around.before + t, padded, dilation) * in + i)] = x[static_cast<size_t>(t * in + i)];
        const Tensor result = conv.over(Tensor::from({padded, in}, laid), rows);
        const std::vector<float> numbers = result.to_vector();
        std::vector<float> found(wanted.size());
        for (int64_t t = 0; t < rows; ++t)
          for (int64_t o = 0; o < out; ++o)
            found[static_cast<size_t>(t * out + o)] = numbers[static_cast<size_t>(parted(t, result.dim(0), dilation) * out + o)];
        expect_near(found, wanted, 1e-5F);
        if (dilation > 1) continue;
        expect_near(conv(Tensor::from({rows, in}, x)).to_vector(), wanted, 1e-5F);
        for (size_t i = 0; i < wanted.size(); ++i) wanted[i] += more[i];
        expect_near(conv.over(Tensor::from({padded, in}, laid), rows, Tensor::from({rows, out}, more)).to_vector(), wanted, 1e-5F);
      }
}

TEST(VoiceLayers, PanelConvolutionsAreConvolutionsInBf16) {
  struct Sizes {
    int64_t rows, in, out, kernel, stride, parts;
  };
  for (const Sizes s :
       {Sizes{203, 6, 70, 3, 1, 1}, Sizes{97, 64, 22, 7, 1, 1}, Sizes{300, 10, 128, 12, 6, 1}, Sizes{50, 4, 64, 5, 1, 3}, Sizes{1, 2, 2, 1, 1, 1}}) {
    const int64_t length = (s.rows - 1) * s.stride + s.kernel;
    const auto numbers = [](const Shape& shape, uint32_t seed) {
      return cast(Tensor::from(shape, noise(static_cast<size_t>(shape.elements()), seed)), DType::bf16);
    };
    const Tensor x = numbers({s.parts * length, s.in}, 30), weight = cast(numbers({s.out, s.in, 1, s.kernel}, 31), DType::f32);
    if (!has_panel_convolution(x, weight)) PTAH_LEFT_OUT("processor", "no bf16 products without tiles");
    const Tensor bias = Tensor::from({s.out}, noise(static_cast<size_t>(s.out), 32)), more = numbers({s.parts * s.rows, s.out}, 33);
    const PanelConvolution call{s.parts, s.rows, s.stride, bias, more};
    set_threads(1);
    const auto one = panel_convolution(x, weight, call).to_vector();
    set_threads(3);
    const auto three = panel_convolution(x, weight, call).to_vector();
    set_threads(0);
    EXPECT_EQ(one, three);
    const auto rows = x.to_vector(), kernels = weight.to_vector(), base = bias.to_vector(), residual = more.to_vector();
    for (int64_t part = 0; part < s.parts; ++part)
      for (int64_t t = 0; t < s.rows; ++t)
        for (int64_t o = 0; o < s.out; ++o) {
          double sum = base[static_cast<size_t>(o)];
          for (int64_t k = 0; k < s.kernel; ++k)
            for (int64_t i = 0; i < s.in; ++i)
              sum += static_cast<double>(rows[static_cast<size_t>((part * length + t * s.stride + k) * s.in + i)]) *
                     kernels[static_cast<size_t>((o * s.in + i) * s.kernel + k)];
          const auto at = static_cast<size_t>((part * s.rows + t) * s.out + o);
          sum += residual[at];
          ASSERT_NEAR(one[at], sum, 0.01 + 0.01 * std::abs(sum)) << part << ' ' << t << ' ' << o;
        }
  }
}

TEST(VoiceLayers, TheNormReadsAndWritesRowsApart) {
  const int64_t rows = 50, channels = 5, from = 3, to = 5, all = 54;
  const auto x = noise(static_cast<size_t>(rows * channels), 20), affine = noise(static_cast<size_t>(2 * channels), 21);
  auto laid = noise(static_cast<size_t>(all * channels), 22);  // what lies behind the rows counts for nothing
  for (int64_t t = 0; t < rows; ++t)
    for (int64_t c = 0; c < channels; ++c) laid[static_cast<size_t>(parted(t, all, from) * channels + c)] = x[static_cast<size_t>(t * channels + c)];
  const Tensor parameters = Tensor::from({2 * channels}, affine);
  const auto wanted = adapted(Tensor::from({rows, channels}, x), parameters, {.before = 4, .after = 6}).to_vector();
  const auto found =
      adapted(Tensor::from({all, channels}, laid), parameters, {.rows = rows, .before = 4, .after = 6, .from_phases = from, .phases = to}).to_vector();
  ASSERT_EQ(found.size(), wanted.size());
  for (int64_t t = 0; t < rows + 10; ++t)
    for (int64_t c = 0; c < channels; ++c)
      ASSERT_EQ(found[static_cast<size_t>(parted(t, rows + 10, to) * channels + c)], wanted[static_cast<size_t>(t * channels + c)]) << t;
}

TEST(VoiceLayers, UpsamplingIsATransposedConvolution) {
  const int64_t rows = 6, in = 4, out = 3, stride = 6, kernel = 12;
  const auto x = noise(static_cast<size_t>(rows * in), 10), weight = noise(static_cast<size_t>(in * out * kernel), 11), bias = noise(out, 12);
  std::vector<float> wanted(static_cast<size_t>(rows * stride * out));
  for (int64_t t = 0; t < rows * stride; ++t)
    for (int64_t o = 0; o < out; ++o) wanted[static_cast<size_t>(t * out + o)] = bias[static_cast<size_t>(o)];
  for (int64_t t = 0; t < rows; ++t)
    for (int64_t k = 0; k < kernel; ++k) {
      const int64_t to = t * stride - (kernel - stride) / 2 + k;
      if (to < 0 || to >= rows * stride) continue;
      for (int64_t o = 0; o < out; ++o)
        for (int64_t i = 0; i < in; ++i)
          wanted[static_cast<size_t>(to * out + o)] += x[static_cast<size_t>(t * in + i)] * weight[static_cast<size_t>((i * out + o) * kernel + k)];
    }
  Weights weights({{"up.weight", Tensor::from({in, out, kernel}, weight)}, {"up.bias", Tensor::from({out}, bias)}});
  const Upsampling up(WeightBinder{weights, "", false, WeightPacking::plain}, "up");
  expect_near(up(Tensor::from({rows, in}, x)).to_vector(), wanted, 1e-5F);
}

TEST(VoiceSource, SpectrumAndBackIsTheSound) {
  auto sound = noise(600, 13);
  const Tensor spectrum = spectrum_of(sound, 20);
  EXPECT_EQ(spectrum.shape(), (Shape{121, 22}));
  expect_near(sound_of(spectrum, 20), sound, 1e-5F);
}

TEST(VoiceSource, HarmonicsHaveThePitch) {
  const int64_t rate = 24000, frame = 300;
  const std::vector<float> pitch(40, 200.0F);
  const auto sound = harmonic_source(pitch, frame, rate, Tensor::from({2, 1}, {1.0F, 0.0F}), 0);
  ASSERT_EQ(sound.size(), 12000U);
  int crossings = 0;
  for (size_t i = 1; i < sound.size(); ++i) crossings += sound[i - 1] < 0 && sound[i] >= 0;
  EXPECT_NEAR(crossings, 100, 2) << "half a second of 200 Hz";
  float peak = 0;
  for (const float x : sound) peak = std::max(peak, std::abs(x));
  EXPECT_NEAR(peak, std::tanh(0.1), 1e-3);
  const auto silent = harmonic_source(std::vector<float>(40, 5.0F), frame, rate, Tensor::from({2, 1}, {1.0F, 0.0F}), 0.25F);
  for (const float x : silent) ASSERT_FLOAT_EQ(x, std::tanh(0.25F));
}

namespace {

std::string field(int number, const std::string& data) { return std::string(1, static_cast<char>(number << 3 | 2)) + static_cast<char>(data.size()) + data; }
Result<OnnxFile> parsed(const std::string& text) { return parse_onnx({reinterpret_cast<const uint8_t*>(text.data()), text.size()}); }

}  // namespace

TEST(Onnx, GraphsAreReadAndBrokenOnesRefused) {
  const std::string dims = std::string("\x08\x02\x08\x01", 4), type = std::string("\x10\x01", 2);
  const std::string tensor = dims + type + field(8, "w") + field(9, std::string("\0\0\x80\x3f\0\0\0\x40", 8));
  const std::string node = field(1, "x") + field(1, "w") + field(2, "y") + field(3, "/a/MatMul") + field(4, "MatMul");
  const std::string whole = field(7, field(1, node) + field(5, tensor));
  const auto file = parsed(whole);
  ASSERT_TRUE(file) << file.error().message;
  ASSERT_EQ(file->nodes.size(), 1U);
  EXPECT_EQ(file->nodes[0].operation, "MatMul");
  EXPECT_EQ(file->nodes[0].inputs, (std::vector<std::string>{"x", "w"}));
  const OnnxTensor& w = file->initialisers.at("w");
  EXPECT_EQ(w.shape, (std::vector<int64_t>{2, 1}));
  EXPECT_EQ(w.elements(), 2);

  const std::string counts = std::string("\x08\x02\x10\x07", 4) + field(8, "n") + field(7, std::string("\x05\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01", 11));
  const auto varied = parsed(field(7, field(5, counts)));
  ASSERT_TRUE(varied) << varied.error().message;
  const OnnxTensor& n = varied->initialisers.at("n");
  ASSERT_EQ(n.elements(), 2) << "numbers of variable length";
  EXPECT_EQ(n.bytes[0], 5);
  EXPECT_EQ(n.bytes[15], 0xFF) << "-1";

  for (size_t cut = 1; cut < whole.size(); ++cut) {
    const auto broken = parsed(whole.substr(0, cut));
    ASSERT_FALSE(broken) << cut;
    EXPECT_EQ(broken.error().code, ErrorCode::corrupt) << cut;
  }
  const auto small = parsed(field(7, field(5, dims + type + field(8, "w") + field(9, "abcd"))));
  ASSERT_FALSE(small);
  EXPECT_EQ(small.error().code, ErrorCode::corrupt);
  const auto twice = parsed(field(7, field(5, tensor) + field(5, tensor)));
  ASSERT_FALSE(twice);
  EXPECT_NE(twice.error().message.find("twice"), std::string::npos);
}

}  // namespace ptah
