#include "weights/ctranslate2.h"

#include <cstring>

namespace ptah {

namespace {

constexpr uint32_t kFormat = 6;
/// Kinds of numbers: f32, i8, i16, i32, f16, bf16.
constexpr size_t kNumberBytes[] = {4, 1, 2, 4, 2, 2};
constexpr uint8_t kF32 = 0, kI8 = 1, kI16 = 2, kI32 = 3, kF16 = 4, kBf16 = 5;
constexpr size_t kLongestName = 1000;

/// Bytes one after the other; all that is read is checked against the end.
class Ct2Bytes {
 public:
  explicit Ct2Bytes(std::span<const uint8_t> bytes) : rest_(bytes) {}
  std::span<const uint8_t> take(size_t count) {
    if (count > rest_.size()) throw Failure({ErrorCode::corrupt, fmt::format("cut off: {} bytes are missing", count - rest_.size())});
    const auto out = rest_.first(count);
    rest_ = rest_.subspan(count);
    return out;
  }
  template <class T>
  T number() {
    T out;
    std::memcpy(&out, take(sizeof(T)).data(), sizeof(T));
    return out;
  }
  /// Its length goes before it and counts the zero behind it.
  std::string text() {
    const auto bytes = take(number<uint16_t>());
    if (bytes.empty() || bytes.size() > kLongestName || bytes.back() != 0) throw Failure({ErrorCode::corrupt, "a name without an end"});
    return {reinterpret_cast<const char*>(bytes.data()), bytes.size() - 1};
  }
  bool empty() const { return rest_.empty(); }

 private:
  std::span<const uint8_t> rest_;
};

std::string with_points(std::string name) {
  for (char& c : name)
    if (c == '/') c = '.';
  return name;
}

int64_t whole_at(std::span<const uint8_t> bytes, size_t at, uint8_t kind) {
  int64_t out = 0;
  if (kind == kI8) return static_cast<int8_t>(bytes[at]);
  if (kind == kI16) {
    int16_t value = 0;
    std::memcpy(&value, bytes.data() + 2 * at, 2);
    return value;
  }
  int32_t value = 0;
  std::memcpy(&value, bytes.data() + 4 * at, 4);
  out = value;
  return out;
}

void read_variable(Ct2Bytes& in, Ctranslate2File& out) {
  const std::string name = with_points(in.text());
  const auto rank = in.number<uint8_t>();
  if (rank > Shape::kMaxDims) throw Failure({ErrorCode::unsupported, fmt::format("{} has {} axes", name, rank)});
  std::vector<int64_t> extents;
  uint64_t elements = 1;
  for (uint8_t i = 0; i < rank; ++i) {
    extents.push_back(in.number<uint32_t>());
    elements *= static_cast<uint64_t>(extents.back());
    if (elements > (uint64_t{1} << 40)) throw Failure({ErrorCode::corrupt, fmt::format("{} is too large", name)});
  }
  const auto kind = in.number<uint8_t>();
  const uint64_t bytes = in.number<uint32_t>();
  if (kind > kBf16) throw Failure({ErrorCode::unsupported, fmt::format("{}: numbers of kind {}", name, kind)});
  if (bytes != elements * kNumberBytes[kind]) throw Failure({ErrorCode::corrupt, fmt::format("{}: {} bytes for {} numbers", name, bytes, elements)});
  const auto data = in.take(bytes);
  if (out.tensors.contains(name) || out.numbers.contains(name)) throw Failure({ErrorCode::corrupt, fmt::format("{} is there twice", name)});
  if (kind == kI8 && elements > 256) throw Failure({ErrorCode::unsupported, fmt::format("{} is in 8 bits; f32 and f16 are read", name)});
  if (kind == kI8 || kind == kI16 || kind == kI32) {
    std::vector<int64_t>& list = out.numbers[name];
    for (uint64_t i = 0; i < elements; ++i) list.push_back(whole_at(data, i, kind));
    return;
  }
  Tensor tensor = Tensor::empty(Shape(std::span<const int64_t>(extents)), kind == kF32 ? DType::f32 : kind == kF16 ? DType::f16 : DType::bf16);
  if (bytes > 0 && tensor.raw()) std::memcpy(tensor.raw(), data.data(), bytes);
  out.tensors.emplace(name, std::move(tensor));
}

}  // namespace

Result<Ctranslate2File> parse_ctranslate2(std::span<const uint8_t> bytes) {
  return guard([&]() -> Result<Ctranslate2File> {
    Ct2Bytes in(bytes);
    Ctranslate2File out;
    if (const auto format = in.number<uint32_t>(); format != kFormat)
      return fail(ErrorCode::unsupported, "format {} of CTranslate2; {} is read", format, kFormat);
    out.kind = in.text();
    out.revision = in.number<uint32_t>();
    for (auto count = in.number<uint32_t>(); count > 0; --count) read_variable(in, out);
    for (auto count = in.number<uint32_t>(); count > 0; --count) {
      const std::string alias = with_points(in.text()), name = with_points(in.text());
      const auto found = out.tensors.find(name);
      if (found == out.tensors.end()) return fail(ErrorCode::corrupt, "{} stands for {}, which is not there", alias, name);
      if (!out.tensors.emplace(alias, found->second).second) return fail(ErrorCode::corrupt, "{} is there twice", alias);
    }
    if (!in.empty()) return fail(ErrorCode::corrupt, "bytes behind the end");
    return out;
  });
}

Result<Ctranslate2File> read_ctranslate2(const std::filesystem::path& path) {
  PTAH_TRY(const auto mapped, MappedFile::open(path));
  auto file = parse_ctranslate2(mapped->bytes());
  if (!file) return fail(file.error().code, "{}: {}", path.string(), file.error().message);
  return file;
}

}  // namespace ptah
