#include "own/cbor.h"

#include <bit>
#include <cmath>

namespace ptah {

namespace {

enum Major : uint8_t { kUnsigned, kNegative, kBytes, kText, kArray, kMap, kTag, kSimple };

void put_head(Bytes& out, Major major, uint64_t value) {
  const auto first = static_cast<uint8_t>(major << 5);
  const auto put = [&](int more, uint8_t code) {
    out.push_back(static_cast<uint8_t>(first | code));
    for (int i = more - 1; i >= 0; --i) out.push_back(static_cast<uint8_t>(value >> (8 * i)));
  };
  if (value < 24)
    put(0, static_cast<uint8_t>(value));
  else if (value < 0x100)
    put(1, 24);
  else if (value < 0x10000)
    put(2, 25);
  else if (value < 0x100000000)
    put(4, 26);
  else
    put(8, 27);
}

constexpr size_t kMaxValues = 500000;

double half(uint16_t bits) {
  const int exponent = bits >> 10 & 31, fraction = bits & 1023;
  const double size = exponent == 0 ? std::ldexp(fraction, -24) : exponent == 31 ? (fraction ? NAN : INFINITY) : std::ldexp(fraction + 1024, exponent - 25);
  return bits & 0x8000 ? -size : size;
}

class Parser {
 public:
  Parser(std::span<const uint8_t> bytes, int depth) : bytes_(bytes), depth_(depth) {}

  Result<Cbor> whole() {
    PTAH_TRY(Cbor value, read(depth_));
    if (at_ != bytes_.size()) return fail(ErrorCode::corrupt, "cbor: {} bytes too many", bytes_.size() - at_);
    return value;
  }

 private:
  struct Head {
    Major major = kUnsigned;
    uint8_t code = 0;
    uint64_t value = 0;
    bool open = false;  ///< its length is not known beforehand
  };

  size_t left() const { return bytes_.size() - at_; }

  Result<Head> head() {
    if (left() < 1) return fail(ErrorCode::corrupt, "cbor: cut off at byte {}", at_);
    const uint8_t first = bytes_[at_++];
    Head out{static_cast<Major>(first >> 5), static_cast<uint8_t>(first & 31), static_cast<uint64_t>(first & 31)};
    if (out.code < 24) return out;
    if (out.code == 31 && out.major >= kBytes && out.major != kTag) {
      out.open = true;
      return out;
    }
    if (out.code > 27) return fail(ErrorCode::corrupt, "cbor: a wrong length at byte {}", at_ - 1);
    const size_t more = size_t{1} << (out.code - 24);
    if (left() < more) return fail(ErrorCode::corrupt, "cbor: cut off at byte {}", at_);
    out.value = 0;
    for (size_t i = 0; i < more; ++i) out.value = out.value << 8 | bytes_[at_++];
    return out;
  }

  bool at_break() const { return left() > 0 && bytes_[at_] == 0xFF; }

  /// The bytes of a string, in one piece or several.
  Result<Bytes> string(const Head& h) {
    Bytes out;
    const auto take = [&](uint64_t size) -> Result<void> {
      if (size > left()) return fail(ErrorCode::corrupt, "cbor: a string of {} bytes passes the end", size);
      out.insert(out.end(), bytes_.begin() + static_cast<std::ptrdiff_t>(at_), bytes_.begin() + static_cast<std::ptrdiff_t>(at_ + size));
      at_ += size;
      return {};
    };
    if (!h.open) {
      PTAH_TRY_VOID(take(h.value));
      return out;
    }
    while (!at_break()) {
      PTAH_TRY(const Head piece, head());
      if (piece.major != h.major || piece.open) return fail(ErrorCode::corrupt, "cbor: a strange piece of a string at byte {}", at_);
      PTAH_TRY_VOID(take(piece.value));
    }
    ++at_;
    return out;
  }

  Result<Cbor> read(int depth) {
    if (depth < 1) return fail(ErrorCode::corrupt, "cbor: nested too deeply");
    if (++values_ > kMaxValues) return fail(ErrorCode::corrupt, "cbor: more than {} values", kMaxValues);
    PTAH_TRY(const Head h, head());
    switch (h.major) {
      case kUnsigned:
      case kNegative:
        if (h.value > INT64_MAX) return fail(ErrorCode::corrupt, "cbor: a number beyond 63 bits at byte {}", at_);
        return Cbor(h.major == kUnsigned ? static_cast<int64_t>(h.value) : -1 - static_cast<int64_t>(h.value));
      case kBytes: {
        PTAH_TRY(Bytes bytes, string(h));
        return Cbor(std::move(bytes));
      }
      case kText: {
        PTAH_TRY(const Bytes bytes, string(h));
        return Cbor(std::string(bytes.begin(), bytes.end()));
      }
      case kArray: {
        if (!h.open && h.value > left()) return fail(ErrorCode::corrupt, "cbor: a list of {} values passes the end", h.value);
        Cbor::Array items;
        for (uint64_t i = 0; h.open ? !at_break() : i < h.value; ++i) {
          PTAH_TRY(Cbor item, read(depth - 1));
          items.push_back(std::move(item));
        }
        if (h.open) ++at_;
        return Cbor(std::move(items));
      }
      case kMap: {
        if (!h.open && h.value > left() / 2) return fail(ErrorCode::corrupt, "cbor: a map of {} values passes the end", h.value);
        Cbor::Map items;
        for (uint64_t i = 0; h.open ? !at_break() : i < h.value; ++i) {
          PTAH_TRY(Cbor key, read(depth - 1));
          PTAH_TRY(Cbor item, read(depth - 1));
          items.emplace_back(std::move(key), std::move(item));
        }
        if (h.open) ++at_;
        return Cbor(std::move(items));
      }
      case kTag: {
        PTAH_TRY(Cbor value, read(depth - 1));
        return Cbor::tagged(h.value, std::move(value));
      }
      case kSimple:
        break;
    }
    if (h.code == 20 || h.code == 21) return Cbor(h.code == 21);
    if (h.code == 22 || h.code == 23) return Cbor();
    if (h.code == 25) return Cbor(half(static_cast<uint16_t>(h.value)));
    if (h.code == 26) return Cbor(static_cast<double>(std::bit_cast<float>(static_cast<uint32_t>(h.value))));
    if (h.code == 27) return Cbor(std::bit_cast<double>(h.value));
    return fail(ErrorCode::corrupt, "cbor: an unknown simple value at byte {}", at_);
  }

  std::span<const uint8_t> bytes_;
  size_t at_ = 0, values_ = 0;
  int depth_;
};

}  // namespace

Result<Cbor> Cbor::parse(std::span<const uint8_t> bytes, int max_depth) { return Parser(bytes, max_depth).whole(); }

Cbor Cbor::tagged(uint64_t tag, Cbor value) {
  Cbor out;
  out.value_ = Tagged{tag, std::make_shared<const Cbor>(std::move(value))};
  return out;
}

const Cbor& Cbor::at(const Cbor& key) const {
  static const Cbor none;
  if (const Map* map = as<Map>())
    for (const auto& [k, v] : *map)
      if (k == key) return v;
  return none;
}

std::string_view Cbor::text() const {
  const auto* text = as<std::string>();
  return text ? std::string_view(*text) : std::string_view();
}

const Cbor& Cbor::untagged() const {
  const auto* tag = as<Tagged>();
  return tag ? tag->value->untagged() : *this;
}

bool Cbor::operator==(const Cbor& other) const { return encode() == other.encode(); }

Bytes Cbor::encode() const {
  Bytes out;
  write(out);
  return out;
}

void Cbor::write(Bytes& out) const {
  if (const auto* number = as<int64_t>()) {
    put_head(out, *number < 0 ? kNegative : kUnsigned, static_cast<uint64_t>(*number < 0 ? -1 - *number : *number));
  } else if (const auto* text = as<std::string>()) {
    put_head(out, kText, text->size());
    out.insert(out.end(), text->begin(), text->end());
  } else if (const auto* bytes = as<Bytes>()) {
    put_head(out, kBytes, bytes->size());
    out.insert(out.end(), bytes->begin(), bytes->end());
  } else if (const auto* array = as<Array>()) {
    put_head(out, kArray, array->size());
    for (const Cbor& item : *array) item.write(out);
  } else if (const auto* map = as<Map>()) {
    put_head(out, kMap, map->size());
    for (const auto& [key, item] : *map) key.write(out), item.write(out);
  } else if (const auto* tag = as<Tagged>()) {
    put_head(out, kTag, tag->tag);
    tag->value->write(out);
  } else if (const auto* number64 = as<double>()) {
    out.push_back(kSimple << 5 | 27);
    const auto bits = std::bit_cast<uint64_t>(*number64);
    for (int i = 7; i >= 0; --i) out.push_back(static_cast<uint8_t>(bits >> (8 * i)));
  } else if (const auto* truth = as<bool>()) {
    out.push_back(static_cast<uint8_t>(kSimple << 5 | (*truth ? 21 : 20)));
  } else {
    out.push_back(kSimple << 5 | 22);
  }
}

}  // namespace ptah
