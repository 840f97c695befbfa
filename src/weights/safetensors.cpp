#include "weights/safetensors.h"

#include <algorithm>
#include <cstring>

#include "base/json.h"
#include "base/placeholder.h"
#include "tensor/blocks.h"

namespace ptah {

namespace {

constexpr uint64_t kMaxHeaderBytes = uint64_t{64} << 20;

struct Named {
  DType type;
  const char* name;
};
constexpr Named kTypes[] = {{DType::f32, "F32"}, {DType::bf16, "BF16"}, {DType::f16, "F16"}, {DType::i32, "I32"}, {DType::u8, "U8"}};

/// What the format has beyond these, with bytes an element.
constexpr std::pair<const char*, uint64_t> kSkippedTypes[] = {{"F64", 8}, {"I64", 8}, {"U64", 8},  {"U32", 4},     {"I16", 2},
                                                              {"U16", 2}, {"I8", 1},  {"BOOL", 1}, {"F8_E4M3", 1}, {"F8_E5M2", 1}};

const char* safetensors_name(DType type) {
  for (const Named& named : kTypes)
    if (named.type == type) return named.name;
  return "?";
}

Result<uint64_t> natural(const Json& value, const std::string& what) {
  if (!value.is_number_unsigned()) return fail(ErrorCode::corrupt, "safetensors: {} is not a natural number", what);
  return value.get<uint64_t>();
}

struct Described {
  std::optional<DType> type;  ///< none: to be skipped
  uint64_t element_bytes;
  Shape shape;
  uint64_t begin, end;
};

Result<Described> describe(const std::string& name, const Json& entry, uint64_t data_bytes) {
  const std::string label = "tensor '" + name.substr(0, 128) + "'";
  if (!entry.is_object() || !entry.contains("dtype") || !entry.contains("shape") || !entry.contains("data_offsets"))
    return fail(ErrorCode::corrupt, "safetensors: {} lacks dtype, shape or data_offsets", label);
  if (!entry["dtype"].is_string()) return fail(ErrorCode::corrupt, "safetensors: {} has a dtype that is no string", label);
  Described out{};
  const auto& type = entry["dtype"].get_ref<const std::string&>();
  const auto* found = std::find_if(std::begin(kTypes), std::end(kTypes), [&](const Named& n) { return type == n.name; });
  if (found != std::end(kTypes)) {
    out.type = found->type;
    out.element_bytes = size_of(found->type);
  } else {
    const auto* other = std::find_if(std::begin(kSkippedTypes), std::end(kSkippedTypes), [&](const auto& t) { return type == t.first; });
    if (other == std::end(kSkippedTypes))
      return fail(ErrorCode::unsupported, "safetensors: {} has dtype {}; supported: F32 BF16 F16 I32 U8", label, type.substr(0, 32));
    out.element_bytes = other->second;
  }
  const Json& shape = entry["shape"];
  if (!shape.is_array()) return fail(ErrorCode::corrupt, "safetensors: {} has a shape that is no list", label);
  if (shape.size() > Shape::kMaxDims)
    return fail(ErrorCode::unsupported, "safetensors: {} has {} axes; at most {} are supported", label, shape.size(), Shape::kMaxDims);
  std::vector<int64_t> dims;
  uint64_t bytes = out.element_bytes;
  for (const Json& extent : shape) {
    PTAH_TRY(const uint64_t n, natural(extent, label + " extent"));
    if (n > (uint64_t{1} << 40) || (n > 0 && bytes > (uint64_t{1} << 50) / n)) return fail(ErrorCode::corrupt, "safetensors: {} is impossibly large", label);
    bytes *= n;
    dims.push_back(static_cast<int64_t>(n));
  }
  out.shape = Shape(dims);
  const Json& offsets = entry["data_offsets"];
  if (!offsets.is_array() || offsets.size() != 2) return fail(ErrorCode::corrupt, "safetensors: {} needs two data_offsets", label);
  PTAH_TRY(out.begin, natural(offsets[0], label + " offset"));
  PTAH_TRY(out.end, natural(offsets[1], label + " offset"));
  if (out.begin > out.end || out.end > data_bytes)
    return fail(ErrorCode::corrupt, "safetensors: {} lies at [{}, {}) of {} data bytes", label, out.begin, out.end, data_bytes);
  if (out.end - out.begin != bytes)
    return fail(ErrorCode::corrupt, "safetensors: {} of shape {} and dtype {} needs {} bytes, has {}", label, out.shape.str(), type, bytes,
                out.end - out.begin);
  return out;
}

/// The key of the metadata that says which tensors of bytes hold block-quantised numbers: a JSON object, name → kind.
constexpr const char* kBlocksKey = "ptah.blocks";

/// What "ptah.blocks" says of one tensor: a kind, e.g. "q8_0", for a matrix that stays in blocks; or {"kind", "shape"} for one that is computed with as bf16.
struct StoredBlocks {
  std::optional<BlockType> type;
  std::vector<int64_t> shape;  ///< empty: stays in blocks
};
StoredBlocks stored_blocks(const Json& said) {
  StoredBlocks out;
  const Json kind = said.is_object() ? said.value("kind", Json()) : said;
  if (kind.is_string()) out.type = block_type_by_name(kind.get_ref<const std::string&>());
  if (!said.is_object()) return out;
  const Json shape = said.value("shape", Json());
  const bool sane = shape.is_array() && !shape.empty() && shape.size() <= 5 && std::all_of(shape.begin(), shape.end(), [](const Json& n) {
                      return n.is_number_unsigned() && n.get<uint64_t>() >= 1 && n.get<uint64_t>() <= (uint64_t{1} << 24);
                    });
  if (!sane) return {};
  for (const Json& n : shape) out.shape.push_back(n.get<int64_t>());
  return out;
}

/// Numbers of bf16 with the shape that was stored. Errors: corrupt.
Result<Tensor> dense(const BlockMatrix& matrix, const std::vector<int64_t>& sizes, const std::string& name) {
  double elements = 1;
  for (const int64_t n : sizes) elements *= static_cast<double>(n);
  if (elements != static_cast<double>(matrix.rows) * static_cast<double>(matrix.columns))
    return fail(ErrorCode::corrupt, "safetensors: '{}' says another shape of '{}' than its {} x {} numbers have", kBlocksKey, name.substr(0, 128), matrix.rows,
                matrix.columns);
  Tensor out = Tensor::empty(Shape(sizes), DType::bf16);
  dequantize(matrix.type, matrix.data, matrix.rows * matrix.columns, out.data<bf16>());
  return out;
}

/// Tensors of bytes [rows, row bytes] become matrices in blocks, or bf16 where a shape is said.
Result<void> read_blocks(TensorFile& file, const std::shared_ptr<const void>& owner) {
  const auto found = file.metadata.find(kBlocksKey);
  if (found == file.metadata.end()) return {};
  PTAH_TRY(const Json kinds, parse_json(found->second));
  if (!kinds.is_object()) return fail(ErrorCode::corrupt, "safetensors: '{}' is no object", kBlocksKey);
  for (const auto& [name, kind] : kinds.items()) {
    const auto tensor = file.tensors.find(name);
    const auto [type, shape] = stored_blocks(kind);
    if (tensor == file.tensors.end() || !type)
      return fail(ErrorCode::corrupt, "safetensors: '{}' names the unknown tensor or kind '{}'", kBlocksKey, name.substr(0, 128));
    const Tensor& bytes = tensor->second;
    const BlockLayout& layout = layout_of(*type);
    if (bytes.dtype() != DType::u8 || bytes.rank() != 2 || bytes.dim(0) < 1 || bytes.dim(1) < 1 || bytes.dim(1) % layout.bytes != 0)
      return fail(ErrorCode::corrupt, "safetensors: tensor '{}' of shape {} is no matrix in {}", name.substr(0, 128), bytes.shape().str(), layout.name);
    const BlockMatrix matrix{*type, bytes.dim(0), bytes.dim(1) / layout.bytes * layout.elements, static_cast<const uint8_t*>(bytes.raw()), owner};
    if (reinterpret_cast<uintptr_t>(matrix.data) % 2 != 0) return fail(ErrorCode::corrupt, "safetensors: tensor '{}' is not aligned", name.substr(0, 128));
    if (shape.empty()) {
      tensor->second = Tensor::wrap(matrix);
    } else {
      PTAH_TRY(tensor->second, dense(matrix, shape, name));
    }
  }
  file.metadata.erase(kBlocksKey);
  return {};
}

}  // namespace

Result<TensorFile> parse_safetensors(std::span<const uint8_t> bytes, const std::shared_ptr<const void>& owner) {
  if (const std::string instead = placeholder_in(bytes); !instead.empty()) return fail(ErrorCode::corrupt, "safetensors: {}", instead);
  if (bytes.size() < 8) return fail(ErrorCode::corrupt, "safetensors: {} bytes are too few for a header", bytes.size());
  uint64_t header_bytes = 0;
  std::memcpy(&header_bytes, bytes.data(), 8);
  if (header_bytes > kMaxHeaderBytes || header_bytes > bytes.size() - 8)
    return fail(ErrorCode::corrupt, "safetensors: header of {} bytes in a file of {} (limit {})", header_bytes, bytes.size(), kMaxHeaderBytes);
  const std::string_view text(reinterpret_cast<const char*>(bytes.data()) + 8, header_bytes);
  auto parsed = parse_json(text, 4);
  if (!parsed)
    return fail(parsed.error().code == ErrorCode::cancelled ? ErrorCode::cancelled : ErrorCode::corrupt, "safetensors: header {}", parsed.error().message);
  if (!parsed->is_object()) return fail(ErrorCode::corrupt, "safetensors: the header is no object");
  const uint8_t* data = bytes.data() + 8 + header_bytes;
  const uint64_t data_bytes = bytes.size() - 8 - header_bytes;
  TensorFile file;
  std::vector<std::pair<uint64_t, uint64_t>> ranges;
  for (const auto& [name, entry] : parsed->items()) {
    if (name == "__metadata__") {
      if (!entry.is_object()) return fail(ErrorCode::corrupt, "safetensors: __metadata__ is no object");
      for (const auto& [key, value] : entry.items()) {
        if (!value.is_string()) return fail(ErrorCode::corrupt, "safetensors: metadata '{}' is no string", key.substr(0, 64));
        file.metadata[key] = value.get<std::string>();
      }
      continue;
    }
    PTAH_TRY(const Described d, describe(name, entry, data_bytes));
    if (d.end > d.begin) ranges.emplace_back(d.begin, d.end);
    if (!d.type) {
      const auto type = entry["dtype"].get<std::string>();
      if (type.starts_with("F8")) file.bytes.emplace(name, Tensor::wrap(d.shape, DType::u8, data + d.begin, owner));
      file.skipped.emplace(name, type);
      continue;
    }
    const uint8_t* at = data + d.begin;
    if (reinterpret_cast<uintptr_t>(at) % d.element_bytes != 0)
      return fail(ErrorCode::corrupt, "safetensors: tensor '{}' is not aligned to its dtype", name.substr(0, 128));
    file.tensors.emplace(name, Tensor::wrap(d.shape, *d.type, at, owner));
  }
  std::sort(ranges.begin(), ranges.end());
  uint64_t at = 0;
  for (const auto& [begin, end] : ranges) {
    if (begin < at) return fail(ErrorCode::corrupt, "safetensors: tensors overlap at data byte {}", begin);
    at = end;
  }
  PTAH_TRY_VOID(read_blocks(file, owner));
  return file;
}

Result<TensorFile> read_safetensors(const std::filesystem::path& path) {
  PTAH_TRY(const auto mapped, MappedFile::open(path));
  auto file = parse_safetensors(mapped->bytes(), mapped);
  if (!file) return fail(file.error().code, "{}: {}", path.string(), file.error().message);
  return file;
}

namespace {
size_t alignment_of(const Tensor& tensor) { return tensor.dtype() == DType::blocks ? 2 : size_of(tensor.dtype()); }
}  // namespace

namespace {

/// Length and header, then the tensors' bytes.
struct SafetensorsParts {
  uint64_t length = 0;
  std::string text;
  std::vector<std::span<const uint8_t>> data;
};

Result<SafetensorsParts> parts_of(const TensorFile& file) {
  Json header = Json::object(), kinds = Json::object();
  for (const auto& [name, tensor] : file.tensors)
    if (tensor.dtype() == DType::blocks) kinds[name] = layout_of(tensor.block_type()).name;
  if (!file.metadata.empty()) header["__metadata__"] = file.metadata;
  if (!kinds.empty()) header["__metadata__"][kBlocksKey] = kinds.dump();
  if (file.tensors.count("__metadata__") != 0) return fail(ErrorCode::invalid_argument, "safetensors: a tensor cannot be called __metadata__");
  // The format knows no gaps: the widest elements first keep everything aligned to its dtype.
  std::vector<const std::pair<const std::string, Tensor>*> order;
  for (const auto& entry : file.tensors) order.push_back(&entry);
  std::stable_sort(order.begin(), order.end(), [](const auto* a, const auto* b) { return alignment_of(a->second) > alignment_of(b->second); });
  uint64_t at = 0;
  SafetensorsParts out;
  for (const auto* entry : order) {
    const auto& [name, tensor] = *entry;
    std::vector<int64_t> dims;
    const bool blocks = tensor.dtype() == DType::blocks;
    for (int i = 0; i < tensor.rank(); ++i) dims.push_back(tensor.dim(i));
    if (blocks) dims = {tensor.block_matrix().rows, tensor.block_matrix().row_bytes()};
    header[name] = {{"dtype", blocks ? "U8" : safetensors_name(tensor.dtype())}, {"shape", dims}, {"data_offsets", {at, at + tensor.bytes()}}};
    out.data.emplace_back(static_cast<const uint8_t*>(tensor.raw()), tensor.bytes());
    at += tensor.bytes();
  }
  out.text = header.dump();
  out.text.resize((out.text.size() + 8 + 63) / 64 * 64 - 8, ' ');
  out.length = out.text.size();
  return out;
}

}  // namespace

Result<Bytes> encode_safetensors(const TensorFile& file) {
  PTAH_TRY(const SafetensorsParts parts, parts_of(file));
  Bytes out;
  const auto put = [&](std::span<const uint8_t> bytes) { out.insert(out.end(), bytes.begin(), bytes.end()); };
  put({reinterpret_cast<const uint8_t*>(&parts.length), 8});
  put(as_bytes(parts.text));
  for (const auto& bytes : parts.data) put(bytes);
  return out;
}

Result<void> write_safetensors(const std::filesystem::path& path, const TensorFile& file) {
  PTAH_TRY(const SafetensorsParts parts, parts_of(file));
  std::vector<std::span<const uint8_t>> all{{reinterpret_cast<const uint8_t*>(&parts.length), 8}, as_bytes(parts.text)};
  all.insert(all.end(), parts.data.begin(), parts.data.end());
  return write_file(path, all);
}

}  // namespace ptah
