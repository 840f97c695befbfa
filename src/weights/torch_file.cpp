#include "weights/torch_file.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstring>
#include <optional>

#include "base/budget.h"
#include "base/parallel.h"
#include "base/placeholder.h"
#include "tensor/ops.h"
#include "weights/gguf.h"
#include "weights/pickle.h"

namespace ptah {

namespace {

using Span = std::span<const uint8_t>;
using Node = PickleNode;

// ---- the archive

constexpr uint32_t kEndRecord = 0x06054b50, kEnd64Record = 0x06064b50, kEnd64Locator = 0x07064b50, kCentralRecord = 0x02014b50, kLocalRecord = 0x04034b50;
constexpr uint32_t kIn64 = 0xFFFFFFFF;

/// Entries of a ZIP archive by name, as they lie in it.
Result<std::map<std::string, Span>> zip_entries(Span bytes) {
  const auto broken = [](const char* why) { return fail(ErrorCode::corrupt, "PyTorch file: broken archive ({})", why); };
  if (bytes.size() < 22) return broken("too short");
  size_t end = bytes.size() - 22;
  const size_t min_end = end > 65535 ? end - 65535 : 0;
  while (number_at<uint32_t>(bytes, end) != kEndRecord) {
    if (end == min_end) return broken("no directory");
    --end;
  }
  uint64_t count = number_at<uint16_t>(bytes, end + 10), size = number_at<uint32_t>(bytes, end + 12), at = number_at<uint32_t>(bytes, end + 16);
  if (end >= 20 && number_at<uint32_t>(bytes, end - 20) == kEnd64Locator) {
    const auto where = number_at<uint64_t>(bytes, end - 12);
    if (where > bytes.size() || bytes.size() - where < 56 || number_at<uint32_t>(bytes, where) != kEnd64Record) return broken("directory of the long form");
    count = number_at<uint64_t>(bytes, where + 32), size = number_at<uint64_t>(bytes, where + 40), at = number_at<uint64_t>(bytes, where + 48);
  }
  if (at > bytes.size() || size > bytes.size() - at || count > size / 46) return broken("directory past the end");
  const Span directory = bytes.subspan(at, size);
  std::map<std::string, Span> out;
  size_t p = 0;
  for (uint64_t i = 0; i < count; ++i) {
    if (directory.size() - p < 46 || number_at<uint32_t>(directory, p) != kCentralRecord) return broken("directory entry");
    const auto flags = number_at<uint16_t>(directory, p + 8), method = number_at<uint16_t>(directory, p + 10);
    uint64_t packed = number_at<uint32_t>(directory, p + 20), whole = number_at<uint32_t>(directory, p + 24), local = number_at<uint32_t>(directory, p + 42);
    const size_t name_bytes = number_at<uint16_t>(directory, p + 28), extra_bytes = number_at<uint16_t>(directory, p + 30),
                 comment_bytes = number_at<uint16_t>(directory, p + 32);
    if (directory.size() - p - 46 < name_bytes + extra_bytes + comment_bytes) return broken("directory entry past the end");
    const std::string name(reinterpret_cast<const char*>(directory.data()) + p + 46, name_bytes);
    Span extra = directory.subspan(p + 46 + name_bytes, extra_bytes);
    while (extra.size() >= 4) {
      const size_t length = number_at<uint16_t>(extra, 2);
      if (extra.size() - 4 < length) return broken("extra field");
      if (number_at<uint16_t>(extra, 0) == 1) {  // numbers of 64 bits, in this order, of those that did not fit
        size_t q = 4;
        for (uint64_t* value : {&whole, &packed, &local})
          if (*value == kIn64) {
            if (q + 8 > 4 + length) return broken("extra field");
            *value = number_at<uint64_t>(extra, q);
            q += 8;
          }
      }
      extra = extra.subspan(4 + length);
    }
    if (method != 0 || packed != whole || (flags & 1) != 0)
      return fail(ErrorCode::unsupported, "PyTorch file: '{}' is compressed or encrypted; PyTorch writes neither", name.substr(0, 100));
    if (local > bytes.size() || bytes.size() - local < 30 || number_at<uint32_t>(bytes, local) != kLocalRecord) return broken("entry");
    const uint64_t begin = local + 30 + number_at<uint16_t>(bytes, local + 26) + number_at<uint16_t>(bytes, local + 28);
    if (begin > bytes.size() || whole > bytes.size() - begin) return broken("entry past the end");
    if (!out.emplace(name, bytes.subspan(begin, whole)).second) return broken("two entries of one name");
    p += 46 + name_bytes + extra_bytes + comment_bytes;
  }
  return out;
}

// ---- from the tree to tensors

class Harvest {
 public:
  Harvest(const std::map<std::string, Span>& entries, std::string folder, std::shared_ptr<const void> owner, size_t file_bytes)
      : entries_(entries), folder_(std::move(folder)), owner_(std::move(owner)), max_copied_(static_cast<int64_t>(file_bytes) * 2 + (int64_t{64} << 20)) {}

  TensorFile take(const Node* root) {
    if (root->kind != Node::dictionary) throw Failure({ErrorCode::unsupported, "PyTorch file: no dictionary of tensors, but something else"});
    for (size_t i = 0; i < root->items.size(); i += 2)
      if (root->items[i]->kind == Node::text && root->items[i]->words == "state_dict" && root->items[i + 1]->kind == Node::dictionary) {
        walk(root->items[i + 1], "", 0);
        return std::move(file_);
      }
    walk(root, "", 0);
    return std::move(file_);
  }

 private:
  void walk(const Node* tree, const std::string& prefix, int depth) {
    constexpr int kMaxDepth = 4;
    constexpr size_t kMaxTensors = 100000, kMaxName = 1024;
    budget_.step(static_cast<int64_t>(tree->items.size()));
    for (size_t i = 0; i < tree->items.size(); i += 2) {
      const Node *key = tree->items[i], *value = tree->items[i + 1];
      if (key->kind != Node::text) continue;
      if (value->kind != Node::tensor && value->kind != Node::dictionary) continue;
      const std::string name = prefix + std::string(key->words);
      if (++seen_ > kMaxTensors || name.size() > kMaxName) throw Failure({ErrorCode::corrupt, "PyTorch file: too many tensors, or a name too long"});
      if (value->kind == Node::tensor)
        add(name, *value);
      else if (depth < kMaxDepth)
        walk(value, key->words == "_parameters" ? prefix : name + ".", depth + 1);  // of a module: its tensors are called by the module's name
    }
  }

  void add(const std::string& name, const Node& tensor) {
    const auto broken = [&](const char* why) { return Failure({ErrorCode::corrupt, fmt::format("PyTorch file: tensor '{}' {}", name, why)}); };
    if (file_.tensors.contains(name) || file_.skipped.contains(name)) throw broken("is there twice");
    const StorageType& type = *tensor.of->type;
    if (!type.type) {
      file_.skipped.emplace(name, type.name);
      return;
    }
    const auto found = entries_.find(folder_ + "data/" + std::string(tensor.of->words));
    if (found == entries_.end()) throw broken("has no numbers in the archive");
    if (tensor.shape.size() > Shape::kMaxDims) throw broken("has too many axes");
    const int64_t held = static_cast<int64_t>(found->second.size() / type.bytes);
    int64_t elements = 1, last = tensor.offset;
    const bool nothing = std::find(tensor.shape.begin(), tensor.shape.end(), 0) != tensor.shape.end();
    if (nothing) elements = 0;
    for (size_t axis = 0; !nothing && axis < tensor.shape.size(); ++axis) {
      const int64_t extent = tensor.shape[axis];
      if (elements > held / extent) throw broken("is larger than its numbers");  // strides of zero are not met with in files
      elements *= extent;
      if (extent > 1) {
        if (tensor.strides[axis] > (held - std::min(last, held)) / (extent - 1)) throw broken("reaches past its numbers");
        last += (extent - 1) * tensor.strides[axis];
      }
    }
    if (elements > 0 && last >= held) throw broken("reaches past its numbers");
    const Shape shape{std::span<const int64_t>(tensor.shape)};
    bool dense = true;
    for (int64_t axis = static_cast<int64_t>(tensor.shape.size()) - 1, step = 1; axis >= 0; --axis) {
      dense = dense && (tensor.shape[static_cast<size_t>(axis)] == 1 || tensor.strides[static_cast<size_t>(axis)] == step);
      step *= tensor.shape[static_cast<size_t>(axis)];
    }
    const uint8_t* data = found->second.data() + static_cast<size_t>(elements > 0 ? tensor.offset : 0) * type.bytes;
    if (elements == 0 || (dense && reinterpret_cast<uintptr_t>(data) % type.bytes == 0)) {
      file_.tensors.emplace(name, Tensor::wrap(shape, *type.type, data, owner_));
      return;
    }
    copied_ += elements * static_cast<int64_t>(type.bytes);
    if (copied_ > max_copied_) throw broken("is one of too many that do not lie in order");
    Tensor copy = Tensor::empty(shape, *type.type);
    auto* to = static_cast<uint8_t*>(copy.raw());
    std::vector<int64_t> index(tensor.shape.size(), 0);
    for (int64_t i = 0; to && i < elements; ++i) {
      int64_t from = 0;
      for (size_t axis = 0; axis < index.size(); ++axis) from += index[axis] * tensor.strides[axis];
      std::memcpy(to + static_cast<size_t>(i) * type.bytes, data + static_cast<size_t>(from) * type.bytes, type.bytes);
      for (size_t axis = index.size(); axis-- > 0;) {
        if (++index[axis] < tensor.shape[axis]) break;
        index[axis] = 0;
      }
    }
    file_.tensors.emplace(name, std::move(copy));
  }

  const std::map<std::string, Span>& entries_;
  std::string folder_;
  std::shared_ptr<const void> owner_;
  TensorFile file_;
  Budget budget_{"PyTorch file", {.steps = 50'000'000, .seconds = 60}};  ///< dictionaries within one another may share their parts
  size_t seen_ = 0;
  int64_t copied_ = 0, max_copied_;  ///< tensors that do not lie in order: each number of the file twice, so that no small file grows large
};

/// A GGUF file's tensors as others see them; quantised ones in bf16.
Result<TensorFile> dequantized(const GgufFile& file) {
  TensorFile out;
  for (const auto& [name, tensor] : file.tensors) {
    // Some converters flatten what has more than two axes and keep the shape beside it.
    const auto kept = file.get<std::vector<int64_t>>("comfy.gguf.orig_shape." + name, {});
    const std::vector<int64_t>& dims = kept.empty() ? tensor.shape : kept;
    const BlockMatrix& m = tensor.matrix;
    int64_t elements = 1;
    for (const int64_t extent : dims)
      if (extent < 0 || (extent > 0 && elements > m.rows * m.columns / extent))
        elements = -1;
      else
        elements *= extent;
    if (elements != m.rows * m.columns || dims.size() > Shape::kMaxDims)
      return fail(ErrorCode::corrupt, "gguf: tensor '{}' has another number of elements than its shape", name);
    const Shape shape{std::span<const int64_t>(dims)};
    const std::optional<DType> plain = m.type == BlockType::f32    ? std::optional(DType::f32)
                                       : m.type == BlockType::f16  ? std::optional(DType::f16)
                                       : m.type == BlockType::bf16 ? std::optional(DType::bf16)
                                                                   : std::nullopt;
    if (plain) {
      out.tensors.emplace(name, Tensor::wrap(shape, *plain, m.data, m.owner));
      continue;
    }
    out.tensors.emplace(name, Tensor::lazy(shape, DType::bf16, [m, shape] {
                          Tensor wide = Tensor::empty(shape, DType::bf16);
                          parallel_for(m.rows, m.columns, [&](int64_t begin, int64_t end) {
                            for (int64_t row = begin; row < end; ++row) dequantize(m.type, m.row(row), m.columns, wide.data<bf16>() + row * m.columns);
                          });
                          return wide;
                        }));
  }
  return out;
}

/// The bf16 numbers that bytes of an 8-bit float stand for, exactly: of 4 exponent bits ("E4M3", which knows no infinity), or of 5 (the upper half of an f16).
std::array<bf16, 256> numbers_of_8_bits(bool five_exponent_bits) {
  std::array<bf16, 256> out{};
  for (int byte = 0; byte < 256; ++byte) {
    const int bits = five_exponent_bits ? 2 : 3, exponent = (byte & 0x7F) >> bits, fraction = byte & ((1 << bits) - 1), bias = five_exponent_bits ? 15 : 7;
    float value = std::ldexp(static_cast<float>(fraction + (exponent ? 1 << bits : 0)), std::max(exponent, 1) - bias - bits);
    if (five_exponent_bits && exponent == 31) value = fraction ? NAN : INFINITY;
    if (!five_exponent_bits && (byte & 0x7F) == 0x7F) value = NAN;
    out[static_cast<size_t>(byte)] = to_bf16(byte & 0x80 ? -value : value);
  }
  return out;
}

/// Puts the tensors of 8-bit floats among the others, in bf16 once they are used; a number "….scale_weight" beside a "….weight" multiplies it (as ComfyUI's
/// "scaled" files have it).
Result<void> upcast_8_bits(TensorFile& file) {
  static const std::array<bf16, 256> four = numbers_of_8_bits(false), five = numbers_of_8_bits(true);
  for (const auto& [name, bytes] : file.bytes) {
    const bool wide = file.skipped.at(name) == "F8_E5M2";
    float by = 1;
    if (const auto scale = file.tensors.find(name.ends_with(".weight") ? name.substr(0, name.size() - 6) + "scale_weight" : ""); scale != file.tensors.end()) {
      if (scale->second.elements() != 1)
        return fail(ErrorCode::unsupported, "'{}' of shape {}; one number is known", scale->first, scale->second.shape().str());
      by = cast(scale->second, DType::f32).item();
    }
    file.tensors.emplace(name, Tensor::lazy(bytes.shape(), DType::bf16, [bytes = bytes, wide, by] {
                           Tensor out = Tensor::empty(bytes.shape(), DType::bf16);
                           const auto& table = wide ? five : four;
                           parallel_for(out.elements(), 4, [&](int64_t begin, int64_t end) {
                             for (int64_t i = begin; i < end; ++i) {
                               const bf16 number = table[std::as_const(bytes).data<uint8_t>()[i]];
                               out.data<bf16>()[i] = by == 1 ? number : to_bf16(to_float(number) * by);
                             }
                           });
                           return out;
                         }));
    file.skipped.erase(name);
  }
  if (!file.bytes.empty())
    std::erase_if(file.tensors,
                  [](const auto& item) { return item.first.ends_with("scale_weight") || item.first.ends_with("scale_input") || item.first == "scaled_fp8"; });
  file.bytes.clear();
  return {};
}

constexpr std::string_view kOldBeginning("\x80\x02\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19.",
                                         15);  ///< a pickle of the number that marks PyTorch's files before 1.6

/// Those are five pickles (the mark, a version, the system, the tree, the storages' keys), then each storage's number of elements and its numbers.
TensorFile old_file(Span bytes, std::shared_ptr<const void> owner) {
  Pickle pickle(bytes);
  for (int i = 0; i < 3; ++i) (void)pickle.read();
  const Node* root = pickle.read();
  const Node* keys = pickle.read();
  if (keys->kind != Node::list) throw Failure({ErrorCode::corrupt, "PyTorch file: no list of storages"});
  std::map<std::string, Span> entries;
  Span rest = bytes.subspan(pickle.consumed());
  for (const Node* key : keys->items) {
    const auto type = key->kind == Node::text ? pickle.storages().find(key->words) : pickle.storages().end();
    if (type == pickle.storages().end()) throw Failure({ErrorCode::corrupt, "PyTorch file: a storage that no tensor has"});
    const uint64_t count = rest.size() >= 8 ? number_at<uint64_t>(rest, 0) : ~uint64_t{0};
    if (count > (rest.size() - std::min<size_t>(8, rest.size())) / type->second->bytes) throw Failure({ErrorCode::corrupt, "PyTorch file: it ends too early"});
    const size_t length = count * type->second->bytes;
    entries["data/" + std::string(key->words)] = rest.subspan(8, length);
    rest = rest.subspan(8 + length);
  }
  return Harvest(entries, "", std::move(owner), bytes.size()).take(root);
}

}  // namespace

Result<TensorFile> parse_torch_file(std::span<const uint8_t> bytes, std::shared_ptr<const void> owner) {
  if (const std::string instead = placeholder_in(bytes); !instead.empty()) return fail(ErrorCode::corrupt, "PyTorch file: {}", instead);
  return guard([&]() -> Result<TensorFile> {
    if (bytes.size() > kOldBeginning.size() && std::memcmp(bytes.data(), kOldBeginning.data(), kOldBeginning.size()) == 0) return old_file(bytes, owner);
    PTAH_TRY(const auto entries, zip_entries(bytes));
    for (const auto& [name, content] : entries) {
      if (name != "data.pkl" && !name.ends_with("/data.pkl")) continue;
      Pickle pickle(content);
      const Node* root = pickle.read();
      return Harvest(entries, name.substr(0, name.size() - 8), owner, bytes.size()).take(root);
    }
    return fail(ErrorCode::unsupported, "PyTorch file: an archive without data.pkl");
  });
}

Result<TensorFile> read_tensor_file(const std::filesystem::path& path) {
  PTAH_TRY(const auto mapped, MappedFile::open(path));
  const auto bytes = mapped->bytes();
  const auto begins = [&](std::string_view magic) { return bytes.size() >= magic.size() && std::memcmp(bytes.data(), magic.data(), magic.size()) == 0; };
  if (begins("GGUF")) {
    PTAH_TRY(const GgufFile file, read_gguf(path));
    return dequantized(file);
  }
  Result<TensorFile> file = TensorFile{};
  if (begins("PK\x03\x04") || begins(kOldBeginning))
    file = parse_torch_file(bytes, mapped);
  else
    file = parse_safetensors(bytes, mapped);
  if (file)
    if (const auto upcast = upcast_8_bits(*file); !upcast) file = fail(upcast.error().code, "{}", upcast.error().message);
  if (!file) return fail(file.error().code, "{}: {}", path.string(), file.error().message);
  return file;
}

}  // namespace ptah
