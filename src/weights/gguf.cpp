#include "weights/gguf.h"

#include <algorithm>
#include <atomic>
#include <cstring>
#include <limits>

#include "base/budget.h"
#include "base/parallel.h"
#include "base/placeholder.h"

namespace ptah {

namespace fs = std::filesystem;

namespace {

enum class Kind : uint32_t { u8, i8, u16, i16, u32, i32, f32, boolean, text, list, u64, i64, f64 };
constexpr int64_t kMaxElements = int64_t{1} << 40;
constexpr size_t kMaxRank = 4;

/// ggml's numbers of the kinds, and llama.cpp's for a file mostly of one.
struct KindId {
  uint32_t id;
  BlockType type;
  int64_t file_type;
};
constexpr KindId kKinds[] = {{0, BlockType::f32, 0},      {1, BlockType::f16, 1},      {2, BlockType::q4_0, 2},   {3, BlockType::q4_1, 3},
                             {6, BlockType::q5_0, 8},     {7, BlockType::q5_1, 9},     {8, BlockType::q8_0, 7},   {10, BlockType::q2_k, 10},
                             {11, BlockType::q3_k, 12},   {12, BlockType::q4_k, 15},   {13, BlockType::q5_k, 17}, {14, BlockType::q6_k, 18},
                             {20, BlockType::iq4_nl, 25}, {23, BlockType::iq4_xs, 30}, {30, BlockType::bf16, 32}};
const KindId& kind_of(BlockType type) {
  return *std::find_if(std::begin(kKinds), std::end(kKinds), [&](const KindId& k) { return k.type == type; });
}

std::string name_of_kind(uint32_t id) {
  static constexpr const char* kNames[] = {"f32",   "f16",    "q4_0", "q4_1", "q4_2", "q4_3",    "q5_0",   "q5_1",    "q8_0",  "q8_1",   "q2_k",
                                           "q3_k",  "q4_k",   "q5_k", "q6_k", "q8_k", "iq2_xxs", "iq2_xs", "iq3_xxs", "iq1_s", "iq4_nl", "iq3_s",
                                           "iq2_s", "iq4_xs", "i8",   "i16",  "i32",  "i64",     "f64",    "iq1_m",   "bf16"};
  return id < std::size(kNames) ? kNames[id] : fmt::format("number {}", id);
}

/// Reads forward through the file; once something passes the end, everything after is zero and `broken` says where.
class Cursor {
 public:
  explicit Cursor(std::span<const uint8_t> bytes) : bytes_(bytes) {}

  template <class T>
  T take() {
    T value{};
    if (left() < sizeof(T)) {
      note();
      return value;
    }
    std::memcpy(&value, bytes_.data() + at_, sizeof(T));
    at_ += sizeof(T);
    return value;
  }
  std::string text() {
    const auto length = take<uint64_t>();
    if (length > left()) {
      note();
      return {};
    }
    std::string out(reinterpret_cast<const char*>(bytes_.data() + at_), length);
    at_ += length;
    return out;
  }
  /// Counts memory that what is read takes; over_budget if it is too much.
  Result<void> hold(size_t bytes) {
    return guard([&]() -> Result<void> {
      budget_.step();
      budget_.take(bytes);
      return {};
    });
  }
  size_t left() const { return broken_ ? 0 : bytes_.size() - at_; }
  size_t at() const { return at_; }
  bool broken() const { return broken_; }

 private:
  void note() { broken_ = true; }
  /// A vocabulary of 262,144 tokens with its merges takes a quarter of this.
  Budget budget_{"gguf", {.bytes = size_t{256} << 20, .steps = 100'000'000, .seconds = 60}};
  std::span<const uint8_t> bytes_;
  size_t at_ = 0;
  bool broken_ = false;
};

size_t smallest_size(Kind kind) {
  switch (kind) {
    case Kind::u8:
    case Kind::i8:
    case Kind::boolean:
      return 1;
    case Kind::u16:
    case Kind::i16:
      return 2;
    case Kind::u32:
    case Kind::i32:
    case Kind::f32:
      return 4;
    default:
      return 8;
  }
}

Result<int64_t> take_integer(Cursor& in, Kind kind) {
  switch (kind) {
    case Kind::u8:
      return in.take<uint8_t>();
    case Kind::i8:
      return in.take<int8_t>();
    case Kind::u16:
      return in.take<uint16_t>();
    case Kind::i16:
      return in.take<int16_t>();
    case Kind::u32:
      return in.take<uint32_t>();
    case Kind::i32:
      return in.take<int32_t>();
    case Kind::i64:
      return in.take<int64_t>();
    default: {
      const auto value = in.take<uint64_t>();
      if (value > static_cast<uint64_t>(std::numeric_limits<int64_t>::max())) return fail(ErrorCode::unsupported, "integer {} is too large", value);
      return static_cast<int64_t>(value);
    }
  }
}

Result<GgufValue> take_value(Cursor& in, Kind kind);

Result<GgufValue> take_list(Cursor& in) {
  const auto kind = static_cast<Kind>(in.take<uint32_t>());
  const auto count = in.take<uint64_t>();
  if (kind == Kind::list || kind > Kind::f64) return fail(ErrorCode::unsupported, "list of kind {}", static_cast<uint32_t>(kind));
  if (count > in.left() / smallest_size(kind)) return fail(ErrorCode::corrupt, "list of {} items passes the end", count);
  const auto many = static_cast<size_t>(count);
  PTAH_TRY_VOID(in.hold(many * (kind == Kind::text ? sizeof(std::string) : kind == Kind::boolean ? 1 : 8)));
  if (kind == Kind::text) {
    std::vector<std::string> out(many);
    for (std::string& item : out) {
      item = in.text();
      PTAH_TRY_VOID(in.hold(item.size() > 15 ? item.size() : 0));
    }
    return GgufValue(std::move(out));
  }
  if (kind == Kind::f32 || kind == Kind::f64) {
    std::vector<double> out(many);
    for (double& item : out) item = kind == Kind::f32 ? static_cast<double>(in.take<float>()) : in.take<double>();
    return GgufValue(std::move(out));
  }
  if (kind == Kind::boolean) {
    std::vector<bool> out(many);
    for (size_t i = 0; i < many; ++i) out[i] = in.take<uint8_t>() != 0;
    return GgufValue(std::move(out));
  }
  std::vector<int64_t> out(many);
  for (int64_t& item : out) {
    PTAH_TRY(item, take_integer(in, kind));
  }
  return GgufValue(std::move(out));
}

Result<GgufValue> take_value(Cursor& in, Kind kind) {
  switch (kind) {
    case Kind::f32:
      return GgufValue(static_cast<double>(in.take<float>()));
    case Kind::f64:
      return GgufValue(in.take<double>());
    case Kind::boolean:
      return GgufValue(in.take<uint8_t>() != 0);
    case Kind::text:
      return GgufValue(in.text());
    case Kind::list:
      return take_list(in);
    default:
      break;
  }
  if (kind > Kind::f64) return fail(ErrorCode::corrupt, "value of unknown kind {}", static_cast<uint32_t>(kind));
  PTAH_TRY(const int64_t value, take_integer(in, kind));
  return GgufValue(value);
}

struct Entry {
  std::string name;
  GgufTensor tensor;
  uint64_t offset = 0, bytes = 0;
};

Result<Entry> take_entry(Cursor& in) {
  Entry entry;
  entry.name = in.text();
  const auto rank = in.take<uint32_t>();
  if (rank == 0 || rank > kMaxRank) return fail(ErrorCode::corrupt, "gguf: tensor '{}' has {} axes; 1 to {} are possible", entry.name, rank, kMaxRank);
  int64_t elements = 1;
  for (uint32_t i = 0; i < rank; ++i) {
    const auto extent = in.take<uint64_t>();
    if (extent == 0 || extent > static_cast<uint64_t>(kMaxElements / elements))
      return fail(ErrorCode::corrupt, "gguf: tensor '{}' has an impossible extent {}", entry.name, extent);
    elements *= static_cast<int64_t>(extent);
    entry.tensor.shape.insert(entry.tensor.shape.begin(), static_cast<int64_t>(extent));
  }
  const auto id = in.take<uint32_t>();
  entry.offset = in.take<uint64_t>();
  if (in.broken()) return fail(ErrorCode::corrupt, "gguf: the list of tensors passes the end of the file");
  const auto kind = std::find_if(std::begin(kKinds), std::end(kKinds), [&](const KindId& k) { return k.id == id; });
  if (kind == std::end(kKinds))
    return fail(ErrorCode::unsupported,
                "gguf: tensor '{}' has type {}; supported: f32 f16 bf16 q4_0 q4_1 q5_0 q5_1 q8_0 q2_k q3_k q4_k q5_k q6_k iq4_nl iq4_xs", entry.name,
                name_of_kind(id));
  BlockMatrix& matrix = entry.tensor.matrix;
  matrix.type = kind->type;
  matrix.columns = entry.tensor.shape.back();
  matrix.rows = elements / matrix.columns;
  if (matrix.columns % layout_of(matrix.type).elements)
    return fail(ErrorCode::corrupt, "gguf: tensor '{}' of type {} has rows of {}, not a multiple of {}", entry.name, layout_of(matrix.type).name,
                matrix.columns, layout_of(matrix.type).elements);
  entry.bytes = static_cast<uint64_t>(block_bytes(matrix.type, elements));
  return entry;
}

}  // namespace

Result<int64_t> GgufFile::integer(const std::string& key) const {
  const auto found = metadata.find(key);
  if (found == metadata.end()) return fail(ErrorCode::corrupt, "gguf: no '{}' in the metadata", key);
  if (const auto* value = std::get_if<int64_t>(&found->second)) return *value;
  return fail(ErrorCode::corrupt, "gguf: '{}' is not an integer", key);
}

Result<double> GgufFile::number(const std::string& key) const {
  const auto found = metadata.find(key);
  if (found == metadata.end()) return fail(ErrorCode::corrupt, "gguf: no '{}' in the metadata", key);
  if (const auto* value = std::get_if<double>(&found->second)) return *value;
  return fail(ErrorCode::corrupt, "gguf: '{}' is not a number with a fraction", key);
}

Result<std::string> GgufFile::text(const std::string& key) const {
  const auto found = metadata.find(key);
  if (found == metadata.end()) return fail(ErrorCode::corrupt, "gguf: no '{}' in the metadata", key);
  if (const auto* value = std::get_if<std::string>(&found->second)) return *value;
  return fail(ErrorCode::corrupt, "gguf: '{}' is not a text", key);
}

Result<GgufFile> parse_gguf(std::span<const uint8_t> bytes, const std::shared_ptr<const void>& owner) {
  Cursor in(bytes);
  if (const std::string instead = placeholder_in(bytes); !instead.empty()) return fail(ErrorCode::corrupt, "gguf: {}", instead);
  if (bytes.size() < 24 || std::memcmp(bytes.data(), "GGUF", 4) != 0) return fail(ErrorCode::corrupt, "gguf: the file does not begin with GGUF");
  (void)in.take<uint32_t>();
  GgufFile file;
  const auto version = in.take<uint32_t>();
  if (version == 0x02000000 || version == 0x03000000) return fail(ErrorCode::unsupported, "gguf: a big-endian file");
  if (version != 2 && version != 3) return fail(ErrorCode::unsupported, "gguf: version {}; 2 and 3 are known", version);
  file.version = static_cast<int>(version);
  const auto tensor_count = in.take<uint64_t>(), value_count = in.take<uint64_t>();
  constexpr uint64_t kMinEntry = 8 + 4 + 8 + 4 + 8, kMinValue = 8 + 4 + 1;
  if (tensor_count > bytes.size() / kMinEntry || value_count > bytes.size() / kMinValue)
    return fail(ErrorCode::corrupt, "gguf: {} tensors and {} values cannot be in {} bytes", tensor_count, value_count, bytes.size());
  for (uint64_t i = 0; i < value_count; ++i) {
    const std::string key = in.text();
    PTAH_TRY_VOID(in.hold(160 + key.size()));
    const auto kind = static_cast<Kind>(in.take<uint32_t>());
    auto value = take_value(in, kind);
    if (!value) return fail(value.error().code, "gguf: '{}': {}", key.substr(0, 200), value.error().message);
    if (in.broken()) return fail(ErrorCode::corrupt, "gguf: the metadata passes the end of the file, at '{}'", key.substr(0, 200));
    if (!file.metadata.emplace(key, std::move(*value)).second) return fail(ErrorCode::corrupt, "gguf: '{}' is there twice", key.substr(0, 200));
  }
  std::vector<Entry> entries;
  for (uint64_t i = 0; i < tensor_count; ++i) {
    PTAH_TRY_VOID(in.hold(3 * sizeof(Entry)));
    PTAH_TRY(Entry entry, take_entry(in));
    entries.push_back(std::move(entry));
  }
  const auto alignment = static_cast<uint64_t>(file.get<int64_t>("general.alignment", 32));
  if (alignment < 8 || alignment > (1 << 20) || (alignment & (alignment - 1))) return fail(ErrorCode::corrupt, "gguf: alignment {}", alignment);
  const uint64_t data = (in.at() + alignment - 1) / alignment * alignment;
  std::vector<const Entry*> by_offset;
  for (Entry& entry : entries) {
    if (data > bytes.size() || entry.offset > bytes.size() - data || entry.bytes > bytes.size() - data - entry.offset)
      return fail(ErrorCode::corrupt, "gguf: tensor '{}' ({} bytes at {}) passes the end of the file", entry.name, entry.bytes, entry.offset);
    if (entry.offset % alignment) return fail(ErrorCode::corrupt, "gguf: tensor '{}' at {} is not aligned to {}", entry.name, entry.offset, alignment);
    entry.tensor.matrix.data = bytes.data() + data + entry.offset;
    entry.tensor.matrix.owner = owner;
    by_offset.push_back(&entry);
  }
  std::sort(by_offset.begin(), by_offset.end(), [](const Entry* a, const Entry* b) { return a->offset < b->offset; });
  for (size_t i = 1; i < by_offset.size(); ++i)
    if (by_offset[i - 1]->offset + by_offset[i - 1]->bytes > by_offset[i]->offset)
      return fail(ErrorCode::corrupt, "gguf: tensors '{}' and '{}' overlap", by_offset[i - 1]->name, by_offset[i]->name);
  for (Entry& entry : entries)
    if (!file.tensors.emplace(entry.name, std::move(entry.tensor)).second) return fail(ErrorCode::corrupt, "gguf: tensor '{}' is there twice", entry.name);
  return file;
}

Result<GgufFile> read_gguf(const fs::path& path) {
  const auto one = [](const fs::path& at) -> Result<GgufFile> {
    PTAH_TRY(const auto mapped, MappedFile::open(at));
    auto file = parse_gguf(mapped->bytes(), mapped);
    if (!file) return fail(file.error().code, "{}: {}", at.string(), file.error().message);
    return file;
  };
  PTAH_TRY(GgufFile file, one(path));
  const auto parts = file.get<int64_t>("split.count", 1);
  if (parts <= 1) return file;
  if (parts > 999) return fail(ErrorCode::corrupt, "{}: split into {} files", path.string(), parts);
  const std::string ending = fmt::format("-00001-of-{:05}.gguf", parts);
  const std::string name = path.filename().string();
  if (!name.ends_with(ending)) return fail(ErrorCode::invalid_argument, "{} is a part of {}; give the first, …{}", path.string(), parts, ending);
  for (int64_t i = 2; i <= parts; ++i) {
    const fs::path at = path.parent_path() / fmt::format("{}-{:05}-of-{:05}.gguf", name.substr(0, name.size() - ending.size()), i, parts);
    PTAH_TRY(GgufFile part, one(at));
    for (auto& [tensor_name, tensor] : part.tensors)
      if (!file.tensors.emplace(tensor_name, std::move(tensor)).second)
        return fail(ErrorCode::corrupt, "{}: tensor '{}' is in an earlier part too", at.string(), tensor_name);
  }
  if (const auto total = file.get<int64_t>("split.tensors.count", -1); total >= 0 && total != static_cast<int64_t>(file.tensors.size()))
    return fail(ErrorCode::corrupt, "{}: {} tensors in the parts; {} were split", path.string(), file.tensors.size(), total);
  return file;
}

namespace {

template <class T>
void put(Bytes& out, T value) {
  const auto* bytes = reinterpret_cast<const uint8_t*>(&value);
  out.insert(out.end(), bytes, bytes + sizeof(T));
}

void put_text(Bytes& out, const std::string& text) {
  put<uint64_t>(out, text.size());
  out.insert(out.end(), text.begin(), text.end());
}

struct PutValue {
  Bytes& out;
  void kind(Kind k) const { put(out, static_cast<uint32_t>(k)); }
  void list(Kind k, size_t count) const {
    kind(Kind::list);
    kind(k);
    put<uint64_t>(out, count);
  }
  void operator()(bool v) const { kind(Kind::boolean), put<uint8_t>(out, v); }
  void operator()(int64_t v) const {
    const bool narrow = v >= 0 && v <= std::numeric_limits<uint32_t>::max();  // what readers expect of counts
    kind(narrow ? Kind::u32 : Kind::i64);
    narrow ? put(out, static_cast<uint32_t>(v)) : put(out, v);
  }
  void operator()(double v) const { kind(Kind::f32), put(out, static_cast<float>(v)); }
  void operator()(const std::string& v) const { kind(Kind::text), put_text(out, v); }
  void operator()(const std::vector<bool>& v) const {
    list(Kind::boolean, v.size());
    for (const bool item : v) put<uint8_t>(out, item);
  }
  void operator()(const std::vector<int64_t>& v) const {
    list(Kind::i32, v.size());
    for (const int64_t item : v) put(out, static_cast<int32_t>(item));
  }
  void operator()(const std::vector<double>& v) const {
    list(Kind::f32, v.size());
    for (const double item : v) put(out, static_cast<float>(item));
  }
  void operator()(const std::vector<std::string>& v) const {
    list(Kind::text, v.size());
    for (const std::string& item : v) put_text(out, item);
  }
};

}  // namespace

Result<void> write_gguf(const fs::path& path, const std::map<std::string, GgufValue>& metadata, const std::vector<GgufOutput>& tensors) {
  Bytes head;
  head.insert(head.end(), {'G', 'G', 'U', 'F'});
  put<uint32_t>(head, 3);
  put<uint64_t>(head, tensors.size());
  constexpr const char* kAlignmentKey = "general.alignment";  // without it readers take 32
  put<uint64_t>(head, metadata.size() - metadata.count(kAlignmentKey));
  for (const auto& [key, value] : metadata) {
    if (key == kAlignmentKey) continue;
    put_text(head, key);
    std::visit(PutValue{head}, value);
  }
  constexpr uint64_t kAlignment = 32;
  uint64_t offset = 0;
  for (const GgufOutput& tensor : tensors) {
    put_text(head, tensor.name);
    put<uint32_t>(head, static_cast<uint32_t>(tensor.shape.size()));
    for (size_t i = tensor.shape.size(); i-- > 0;) put<uint64_t>(head, static_cast<uint64_t>(tensor.shape[i]));
    put(head, kind_of(tensor.type).id);
    put(head, offset);
    offset += (tensor.bytes.size() + kAlignment - 1) / kAlignment * kAlignment;
  }
  head.resize((head.size() + kAlignment - 1) / kAlignment * kAlignment);
  static constexpr std::array<uint8_t, kAlignment> kZeros{};
  std::vector<std::span<const uint8_t>> parts{head};
  for (const GgufOutput& tensor : tensors) {
    parts.emplace_back(tensor.bytes);
    parts.emplace_back(kZeros.data(), (kAlignment - tensor.bytes.size() % kAlignment) % kAlignment);
  }
  return write_file(path, parts);
}

namespace {

/// The kind itself if it divides rows of `columns`, else its stand-in with blocks of 32; none if that does not either.
std::optional<BlockType> kind_for(BlockType type, int64_t columns) {
  if (columns % layout_of(type).elements == 0) return type;
  if (layout_of(type).elements != 256 || columns % 32 != 0) return {};
  switch (type) {
    case BlockType::q4_k:
      return BlockType::q5_0;
    case BlockType::q5_k:
      return BlockType::q5_1;
    case BlockType::q6_k:
      return BlockType::q8_0;
    default:
      return BlockType::iq4_nl;
  }
}

}  // namespace

Result<void> GgufMaker::add(const std::string& name, const std::vector<int64_t>& shape, const BlockMatrix& m, const std::vector<int64_t>& order) {
  const int64_t before = m.row_bytes() * m.rows;
  GgufOutput out;
  out.name = name;
  out.shape = shape;
  out.type = m.type;
  const std::optional<BlockType> kind = kind_for(type_, m.columns);
  if (shape.size() < 2) {
    std::vector<float> values(static_cast<size_t>(m.rows * m.columns)), sorted(values.size());
    dequantize(m.type, m.data, m.rows * m.columns, values.data());
    for (size_t i = 0; i < values.size(); ++i) sorted[i] = values[order.empty() ? i : static_cast<size_t>(order[i])];
    out.type = BlockType::f32;
    const auto* bytes = reinterpret_cast<const uint8_t*>(sorted.data());
    out.bytes.assign(bytes, bytes + sorted.size() * sizeof(float));
    ++report_.kept;
  } else {
    out.type = kind.value_or(m.type);
    const int64_t row_bytes = block_bytes(out.type, m.columns);
    out.bytes.resize(static_cast<size_t>(row_bytes * m.rows));
    std::atomic<bool> failed{false};
    parallel_for(m.rows, m.columns, [&](int64_t begin, int64_t end) {
      std::vector<float> values(static_cast<size_t>(m.columns));
      for (int64_t r = begin; r < end; ++r) {
        const uint8_t* from = m.row(order.empty() ? r : order[static_cast<size_t>(r)]);
        if (out.type == m.type) {
          std::copy_n(from, row_bytes, out.bytes.data() + r * row_bytes);
          continue;
        }
        dequantize(m.type, from, m.columns, values.data());
        if (!quantize(out.type, values.data(), m.columns, out.bytes.data() + r * row_bytes)) failed = true;
      }
    });
    if (failed)
      return fail(ErrorCode::invalid_argument, "tensor '{}' holds values that are not finite: not to be written as {}", name, layout_of(out.type).name);
    ++(kind ? report_.changed : report_.kept);
    if (kind && *kind != type_) ++report_.others;
  }
  report_.bytes_before += before;
  report_.bytes_after += static_cast<int64_t>(out.bytes.size());
  tensors_.push_back(std::move(out));
  return {};
}

Result<Requantized> GgufMaker::write(const fs::path& path, std::map<std::string, GgufValue> metadata) const {
  metadata["general.file_type"] = kind_of(type_).file_type;
  metadata["general.quantization_version"] = int64_t{2};
  PTAH_TRY_VOID(write_gguf(path, metadata, tensors_));
  return report_;
}

Result<Requantized> requantize_gguf(const fs::path& from, const fs::path& to, BlockType type) {
  std::error_code problem;
  if (fs::equivalent(from, to, problem)) return fail(ErrorCode::invalid_argument, "{} would be overwritten by itself", from.string());
  PTAH_TRY(GgufFile file, read_gguf(from));
  GgufMaker maker(type);
  for (const auto& [name, tensor] : file.tensors) PTAH_TRY_VOID(maker.add(name, tensor.shape, tensor.matrix));
  for (const char* key : {"split.no", "split.count", "split.tensors.count"}) file.metadata.erase(key);
  return maker.write(to, std::move(file.metadata));
}

}  // namespace ptah
