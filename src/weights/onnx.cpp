#include "weights/onnx.h"

#include <limits>

namespace ptah {

namespace {

/// One field of a protocol buffer's message.
struct ProtoField {
  uint32_t number = 0, wire = 0;
  uint64_t value = 0;             ///< of a varint
  std::span<const uint8_t> data;  ///< of what has a length
};

/// Fields of a message, one after the other. Errors are Failures: corrupt.
class ProtoReader {
 public:
  explicit ProtoReader(std::span<const uint8_t> data) : data_(data) {}
  bool more() const { return at_ < data_.size(); }
  uint64_t varint() {
    uint64_t out = 0;
    for (int shift = 0; shift < 64; shift += 7) {
      if (at_ >= data_.size()) throw Failure({ErrorCode::corrupt, "onnx: cut off"});
      const uint8_t byte = data_[at_++];
      out |= static_cast<uint64_t>(byte & 0x7F) << shift;
      if (byte < 0x80) return out;
    }
    throw Failure({ErrorCode::corrupt, "onnx: a number of more than 64 bits"});
  }
  std::span<const uint8_t> take(uint64_t count) {
    if (count > data_.size() - at_) throw Failure({ErrorCode::corrupt, fmt::format("onnx: {} bytes wanted, {} are left", count, data_.size() - at_)});
    const auto out = data_.subspan(at_, count);
    at_ += count;
    return out;
  }
  ProtoField next() {
    const uint64_t key = varint();
    ProtoField out{static_cast<uint32_t>(key >> 3), static_cast<uint32_t>(key & 7), 0, {}};
    switch (out.wire) {
      case 0:
        out.value = varint();
        return out;
      case 1:
        out.data = take(8);
        return out;
      case 2:
        out.data = take(varint());
        return out;
      case 5:
        out.data = take(4);
        return out;
      default:
        throw Failure({ErrorCode::corrupt, fmt::format("onnx: wire type {}", out.wire)});
    }
  }

 private:
  std::span<const uint8_t> data_;
  size_t at_ = 0;
};

std::string text_of(std::span<const uint8_t> data) { return {reinterpret_cast<const char*>(data.data()), data.size()}; }

size_t element_size(OnnxTensor::Type type) {
  switch (type) {
    case OnnxTensor::Type::u8:
    case OnnxTensor::Type::i8:
      return 1;
    case OnnxTensor::Type::i64:
      return 8;
    default:
      return 4;
  }
}

/// Numbers of variable length, each with so many of its lower bytes.
void append_varints(Bytes& out, ProtoReader numbers, size_t bytes) {
  while (numbers.more()) {
    const uint64_t value = numbers.varint();
    for (size_t i = 0; i < bytes; ++i) out.push_back(static_cast<uint8_t>(value >> (8 * i)));
  }
}

/// Name and numbers of a TensorProto.
std::pair<std::string, OnnxTensor> read_initialiser(std::span<const uint8_t> message) {
  std::string name;
  OnnxTensor out;
  uint64_t type = 0;
  std::span<const uint8_t> packed, whole;
  for (ProtoReader reader(message); reader.more();) {
    const ProtoField field = reader.next();
    if (field.number == 1 && field.wire == 0) out.shape.push_back(static_cast<int64_t>(field.value));
    if (field.number == 1 && field.wire == 2)
      for (ProtoReader dims(field.data); dims.more();) out.shape.push_back(static_cast<int64_t>(dims.varint()));
    if (field.number == 2) type = field.value;
    if (field.number == 4 && field.wire == 2) packed = field.data;
    if ((field.number == 5 || field.number == 7) && field.wire == 2) whole = field.data;
    if (field.number == 8) name = text_of(field.data);
    if (field.number == 9) out.bytes = field.data;
    if (field.number == 14 && field.value == 1) throw Failure({ErrorCode::unsupported, "onnx: numbers in another file"});
  }
  if (type != 1 && type != 2 && type != 3 && type != 6 && type != 7)
    throw Failure({ErrorCode::unsupported, fmt::format("onnx: {} has numbers of type {}", name, type)});
  out.type = static_cast<OnnxTensor::Type>(type);
  if (out.bytes.empty() && out.type == OnnxTensor::Type::f32) out.bytes = packed;
  if (out.bytes.empty() && out.type != OnnxTensor::Type::f32 && !whole.empty()) {
    Bytes numbers;
    append_varints(numbers, ProtoReader(whole), element_size(out.type));
    out.kept = std::make_shared<const Bytes>(std::move(numbers));
    out.bytes = *out.kept;
  }
  uint64_t wanted = element_size(out.type);
  for (const int64_t extent : out.shape) {
    if (extent < 0 || (extent > 0 && wanted > std::numeric_limits<uint64_t>::max() / 2 / static_cast<uint64_t>(extent)))
      throw Failure({ErrorCode::corrupt, fmt::format("onnx: shape of {}", name)});
    wanted *= static_cast<uint64_t>(extent);
  }
  if (wanted != out.bytes.size()) throw Failure({ErrorCode::corrupt, fmt::format("onnx: {} has {} bytes; its shape wants {}", name, out.bytes.size(), wanted)});
  return {std::move(name), std::move(out)};
}

OnnxNode read_node(std::span<const uint8_t> message) {
  OnnxNode out;
  for (ProtoReader reader(message); reader.more();) {
    const ProtoField field = reader.next();
    if (field.wire != 2) continue;
    if (field.number == 1) out.inputs.push_back(text_of(field.data));
    if (field.number == 2) out.outputs.push_back(text_of(field.data));
    if (field.number == 3) out.name = text_of(field.data);
    if (field.number == 4) out.operation = text_of(field.data);
  }
  return out;
}

void read_graph(std::span<const uint8_t> message, OnnxFile& out) {
  for (ProtoReader reader(message); reader.more();) {
    const ProtoField field = reader.next();
    if (field.wire != 2) continue;
    if (field.number == 1) out.nodes.push_back(read_node(field.data));
    if (field.number != 5) continue;
    auto [name, tensor] = read_initialiser(field.data);
    if (!out.initialisers.emplace(name, std::move(tensor)).second) throw Failure({ErrorCode::corrupt, fmt::format("onnx: {} is there twice", name)});
  }
}

}  // namespace

int64_t OnnxTensor::elements() const { return static_cast<int64_t>(bytes.size() / element_size(type)); }

Result<OnnxFile> parse_onnx(std::span<const uint8_t> bytes) {
  return guard([&]() -> Result<OnnxFile> {
    OnnxFile out;
    bool found = false;
    for (ProtoReader reader(bytes); reader.more();) {
      const ProtoField field = reader.next();
      if (field.number != 7 || field.wire != 2) continue;
      if (found) return fail(ErrorCode::corrupt, "onnx: two graphs");
      found = true;
      read_graph(field.data, out);
    }
    if (!found) return fail(ErrorCode::corrupt, "onnx: no graph");
    return out;
  });
}

}  // namespace ptah
