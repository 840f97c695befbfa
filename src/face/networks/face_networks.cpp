#include "face/networks/face_networks.h"

#include <algorithm>
#include <cmath>

#include "tensor/ops.h"
#include "weights/tfjs.h"

namespace ptah {

namespace {

/// A part of a picture as numbers 0 to 255, [height, width, 3]; what lies outside is black.
struct PixelBlock {
  int64_t width = 0, height = 0;
  std::vector<float> rgb;
};

PixelBlock cut_block(const Image& picture, int64_t left, int64_t top, int64_t width, int64_t height) {
  PixelBlock out{width, height, std::vector<float>(static_cast<size_t>(width * height * 3), 0)};
  for (int64_t y = std::max<int64_t>(0, -top); y < std::min(height, picture.height - top); ++y)
    for (int64_t x = std::max<int64_t>(0, -left); x < std::min(width, picture.width - left); ++x)
      for (int64_t c = 0; c < 3; ++c) out.rgb[static_cast<size_t>((y * width + x) * 3 + c)] = picture.at(left + x, top + y)[c];
  return out;
}

/// With black on the shorter side: behind, or on both sides.
PixelBlock squared_block(const PixelBlock& block, bool centred) {
  const int64_t edge = std::max(block.width, block.height), more_x = edge - block.width, more_y = edge - block.height;
  // The larger half lies behind, as face-api has it.
  const int64_t left = centred ? more_x - (more_x + 1) / 2 : 0, top = centred ? more_y - (more_y + 1) / 2 : 0;
  PixelBlock out{edge, edge, std::vector<float>(static_cast<size_t>(edge * edge * 3), 0)};
  for (int64_t y = 0; y < block.height; ++y)
    std::copy_n(block.rgb.begin() + y * block.width * 3, block.width * 3, out.rgb.begin() + ((y + top) * edge + left) * 3);
  return out;
}

/// TensorFlow's resizeBilinear with its first corners aligned, less a mean, through 255: [1, edge, edge, 3].
Tensor network_input(const PixelBlock& block, int64_t edge, const std::array<float, 3>& mean) {
  std::vector<float> out(static_cast<size_t>(edge * edge * 3));
  const float step = static_cast<float>(block.width) / static_cast<float>(edge);
  for (int64_t y = 0; y < edge; ++y)
    for (int64_t x = 0; x < edge; ++x) {
      const float fx = static_cast<float>(x) * step, fy = static_cast<float>(y) * step;
      const auto x0 = static_cast<int64_t>(fx), y0 = static_cast<int64_t>(fy);
      const int64_t x1 = std::min(x0 + 1, block.width - 1), y1 = std::min(y0 + 1, block.height - 1);
      const float tx = fx - static_cast<float>(x0), ty = fy - static_cast<float>(y0);
      for (int64_t c = 0; c < 3; ++c) {
        const auto at = [&](int64_t px, int64_t py) { return block.rgb[static_cast<size_t>((py * block.width + px) * 3 + c)]; };
        const float top = at(x0, y0) + (at(x1, y0) - at(x0, y0)) * tx, low = at(x0, y1) + (at(x1, y1) - at(x0, y1)) * tx;
        out[static_cast<size_t>((y * edge + x) * 3 + c)] = (top + (low - top) * ty - mean[static_cast<size_t>(c)]) / 255;
      }
    }
  return Tensor::from({1, edge, edge, 3}, out);
}

/// [kh, kw, in, out] → [out, in, kh, kw]; of a depthwise one [kh, kw, channels, 1] → [channels, 1, kh, kw].
Tensor turned_filters(const Tensor& filters, bool depthwise) {
  const int64_t kh = filters.shape()[0], kw = filters.shape()[1], in = filters.shape()[2], out = filters.shape()[3];
  const float* from = filters.data<float>();
  std::vector<float> to(static_cast<size_t>(kh * kw * in * out));
  for (int64_t y = 0; y < kh; ++y)
    for (int64_t x = 0; x < kw; ++x)
      for (int64_t i = 0; i < in; ++i)
        for (int64_t o = 0; o < out; ++o) {
          const float value = from[((y * kw + x) * in + i) * out + o];
          to[static_cast<size_t>(depthwise ? (i * kh + y) * kw + x : ((o * in + i) * kh + y) * kw + x)] = value;
        }
  return depthwise ? Tensor::from({in, 1, kh, kw}, to) : Tensor::from({out, in, kh, kw}, to);
}

/// Zeros round a picture as TensorFlow's "same" has them: the odd one behind.
Tensor same_padded(const Tensor& x, int64_t kernel, int64_t stride) {
  Tensor out = x;
  for (const int axis : {1, 2}) {
    const int64_t size = x.shape()[axis], steps = (size + stride - 1) / stride, all = std::max<int64_t>(0, (steps - 1) * stride + kernel - size);
    if (all > 0) out = pad(out, axis, all / 2, all - all / 2);
  }
  return out;
}

Tensor positive(const Tensor& x) {
  std::vector<float> out(x.data<float>(), x.data<float>() + x.shape().elements());
  for (float& value : out) value = std::max(0.0F, value);
  return Tensor::from(x.shape(), out);
}
Tensor leaky(const Tensor& x) {
  std::vector<float> out(x.data<float>(), x.data<float>() + x.shape().elements());
  for (float& value : out) value = value > 0 ? value : value * 0.1F;
  return Tensor::from(x.shape(), out);
}

/// One network's weights, their filters turned once.
class NamedLayers {
 public:
  explicit NamedLayers(TfjsWeights weights) : weights_(std::move(weights)) {
    for (auto& [name, tensor] : weights_)
      if (name.ends_with("filters") || name.ends_with("_filter")) {
        if (tensor.shape().rank() != 4) throw Failure(Error{ErrorCode::corrupt, name + " is no filter"});
        tensor = turned_filters(tensor, name.ends_with("depthwise_filter"));
      }
  }
  const Tensor& get(const std::string& name) const {
    const auto found = weights_.find(name);
    if (found == weights_.end()) throw Failure(Error{ErrorCode::corrupt, "there is no weight '" + name + "'"});
    return found->second;
  }
  bool has(const std::string& name) const { return weights_.contains(name); }
  /// A convolution without padding of its own.
  Tensor conv(const Tensor& x, const std::string& name, int64_t stride) const {
    return conv2d(x, get(name + "/filters"), {.bias = get(name + "/bias"), .stride = stride});
  }
  /// Depthwise, then pointwise.
  Tensor separable(const Tensor& x, const std::string& name, int64_t stride) const {
    const Tensor& depth = get(name + "/depthwise_filter");
    const Tensor mixed = conv2d(x, depth, {.stride = stride, .groups = depth.shape()[0]});
    return conv2d(mixed, get(name + "/pointwise_filter"), {.bias = get(name + "/bias")});
  }

 private:
  TfjsWeights weights_;
};

/// Landmarks and expressions: four blocks of separable convolutions whose results are summed, and a linear layer.
std::vector<float> dense_network(const NamedLayers& layers, const Tensor& input) {
  Tensor x = input;
  for (int i = 0; i < 4; ++i) {
    const std::string block = "dense" + std::to_string(i) + "/conv";
    const Tensor in = same_padded(x, 3, 2);
    Tensor sum = positive(i == 0 ? layers.conv(in, block + "0", 2) : layers.separable(in, block + "0", 2));
    for (const char* next : {"1", "2"}) sum = add(sum, layers.separable(same_padded(next[0] == '1' ? sum : positive(sum), 3, 1), block + next, 1));
    sum = add(sum, layers.separable(same_padded(positive(sum), 3, 1), block + "3", 1));
    x = positive(sum);
  }
  const Tensor pooled = avg_pool2d(x, {.kernel = 7, .stride = 2});
  const Tensor &weights = layers.get("fc/weights"), &bias = layers.get("fc/bias");
  const int64_t in = weights.shape()[0], count = weights.shape()[1];
  if (pooled.shape().elements() != in) throw Failure(Error{ErrorCode::corrupt, "fc/weights are of another network"});
  std::vector<float> out(bias.data<float>(), bias.data<float>() + count);
  for (int64_t i = 0; i < in; ++i)
    for (int64_t o = 0; o < count; ++o) out[static_cast<size_t>(o)] += pooled.data<float>()[i] * weights.data<float>()[i * count + o];
  return out;
}

/// A layer of the identity network: convolution, scale of each channel, perhaps no negative numbers.
Tensor scaled_conv(const NamedLayers& layers, const Tensor& x, const std::string& name, int64_t stride, bool clipped) {
  const Tensor out = layers.conv(x, name + "/conv", stride);
  const Tensor &weights = layers.get(name + "/scale/weights"), &biases = layers.get(name + "/scale/biases");
  const int64_t channels = out.shape()[3];
  std::vector<float> values(out.data<float>(), out.data<float>() + out.shape().elements());
  for (size_t i = 0; i < values.size(); ++i) {
    const auto c = static_cast<int64_t>(i) % channels;
    values[i] = values[i] * weights.data<float>()[c] + biases.data<float>()[c];
    if (clipped) values[i] = std::max(0.0F, values[i]);
  }
  return Tensor::from(out.shape(), values);
}

Tensor residual_layer(const NamedLayers& layers, const Tensor& x, const std::string& name) {
  const Tensor first = scaled_conv(layers, same_padded(x, 3, 1), name + "/conv1", 1, true);
  return positive(add(x, scaled_conv(layers, same_padded(first, 3, 1), name + "/conv2", 1, false)));
}

/// Half the size; zeros where the old picture has fewer channels, or the new one fewer pixels.
Tensor residual_down(const NamedLayers& layers, const Tensor& x, const std::string& name) {
  const Tensor first = scaled_conv(layers, x, name + "/conv1", 2, true);
  Tensor out = scaled_conv(layers, same_padded(first, 3, 1), name + "/conv2", 1, false), pooled = avg_pool2d(x, {.kernel = 2, .stride = 2});
  if (pooled.shape()[1] != out.shape()[1]) out = pad(pad(out, 1, 0, 1), 2, 0, 1);
  if (pooled.shape()[3] != out.shape()[3]) pooled = pad(pooled, 3, 0, out.shape()[3] - pooled.shape()[3]);
  return positive(add(pooled, out));
}

constexpr std::array<float, 3> kFaceMean{122.782F, 117.001F, 104.298F}, kDetectorMean{117.001F, 114.697F, 97.404F};
constexpr std::array<Vec2, 5> kAnchors{
    {{1.603231F, 2.094468F}, {6.041143F, 7.080126F}, {2.882459F, 3.518061F}, {4.266906F, 5.178857F}, {9.041765F, 10.66308F}}};

float sigmoid_of(float x) { return 1 / (1 + std::exp(-x)); }

float overlap_of(const FaceBox& a, const FaceBox& b) {
  const float width = std::min(a.x + a.width, b.x + b.width) - std::max(a.x, b.x), height = std::min(a.y + a.height, b.y + b.height) - std::max(a.y, b.y);
  if (width <= 0 || height <= 0) return 0;
  return width * height / (a.width * a.height + b.width * b.height - width * height);
}

class LoadedFaceNetworks : public FaceNetworks {
 public:
  explicit LoadedFaceNetworks(const std::filesystem::path& folder)
      : detector_(read(folder, "tiny_face_detector")),
        points_(read(folder, "face_landmark_68")),
        expression_(read(folder, "face_expression")),
        identity_(read(folder, "face_recognition")) {}

  std::vector<FaceBox> detect(const Image& picture, float least_score, int64_t input) const override {
    const PixelBlock whole = squared_block(cut_block(picture, 0, 0, picture.width, picture.height), false);
    Tensor x = leaky(detector_.conv(network_input(whole, input, kDetectorMean), "conv0", 1));
    x = max_pool2d(behind_padded(x), {.kernel = 2, .stride = 2});
    for (int i = 1; i <= 5; ++i) {
      x = leaky(detector_.separable(pad(pad(x, 1, 1, 1), 2, 1, 1), "conv" + std::to_string(i), 1));
      x = i < 5 ? max_pool2d(behind_padded(x), {.kernel = 2, .stride = 2}) : max_pool2d(repeated_behind(x), {.kernel = 2, .stride = 1});
    }
    x = detector_.conv(x, "conv8", 1);
    return boxes_of(x, static_cast<float>(whole.width), least_score);
  }

  FaceLandmarks landmarks(const Image& picture, const FaceBox& face) const override {
    const Cut cut = square_of(picture, face);
    const auto found = dense_network(points_, network_input(cut.block, 112, kFaceMean));
    if (found.size() != 136) throw Failure(Error{ErrorCode::corrupt, "the landmark network has another number of outputs"});
    FaceLandmarks out;
    for (size_t i = 0; i < 68; ++i)
      for (size_t c = 0; c < 2; ++c) out[i][c] = found[2 * i + c] * static_cast<float>(cut.block.width) + cut.origin[c];
    return out;
  }

  std::array<float, 7> expression(const Image& picture, const FaceBox& face) const override {
    const auto found = dense_network(expression_, network_input(square_of(picture, face).block, 112, kFaceMean));
    if (found.size() != 7) throw Failure(Error{ErrorCode::corrupt, "the expression network has another number of outputs"});
    std::array<float, 7> out{};
    const float max_logit = *std::max_element(found.begin(), found.end());
    float sum = 0;
    for (size_t i = 0; i < 7; ++i) sum += out[i] = std::exp(found[i] - max_logit);
    for (float& p : out) p /= sum;
    return out;
  }

  std::vector<float> identity(const Image& picture, const FaceBox& face) const override {
    Tensor x = scaled_conv(identity_, network_input(square_of(picture, face).block, 150, kFaceMean), "conv32_down", 2, true);
    x = max_pool2d(x, {.kernel = 3, .stride = 2});
    for (const char* layer : {"conv32_1", "conv32_2", "conv32_3", "conv64_down", "conv64_1", "conv64_2", "conv64_3", "conv128_down", "conv128_1", "conv128_2",
                              "conv256_down", "conv256_1", "conv256_2", "conv256_down_out"})
      x = std::string_view(layer).find("down") == std::string_view::npos ? residual_layer(identity_, x, layer) : residual_down(identity_, x, layer);
    const Tensor& fc = identity_.get("fc");
    const int64_t channels = x.shape()[3], pixels = x.shape()[1] * x.shape()[2], count = fc.shape()[1];
    if (fc.shape()[0] != channels) throw Failure(Error{ErrorCode::corrupt, "fc is of another network"});
    std::vector<float> out(static_cast<size_t>(count), 0);
    for (int64_t c = 0; c < channels; ++c) {
      float mean = 0;
      for (int64_t p = 0; p < pixels; ++p) mean += x.data<float>()[p * channels + c];
      mean /= static_cast<float>(pixels);
      for (int64_t o = 0; o < count; ++o) out[static_cast<size_t>(o)] += mean * fc.data<float>()[c * count + o];
    }
    return out;
  }

  const std::vector<std::filesystem::path>& files() const override { return files_; }

 private:
  struct Cut {
    PixelBlock block;
    Vec2 origin{};
  };

  TfjsWeights read(const std::filesystem::path& folder, const std::string& name) {
    files_.push_back(folder / (name + "_model-weights_manifest.json"));
    files_.push_back(folder / (name + "_model.bin"));
    return value_or_throw(read_tfjs(files_[files_.size() - 2], files_.back()));
  }

  /// The face, cut at the picture's edges, with black on the shorter side.
  static Cut square_of(const Image& picture, const FaceBox& face) {
    const auto left = std::clamp<int64_t>(static_cast<int64_t>(std::floor(face.x)), 0, picture.width - 1),
               top = std::clamp<int64_t>(static_cast<int64_t>(std::floor(face.y)), 0, picture.height - 1);
    const auto right = std::clamp<int64_t>(static_cast<int64_t>(std::floor(face.x + face.width)), left + 1, picture.width),
               low = std::clamp<int64_t>(static_cast<int64_t>(std::floor(face.y + face.height)), top + 1, picture.height);
    const PixelBlock block = cut_block(picture, left, top, right - left, low - top);
    Cut out{squared_block(block, true), {}};
    const int64_t more_x = out.block.width - block.width, more_y = out.block.width - block.height;
    out.origin = {static_cast<float>(left - (more_x - (more_x + 1) / 2)), static_cast<float>(top - (more_y - (more_y + 1) / 2))};
    return out;
  }

  /// An odd edge gets a last row that no maximum takes.
  static Tensor behind_padded(const Tensor& x) {
    Tensor out = x;
    for (const int axis : {1, 2})
      if (x.shape()[axis] % 2 != 0) out = pad(out, axis, 0, 1, -1e30F);
    return out;
  }
  static Tensor repeated_behind(const Tensor& x) { return pad(pad(x, 1, 0, 1, -1e30F), 2, 0, 1, -1e30F); }

  static std::vector<FaceBox> boxes_of(const Tensor& found, float edge, float least_score) {
    const int64_t cells = found.shape()[1], width = found.shape()[3];
    if (width != 25) throw Failure(Error{ErrorCode::corrupt, "the detector has another number of outputs"});
    std::vector<FaceBox> all;
    const auto count = static_cast<float>(cells);
    for (int64_t row = 0; row < cells; ++row)
      for (int64_t column = 0; column < cells; ++column)
        for (size_t a = 0; a < kAnchors.size(); ++a) {
          const float* v = found.data<float>() + (row * cells + column) * width + static_cast<int64_t>(a) * 5;
          const float score = sigmoid_of(v[4]);
          if (score <= least_score) continue;
          const float w = std::exp(v[2]) * kAnchors[a][0] / count * edge, h = std::exp(v[3]) * kAnchors[a][1] / count * edge;
          const float x = (static_cast<float>(column) + sigmoid_of(v[0])) / count * edge, y = (static_cast<float>(row) + sigmoid_of(v[1])) / count * edge;
          all.push_back({x - w / 2, y - h / 2, w, h, score});
        }
    std::stable_sort(all.begin(), all.end(), [](const FaceBox& a, const FaceBox& b) { return a.score > b.score; });
    std::vector<FaceBox> out;
    for (const FaceBox& box : all)
      if (std::none_of(out.begin(), out.end(), [&](const FaceBox& kept) { return overlap_of(kept, box) > 0.4F; })) out.push_back(box);
    return out;
  }

  std::vector<std::filesystem::path> files_;
  NamedLayers detector_, points_, expression_, identity_;
};

}  // namespace

Result<std::shared_ptr<const FaceNetworks>> FaceNetworks::load(const std::filesystem::path& folder) {
  return guard([&]() -> Result<std::shared_ptr<const FaceNetworks>> { return std::make_shared<const LoadedFaceNetworks>(folder); });
}

FaceBox aligned(const FaceLandmarks& landmarks) {
  float left = 1e9F, top = 1e9F, right = -1e9F, low = -1e9F;
  for (const Vec2& p : landmarks) left = std::min(left, p[0]), right = std::max(right, p[0]), top = std::min(top, p[1]), low = std::max(low, p[1]);
  const float width = right - left, height = low - top;
  return {left - 0.2F * width, top - 0.2F * height, 1.4F * width, 1.4F * height, 1};
}

}  // namespace ptah
