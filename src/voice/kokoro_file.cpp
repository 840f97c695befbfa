#include "voice/kokoro_file.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <set>

#include "base/parallel.h"
#include "weights/onnx.h"

namespace ptah {

namespace fs = std::filesystem;

namespace {

using Graph = OnnxFile;

/// Quantised numbers with their scales and zero points: one of each, or one for every index of an axis, which is the first or the last.
struct Quantised {
  OnnxTensor values, scale, zero;
  int axis = 0;
};

float f32_at(const OnnxTensor& tensor, int64_t i) {
  float out = 0;
  std::memcpy(&out, tensor.bytes.data() + i * 4, 4);
  return out;
}

float integer_at(const OnnxTensor& tensor, int64_t i) {
  const uint8_t raw = tensor.bytes[static_cast<size_t>(i)];
  return tensor.type == OnnxTensor::Type::i8 ? static_cast<float>(static_cast<int8_t>(raw)) : static_cast<float>(raw);
}

void check_quantised(const std::string& name, const Quantised& q) {
  const bool bytes = (q.values.type == OnnxTensor::Type::i8 || q.values.type == OnnxTensor::Type::u8) && q.zero.type == q.values.type;
  if (!bytes || q.scale.type != OnnxTensor::Type::f32 || q.values.shape.empty())
    throw Failure({ErrorCode::unsupported, fmt::format("{} is not quantised to 8 bits", name)});
  const int64_t along = q.values.shape[static_cast<size_t>(q.axis)];
  for (const OnnxTensor* part : {&q.scale, &q.zero})
    if (part->elements() != 1 && part->elements() != along) throw Failure({ErrorCode::corrupt, fmt::format("{} has {} scales", name, part->elements())});
}

/// Bytes as numbers: a table of what each of them means with this scale and zero point.
std::array<float, 256> meanings(const Quantised& q, int64_t scale, int64_t zero) {
  std::array<float, 256> out;
  const float factor = f32_at(q.scale, scale), middle = integer_at(q.zero, zero);
  for (int byte = 0; byte < 256; ++byte) {
    const auto value = static_cast<float>(q.values.type == OnnxTensor::Type::i8 ? static_cast<int8_t>(byte) : byte);
    out[static_cast<size_t>(byte)] = (value - middle) * factor;
  }
  return out;
}

/// The dequantised numbers; a matrix [.., rows, columns] is transposed in its last two axes if `transposed`.
Tensor dequantised(const Quantised& q, const Shape& shape, bool transposed) {
  Tensor out = Tensor::empty(shape);
  float* to = out.data<float>();
  if (!to) return out;
  const size_t rank = q.values.shape.size();
  const int64_t columns = q.values.shape.back(), rows = rank > 1 ? q.values.shape[rank - 2] : 1, lines = q.values.elements() / std::max<int64_t>(1, columns);
  const int64_t inner = lines / std::max<int64_t>(1, q.values.shape[0]);  // lines of one index of the first axis
  const bool one_scale = q.scale.elements() == 1, one_zero = q.zero.elements() == 1, by_column = q.axis > 0 && !(one_scale && one_zero);
  const uint8_t* from = q.values.bytes.data();
  parallel_for(lines, columns * 2, [&](int64_t begin, int64_t end) {
    std::vector<float> factors, middles;
    for (int64_t c = 0; by_column && c < columns; ++c) {
      factors.push_back(f32_at(q.scale, one_scale ? 0 : c));
      middles.push_back(integer_at(q.zero, one_zero ? 0 : c));
    }
    std::array<float, 256> table{};
    int64_t known = -1;
    for (int64_t line = begin; line < end; ++line) {
      const int64_t first = line / std::max<int64_t>(1, inner), part = one_scale && one_zero ? 0 : first;
      if (!by_column && part != known) table = meanings(q, one_scale ? 0 : first, one_zero ? 0 : first), known = part;
      float* place = to + (transposed ? line / rows * rows * columns + line % rows : line * columns);
      const int64_t step = transposed ? rows : 1;
      for (int64_t c = 0; c < columns; ++c) {
        const uint8_t byte = from[line * columns + c];
        const auto value = static_cast<float>(q.values.type == OnnxTensor::Type::i8 ? static_cast<int8_t>(byte) : int{byte});
        place[c * step] = by_column ? (value - middles[static_cast<size_t>(c)]) * factors[static_cast<size_t>(c)] : table[byte];
      }
    }
  });
  forget_mapped(from, q.values.bytes.size());  // it is packed now, and not read again
  return out;
}

/// Walks the graph from node to node.
class KokoroGraph {
 public:
  KokoroGraph(Graph graph, std::shared_ptr<const void> owner) : graph_(std::move(graph)), owner_(std::move(owner)) {
    for (size_t i = 0; i < graph_.nodes.size(); ++i) {
      for (const std::string& output : graph_.nodes[i].outputs) producer_[output] = i;
      for (const std::string& input : graph_.nodes[i].inputs) consumers_[input].push_back(i);
    }
  }

  std::map<std::string, Tensor> weights() {
    for (const auto& [name, tensor] : graph_.initialisers)
      if (tensor.type == OnnxTensor::Type::f32 && (name.ends_with(".bias") || name.ends_with(".weight") || name.ends_with(".gamma") ||
                                                   name.ends_with(".beta") || name.find(".alpha") != std::string::npos))
        add(name, floats(tensor));
    for (const OnnxNode& node : graph_.nodes) take(node);
    return std::move(out_);
  }

 private:
  const OnnxTensor* initialiser(const OnnxNode& node, size_t input) const {
    if (input >= node.inputs.size()) return nullptr;
    const auto found = graph_.initialisers.find(node.inputs[input]);
    return found == graph_.initialisers.end() ? nullptr : &found->second;
  }
  const OnnxTensor& wanted(const OnnxNode& node, size_t input) const {
    const OnnxTensor* found = initialiser(node, input);
    if (!found) throw Failure({ErrorCode::unsupported, fmt::format("node {} ({}) lacks its weight", node.name, node.operation)});
    return *found;
  }
  const OnnxNode* after(const OnnxNode& node, const char* operation) const {
    const auto found = consumers_.find(node.outputs.at(0));
    if (found == consumers_.end()) return nullptr;
    for (const size_t i : found->second)
      if (graph_.nodes[i].operation == operation) return &graph_.nodes[i];
    return nullptr;
  }

  Tensor floats(const OnnxTensor& tensor) const {
    if (tensor.shape.size() > static_cast<size_t>(Shape::kMaxDims)) throw Failure({ErrorCode::unsupported, "a weight of more than six axes"});
    Tensor out = Tensor::empty(Shape(std::span<const int64_t>(tensor.shape)));
    if (float* to = out.data<float>()) std::memcpy(to, tensor.bytes.data(), tensor.bytes.size());
    return out;
  }

  /// The PyTorch name of what the graph calls "/encoder/F0.0/conv1" or "encoder.predictor.F0.0.conv1".
  static std::string module_name(std::string name) {
    if (name.starts_with("/")) name.erase(0, 1);
    for (char& c : name)
      if (c == '/') c = '.';
    const auto replace = [&](std::string_view from, std::string_view to) {
      if (name.starts_with(from)) name = std::string(to) + name.substr(from.size());
    };
    replace("decoder.decoder.", "decoder.");
    replace("encoder.predictor.", "predictor.");
    for (const char* part : {"F0", "N", "shared"}) replace(fmt::format("encoder.{}.", part), fmt::format("predictor.{}.", part));
    for (const char* part : {"bert", "bert_encoder", "text_encoder"}) replace(fmt::format("encoder.{}.", part), fmt::format("{}.", part));
    return name;
  }
  void add(const std::string& name, Tensor tensor) { out_.emplace(module_name(name), std::move(tensor)); }
  void add_quantised(const std::string& name, const Quantised& q, bool transposed) {
    check_quantised(name, q);
    std::vector<int64_t> extents = q.values.shape;
    if (transposed) std::swap(extents[extents.size() - 1], extents[extents.size() - 2]);
    const Shape shape{std::span<const int64_t>(extents)};
    add(name, Tensor::lazy(shape, DType::f32, [q, shape, transposed, owner = owner_] { return dequantised(q, shape, transposed); }));
  }
  static std::string stem(const OnnxNode& node, std::initializer_list<const char*> endings) {
    for (const std::string ending : endings)
      if (node.name.ends_with(ending)) return node.name.substr(0, node.name.size() - ending.size());
    throw Failure({ErrorCode::unsupported, fmt::format("node {} has another name than expected", node.name)});
  }

  void take(const OnnxNode& node) {
    const std::string& op = node.operation;
    if (op == "ConvInteger" || op == "MatMulInteger") return take_product(node);
    if (op == "DynamicQuantizeLSTM") return take_lstm(node);
    if (op == "DequantizeLinear") return take_embedding(node);
    if (op != "Conv" && op != "ConvTranspose" && op != "MatMul") return;
    const OnnxTensor* weight = initialiser(node, 1);
    if (!weight || weight->type != OnnxTensor::Type::f32 || node.name.find("stft") != std::string::npos) return;
    add(node.name.substr(0, node.name.rfind('/')) + ".weight", floats(*weight));
  }

  /// x · w in whole numbers; behind it the bias (of a convolution) and the product of the two scales.
  void take_product(const OnnxNode& node) {
    const OnnxTensor* values = initialiser(node, 1);
    if (!values) return;  // a product of two activations
    const bool conv = node.operation == "ConvInteger";
    const OnnxNode* next = &node;
    std::string bias;
    if (const OnnxNode* sum = conv ? after(node, "Add") : nullptr) {
      bias = sum->name.substr(0, sum->name.rfind("_quantizedbias_add"));
      next = sum;
    }
    const OnnxNode* cast = after(*next, "Cast");
    const OnnxNode* scaled = cast ? after(*cast, "Mul") : nullptr;
    if (!scaled) throw Failure({ErrorCode::unsupported, fmt::format("node {} is not scaled", node.name)});
    const std::string& other = scaled->inputs.at(scaled->inputs.at(0) == cast->outputs.at(0) ? 1 : 0);
    const auto made = producer_.find(other);
    if (made == producer_.end()) throw Failure({ErrorCode::unsupported, fmt::format("node {} has no scale", node.name)});
    const OnnxNode& scales = graph_.nodes[made->second];
    const OnnxTensor* scale = initialiser(scales, 0) ? initialiser(scales, 0) : initialiser(scales, 1);
    if (!scale) throw Failure({ErrorCode::unsupported, fmt::format("node {} has no scale of its weight", node.name)});
    const Quantised q{*values, *scale, wanted(node, 3), conv ? 0 : static_cast<int>(values->shape.size()) - 1};
    std::string name = node.inputs[1];
    if (bias.ends_with(".bias"))
      name = bias.substr(0, bias.size() - 5) + ".weight";
    else if (name.ends_with(".weight_quantized"))
      name = name.substr(0, name.size() - std::string_view("_quantized").size());
    else
      name = stem(node, {"/Conv_quant", "/Gemm_MatMul_quant", "/MatMul_quant"}) + ".weight";
    if (seen_.insert(node.inputs[1]).second) add_quantised(name, q, !conv);
  }

  void take_lstm(const OnnxNode& node) {
    const std::string name = stem(node, {"/LSTM_quant", "/LSTM"});
    add_quantised(name + ".input", {wanted(node, 1), wanted(node, 8), wanted(node, 9), 0}, true);
    add_quantised(name + ".recurrent", {wanted(node, 2), wanted(node, 10), wanted(node, 11), 0}, true);
    const OnnxTensor& both = wanted(node, 3);  // of the input and of the state, one behind the other
    const Tensor given = floats(both);
    const int64_t gates = both.shape.at(1) / 2;
    Tensor bias = Tensor::empty({both.shape.at(0), gates});
    if (float* to = bias.data<float>())
      for (int64_t d = 0; d < both.shape[0]; ++d)
        for (int64_t i = 0; i < gates; ++i) to[d * gates + i] = given.data<float>()[d * 2 * gates + i] + given.data<float>()[d * 2 * gates + gates + i];
    add(name + ".bias", std::move(bias));
  }

  void take_embedding(const OnnxNode& node) {
    const auto made = producer_.find(node.inputs.at(0));
    if (made == producer_.end()) return;
    const OnnxNode& gather = graph_.nodes[made->second];
    const OnnxTensor* values = gather.operation == "Gather" ? initialiser(gather, 0) : nullptr;
    if (!values) return;
    const std::string& name = gather.inputs[0];
    add_quantised(name.substr(0, name.rfind("_quantized")), {*values, wanted(node, 1), wanted(node, 2), 0}, false);
  }

  Graph graph_;
  std::shared_ptr<const void> owner_;
  std::map<std::string, size_t> producer_;
  std::map<std::string, std::vector<size_t>> consumers_;
  std::set<std::string> seen_;  ///< the layers of ALBERT share their weights
  std::map<std::string, Tensor> out_;
};

}  // namespace

Result<std::map<std::string, Tensor>> read_kokoro_onnx(const fs::path& file) {
  PTAH_TRY(const auto mapped, MappedFile::open(file));
  auto graph = parse_onnx(mapped->bytes());
  if (!graph) return fail(graph.error().code, "{}: {}", file.string(), graph.error().message);
  auto weights = guard([&]() -> Result<std::map<std::string, Tensor>> { return KokoroGraph(std::move(*graph), mapped).weights(); });
  if (!weights) return fail(weights.error().code, "{}: {}", file.string(), weights.error().message);
  return weights;
}

}  // namespace ptah
