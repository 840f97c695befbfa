#include "weights/tfjs.h"

#include <cstring>

#include "base/file.h"
#include "base/json.h"

namespace ptah {

namespace {

constexpr size_t kMaxTfjsTensors = 4096;
constexpr size_t kMaxTfjsManifest = size_t{1} << 22, kMaxTfjsBytes = size_t{1} << 29;

Result<Shape> tfjs_shape(const Json& weight) {
  const Json shape = weight.value("shape", Json());
  if (!shape.is_array() || shape.size() > Shape::kMaxDims) return fail(ErrorCode::corrupt, "a shape is none");
  std::vector<int64_t> dims;
  int64_t elements = 1;
  for (const Json& dim : shape) {
    if (!dim.is_number_unsigned() || dim.get<uint64_t>() > kMaxTfjsBytes) return fail(ErrorCode::corrupt, "a shape is none");
    dims.push_back(dim.get<int64_t>());
    elements *= dims.back();
    if (elements > static_cast<int64_t>(kMaxTfjsBytes)) return fail(ErrorCode::corrupt, "a shape is larger than any file");
  }
  if (dims.empty()) dims.push_back(1);
  return Shape(dims);
}

/// The numbers of one tensor; `bytes` moves on behind them.
Result<Tensor> tfjs_tensor(const Json& weight, std::span<const uint8_t>& bytes) {
  PTAH_TRY(const Shape shape, tfjs_shape(weight));
  const auto count = static_cast<size_t>(shape.elements());
  const Json quantized = weight.value("quantization", Json());
  const std::string type = quantized.is_object() ? text_at(quantized, "dtype") : text_at(weight, "dtype");
  const size_t width = type == "float32" ? 4 : type == "uint16" ? 2 : type == "uint8" ? 1 : 0;
  if (width == 0) return fail(ErrorCode::unsupported, "numbers of the type '{}'", type);
  if (count * width > bytes.size()) return fail(ErrorCode::corrupt, "the numbers end too early");
  double scale = 1, min = 0;
  if (quantized.is_object()) {
    if (!quantized.contains("scale") || !quantized["scale"].is_number() || !quantized.contains("min") || !quantized["min"].is_number())
      return fail(ErrorCode::corrupt, "a scale is missing");
    scale = quantized["scale"].get<double>(), min = quantized["min"].get<double>();
  }
  std::vector<float> values(count);
  for (size_t i = 0; i < count; ++i) {
    const uint8_t* from = bytes.data() + i * width;
    if (width == 4) {
      std::memcpy(&values[i], from, 4);
    } else {
      const auto whole = static_cast<float>(width == 1 ? from[0] : from[0] | from[1] << 8);
      values[i] = whole * static_cast<float>(scale) + static_cast<float>(min);
    }
  }
  bytes = bytes.subspan(count * width);
  return Tensor::from(shape, values);
}

}  // namespace

Result<TfjsWeights> parse_tfjs(std::string_view manifest, std::span<const uint8_t> bytes) {
  PTAH_TRY(const Json groups, parse_json(std::string(manifest)));
  if (!groups.is_array()) return fail(ErrorCode::corrupt, "no list of weights");
  TfjsWeights out;
  for (const Json& group : groups) {
    if (!group.is_object() || !group.contains("weights") || !group["weights"].is_array()) return fail(ErrorCode::corrupt, "no list of weights");
    for (const Json& weight : group["weights"]) {
      const std::string name = weight.is_object() ? text_at(weight, "name") : "";
      if (name.empty() || out.size() >= kMaxTfjsTensors) return fail(ErrorCode::corrupt, "a weight without a name, or too many of them");
      auto tensor = tfjs_tensor(weight, bytes);
      if (!tensor) return fail(tensor.error().code, "{}: {}", name, tensor.error().message);
      if (!out.emplace(name, std::move(*tensor)).second) return fail(ErrorCode::corrupt, "{} is there twice", name);
    }
  }
  if (!bytes.empty()) return fail(ErrorCode::corrupt, "{} bytes belong to nothing", bytes.size());
  return out;
}

Result<TfjsWeights> read_tfjs(const std::filesystem::path& manifest, const std::filesystem::path& bytes) {
  PTAH_TRY(const std::string text, read_text(manifest, kMaxTfjsManifest));
  PTAH_TRY(const Bytes numbers, read_file(bytes, kMaxTfjsBytes));
  auto out = parse_tfjs(text, numbers);
  if (!out) return fail(out.error().code, "{}: {}", manifest.string(), out.error().message);
  return out;
}

}  // namespace ptah
