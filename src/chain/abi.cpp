#include "chain/abi.h"

#include <algorithm>
#include <functional>
#include <set>

#include "base/text.h"

namespace ptah {

namespace {

constexpr size_t kMaxElements = size_t{1} << 20;
constexpr int kDeepest = 16;

using Kind = AbiType::Kind;

Result<size_t> parse_count(std::string_view text) {
  size_t out = 0;
  if (text.empty() || text.size() > 7 || text[0] == '0') return fail(ErrorCode::invalid_argument, "'{}' is no count", text);
  for (const char c : text) {
    if (c < '0' || c > '9') return fail(ErrorCode::invalid_argument, "'{}' is no count", text);
    out = out * 10 + static_cast<size_t>(c - '0');
  }
  return out;
}

/// Cuts "a,(b,c),d" at the commas that stand outside of brackets.
Result<std::vector<std::string>> split_types(std::string_view text) {
  std::vector<std::string> out;
  if (text.empty()) return out;
  int depth = 0;
  size_t from = 0;
  for (size_t i = 0; i <= text.size(); ++i) {
    if (i < text.size() && text[i] == '(') ++depth;
    if (i < text.size() && text[i] == ')') --depth;
    if (depth < 0 || depth > kDeepest) return fail(ErrorCode::invalid_argument, "'{}': brackets that do not match", text.substr(0, 80));
    if (i == text.size() || (text[i] == ',' && depth == 0)) {
      out.emplace_back(text.substr(from, i - from));
      from = i + 1;
    }
  }
  if (depth != 0) return fail(ErrorCode::invalid_argument, "'{}': brackets that do not match", text.substr(0, 80));
  return out;
}

Result<AbiType> parse_type(std::string_view text, int depth) {
  if (depth < 1) return fail(ErrorCode::invalid_argument, "a type nested too deeply");
  const auto wrong = [&] { return fail(ErrorCode::invalid_argument, "'{}' is no type of the ABI", text.substr(0, 80)); };
  AbiType out;
  if (text.ends_with(']')) {
    const size_t open = text.rfind('[');
    if (open == std::string_view::npos) return wrong();
    const auto count = text.substr(open + 1, text.size() - open - 2);
    PTAH_TRY(AbiType element, parse_type(text.substr(0, open), depth - 1));
    out.kind = Kind::array;
    out.open = count.empty();
    out.size = 0;
    if (!out.open) {
      PTAH_TRY(out.size, parse_count(count));
      if (out.size > kMaxElements) return wrong();
    }
    out.inner.push_back(std::move(element));
    return out;
  }
  if (text.starts_with('(') && text.ends_with(')')) {
    PTAH_TRY(const auto fields, split_types(text.substr(1, text.size() - 2)));
    out.kind = Kind::tuple;
    for (const std::string& field : fields) {
      PTAH_TRY(AbiType one, parse_type(field, depth - 1));
      out.inner.push_back(std::move(one));
    }
    return out;
  }
  const auto sized = [&](std::string_view name, size_t max_size, size_t step) -> std::optional<size_t> {
    if (!text.starts_with(name)) return std::nullopt;
    const auto count = parse_count(text.substr(name.size()));
    return count && *count <= max_size && *count % step == 0 ? std::optional(*count) : std::nullopt;
  };
  if (text == "address") return AbiType{Kind::address, 160, false, {}};
  if (text == "bool") return AbiType{Kind::boolean, 8, false, {}};
  if (text == "string") return AbiType{Kind::string, 0, false, {}};
  if (text == "bytes") return AbiType{Kind::bytes, 0, false, {}};
  if (text == "uint") return AbiType{};
  if (text == "int") return AbiType{Kind::integer, 256, false, {}};
  if (const auto bits = sized("uint", 256, 8)) return AbiType{Kind::uint, *bits, false, {}};
  if (const auto bits = sized("int", 256, 8)) return AbiType{Kind::integer, *bits, false, {}};
  if (const auto size = sized("bytes", 32, 1)) return AbiType{Kind::fixed_bytes, *size, false, {}};
  return wrong();
}

void append(Bytes& out, std::span<const uint8_t> more) { out.insert(out.end(), more.begin(), more.end()); }

void pad(Bytes& out) { out.resize((out.size() + 31) / 32 * 32); }

/// One of the kinds that fill a word of 32 bytes.
Result<Bytes32> word_of(const AbiType& type, const Json& value) {
  Bytes32 word{};
  if (type.kind == Kind::boolean) {
    if (!value.is_boolean()) return fail(ErrorCode::invalid_argument, "{} is neither true nor false", value.dump().substr(0, 80));
    word[31] = value.get<bool>() ? 1 : 0;
    return word;
  }
  if (type.kind == Kind::address) {
    if (!value.is_string()) return fail(ErrorCode::invalid_argument, "{} is no address", value.dump().substr(0, 80));
    PTAH_TRY(const Address address, parse_address(value.get_ref<const std::string&>()));
    std::copy(address.begin(), address.end(), word.begin() + 12);
    return word;
  }
  if (type.kind == Kind::fixed_bytes) {
    if (!value.is_string()) return fail(ErrorCode::invalid_argument, "{} is no bytes{}", value.dump().substr(0, 80), type.size);
    PTAH_TRY(const Bytes bytes, parse_hex(value.get_ref<const std::string&>()));
    if (bytes.size() != type.size) return fail(ErrorCode::invalid_argument, "{} bytes where {} are needed", bytes.size(), type.size);
    std::copy(bytes.begin(), bytes.end(), word.begin());
    return word;
  }
  PTAH_TRY(word, parse_uint256(value));
  const size_t above = 32 - type.size / 8;
  const bool negative = type.kind == Kind::integer && above < 32 && (word[above] & 0x80);
  const bool said_negative = (value.is_string() && value.get_ref<const std::string&>().starts_with('-')) ||
                             (value.is_number_integer() && !value.is_number_unsigned() && value.get<int64_t>() < 0);
  bool fits = type.kind == Kind::integer ? said_negative == negative : !said_negative;
  for (size_t i = 0; i < above; ++i) fits = fits && word[i] == (negative ? 0xFF : 0);
  if (!fits) return fail(ErrorCode::invalid_argument, "{} does not fit {}int{}", value.dump().substr(0, 90), type.kind == Kind::uint ? "u" : "", type.size);
  return word;
}

Result<Bytes> bytes_of(const AbiType& type, const Json& value) {
  if (!value.is_string()) return fail(ErrorCode::invalid_argument, "{} is no text", value.dump().substr(0, 80));
  const auto& text = value.get_ref<const std::string&>();
  if (type.kind == Kind::string) return Bytes(text.begin(), text.end());
  return parse_hex(text);
}

Result<void> write(const AbiType& type, const Json& value, Bytes& out);

/// A list of values: what has no length of its own goes behind, and its place into the head.
Result<void> write_all(const std::vector<const AbiType*>& types, const Json& values, Bytes& out) {
  if (!values.is_array() || values.size() != types.size())
    return fail(ErrorCode::invalid_argument, "{} values are needed, not {}", types.size(), values.dump().substr(0, 80));
  size_t head = 0;
  for (const AbiType* type : types) head += type->head_size();
  Bytes tail;
  for (size_t i = 0; i < types.size(); ++i) {
    if (types[i]->dynamic()) {
      append(out, uint256(head + tail.size()));
      PTAH_TRY_VOID(write(*types[i], values[i], tail));
    } else {
      PTAH_TRY_VOID(write(*types[i], values[i], out));
    }
  }
  append(out, tail);
  return {};
}

Result<void> write(const AbiType& type, const Json& value, Bytes& out) {
  if (type.kind == Kind::array || type.kind == Kind::tuple) {
    std::vector<const AbiType*> types;
    if (!value.is_array()) return fail(ErrorCode::invalid_argument, "{} is no list", value.dump().substr(0, 80));
    if (type.kind == Kind::array) {
      if (type.open) append(out, uint256(value.size()));
      types.assign(type.open ? value.size() : type.size, &type.inner[0]);
    } else {
      for (const AbiType& field : type.inner) types.push_back(&field);
    }
    return write_all(types, value, out);
  }
  if (type.dynamic()) {
    PTAH_TRY(const Bytes bytes, bytes_of(type, value));
    append(out, uint256(bytes.size()));
    append(out, bytes);
    pad(out);
    return {};
  }
  PTAH_TRY(const Bytes32 word, word_of(type, value));
  append(out, word);
  return {};
}

class Reader {
 public:
  Reader(std::span<const uint8_t> all, bool mend_texts) : all_(all), mend_texts_(mend_texts) {}

  Result<Json> list(const std::vector<const AbiType*>& types, size_t base) {
    Json out = Json::array();
    size_t at = base;
    for (const AbiType* type : types) {
      size_t where = at;
      if (type->dynamic()) {
        PTAH_TRY(const size_t offset, count(at));
        where = base + offset;
      }
      PTAH_TRY(Json value, one(*type, where));
      out.push_back(std::move(value));
      at += type->head_size();
    }
    return out;
  }

 private:
  Result<Bytes32> word(size_t at) {
    if (at > all_.size() || all_.size() - at < 32) return fail(ErrorCode::corrupt, "abi: cut off at byte {}", at);
    Bytes32 out{};
    std::copy_n(all_.begin() + static_cast<std::ptrdiff_t>(at), 32, out.begin());
    return out;
  }
  Result<size_t> count(size_t at) {
    PTAH_TRY(const Bytes32 w, word(at));
    const auto value = to_uint64(w);
    if (!value || *value > all_.size()) return fail(ErrorCode::corrupt, "abi: a length or place at byte {} passes the end", at);
    return static_cast<size_t>(*value);
  }

  Result<Json> one(const AbiType& type, size_t at) {
    if (++read_ > kMaxElements) return fail(ErrorCode::corrupt, "abi: more than {} values", kMaxElements);
    if (type.kind == Kind::array || type.kind == Kind::tuple) {
      std::vector<const AbiType*> types;
      if (type.kind == Kind::tuple) {
        for (const AbiType& field : type.inner) types.push_back(&field);
      } else {
        size_t elements = type.size;
        if (type.open) {
          PTAH_TRY(elements, count(at));
          at += 32;
        }
        const size_t each = std::max<size_t>(32, type.inner[0].head_size());
        if (elements > (all_.size() - std::min(at, all_.size())) / each) return fail(ErrorCode::corrupt, "abi: a list of {} values passes the end", elements);
        types.assign(elements, &type.inner[0]);
      }
      return list(types, at);
    }
    if (type.kind == Kind::bytes || type.kind == Kind::string) {
      PTAH_TRY(const size_t size, count(at));
      if (size > all_.size() - at - 32) return fail(ErrorCode::corrupt, "abi: {} bytes pass the end", size);
      read_ += size / 32;  // many may lie at one place: what comes out counts
      if (read_ > kMaxElements) return fail(ErrorCode::corrupt, "abi: more than {} values", kMaxElements);
      const auto bytes = all_.subspan(at + 32, size);
      if (type.kind == Kind::bytes) return Json(hex_text(bytes));
      std::string text(bytes.begin(), bytes.end());
      if (invalid_utf8_at(text) == std::string::npos) return Json(text);
      if (!mend_texts_) return fail(ErrorCode::corrupt, "abi: a text that is not UTF-8");
      return Json(Json::parse(Json(text).dump(-1, ' ', false, Json::error_handler_t::replace)).get<std::string>());
    }
    PTAH_TRY(const Bytes32 w, word(at));
    const auto blank = [&](size_t from, size_t to, uint8_t with) {
      return std::all_of(w.begin() + static_cast<std::ptrdiff_t>(from), w.begin() + static_cast<std::ptrdiff_t>(to), [&](uint8_t b) { return b == with; });
    };
    const auto dirty = [&] { return fail(ErrorCode::corrupt, "abi: a value at byte {} that is wider than its type", at); };
    switch (type.kind) {
      case Kind::boolean:
        if (!blank(0, 31, 0) || w[31] > 1) return dirty();
        return Json(w[31] == 1);
      case Kind::address: {
        if (!blank(0, 12, 0)) return dirty();
        Address address;
        std::copy(w.begin() + 12, w.end(), address.begin());
        return Json(to_string(address));
      }
      case Kind::fixed_bytes:
        if (!blank(type.size, 32, 0)) return dirty();
        return Json(hex_text(std::span(w).first(type.size)));
      default:
        break;
    }
    const size_t above = 32 - type.size / 8;
    const bool negative = type.kind == Kind::integer && (w[above] & 0x80);
    if (!blank(0, above, negative ? 0xFF : 0)) return dirty();
    if (!negative) return Json(to_decimal(w));
    return Json(fmt::format("-{}", to_decimal(negated(w))));
  }

  std::span<const uint8_t> all_;
  bool mend_texts_ = false;
  size_t read_ = 0;
};

Result<std::vector<AbiType>> parse_types(const std::vector<std::string>& types) {
  std::vector<AbiType> out;
  for (const std::string& type : types) {
    PTAH_TRY(AbiType one, AbiType::parse(type));
    out.push_back(std::move(one));
  }
  return out;
}

std::vector<const AbiType*> pointers(const std::vector<AbiType>& types) {
  std::vector<const AbiType*> out;
  for (const AbiType& type : types) out.push_back(&type);
  return out;
}

// --- EIP-712

/// The struct types of typed data.
class TypedData {
 public:
  explicit TypedData(const Json& types) : types_(types) {}

  Result<Bytes32> hash_struct(const std::string& name, const Json& value, int depth = kDeepest) const {
    if (depth < 1) return fail(ErrorCode::invalid_argument, "typed data nested too deeply");
    PTAH_TRY(const std::string encoded, encode_type(name));
    Bytes all;
    append(all, keccak256(encoded));
    for (const Json& field : types_[name]) {
      const std::string field_name = text_at(field, "name");
      if (!value.is_object() || !value.contains(field_name)) return fail(ErrorCode::invalid_argument, "typed data: {} lacks '{}'", name, field_name);
      PTAH_TRY(const Bytes32 word, encode(text_at(field, "type"), value[field_name], depth - 1));
      append(all, word);
    }
    return keccak256(all);
  }

 private:
  bool is_struct(const std::string& name) const { return types_.is_object() && types_.contains(name) && types_[name].is_array(); }

  Result<void> gather(const std::string& name, std::set<std::string>& found) const {
    if (!is_struct(name)) return fail(ErrorCode::invalid_argument, "typed data: no type '{}'", name);
    if (!found.insert(name).second) return {};
    for (const Json& field : types_[name]) {
      const std::string type = text_at(field, "type"), element = type.substr(0, type.find('['));
      if (is_struct(element)) PTAH_TRY_VOID(gather(element, found));
    }
    return {};
  }

  Result<std::string> encode_type(const std::string& name) const {
    std::set<std::string> found;
    PTAH_TRY_VOID(gather(name, found));
    found.erase(name);
    const auto one = [&](const std::string& of) {
      std::string fields;
      for (const Json& field : types_[of]) fields += fmt::format("{}{} {}", fields.empty() ? "" : ",", text_at(field, "type"), text_at(field, "name"));
      return fmt::format("{}({})", of, fields);
    };
    std::string out = one(name);
    for (const std::string& other : found) out += one(other);
    return out;
  }

  Result<Bytes32> encode(const std::string& type, const Json& value, int depth) const {
    if (depth < 1) return fail(ErrorCode::invalid_argument, "typed data nested too deeply");
    if (is_struct(type)) return hash_struct(type, value, depth);
    if (type.ends_with(']')) {
      const size_t open = type.rfind('[');
      if (open == std::string::npos || !value.is_array()) return fail(ErrorCode::invalid_argument, "typed data: no list for '{}'", type);
      if (const std::string count = type.substr(open + 1, type.size() - open - 2); !count.empty() && count != std::to_string(value.size()))
        return fail(ErrorCode::invalid_argument, "typed data: {} values for '{}'", value.size(), type);
      Bytes all;
      for (const Json& item : value) {
        PTAH_TRY(const Bytes32 word, encode(type.substr(0, open), item, depth - 1));
        append(all, word);
      }
      return keccak256(all);
    }
    PTAH_TRY(const AbiType parsed, AbiType::parse(type));
    if (parsed.kind == Kind::tuple) return fail(ErrorCode::invalid_argument, "typed data: '{}' is no type", type);
    if (parsed.dynamic()) {
      PTAH_TRY(const Bytes bytes, bytes_of(parsed, value));
      return keccak256(bytes);
    }
    return word_of(parsed, value);
  }

  const Json& types_;
};

}  // namespace

Result<AbiType> AbiType::parse(std::string_view text) { return parse_type(text, kDeepest); }

bool AbiType::dynamic() const {
  if (kind == Kind::bytes || kind == Kind::string || open) return true;
  return std::any_of(inner.begin(), inner.end(), [](const AbiType& one) { return one.dynamic(); });
}

size_t AbiType::head_size() const {
  if (dynamic() || (kind != Kind::array && kind != Kind::tuple)) return 32;
  size_t sum = 0;
  for (const AbiType& one : inner) sum += one.head_size();
  return kind == Kind::array ? sum * size : sum;
}

Result<Bytes> abi_encode(const std::vector<std::string>& types, const Json& values) {
  PTAH_TRY(const auto parsed, parse_types(types));
  Bytes out;
  PTAH_TRY_VOID(write_all(pointers(parsed), values, out));
  return out;
}

Result<Json> abi_decode(const std::vector<std::string>& types, std::span<const uint8_t> bytes, bool mend_texts) {
  PTAH_TRY(const auto parsed, parse_types(types));
  return Reader(bytes, mend_texts).list(pointers(parsed), 0);
}

Result<std::vector<std::string>> argument_types(const std::string& signature) {
  const size_t open = signature.find('(');
  if (open == std::string::npos || open == 0 || !signature.ends_with(')'))
    return fail(ErrorCode::invalid_argument, "'{}' is no signature of a function", signature);
  return split_types(std::string_view(signature).substr(open + 1, signature.size() - open - 2));
}

Result<Bytes> abi_call(const std::string& signature, const Json& values) {
  PTAH_TRY(const auto types, argument_types(signature));
  PTAH_TRY(const Bytes arguments, abi_encode(types, values));
  const Bytes32 hash = keccak256(signature);
  Bytes out(hash.begin(), hash.begin() + 4);
  append(out, arguments);
  return out;
}

Result<Bytes32> typed_data_digest(const Json& typed_data) {
  if (!typed_data.is_object()) return fail(ErrorCode::invalid_argument, "typed data: no object");
  Json types = typed_data.value("types", Json::object());
  const Json domain = typed_data.value("domain", Json::object());
  if (!types.is_object() || !domain.is_object()) return fail(ErrorCode::invalid_argument, "typed data: no types or domain");
  if (!types.contains("EIP712Domain")) {
    Json fields = Json::array();
    for (const auto& [name, type] :
         {std::pair{"name", "string"}, {"version", "string"}, {"chainId", "uint256"}, {"verifyingContract", "address"}, {"salt", "bytes32"}})
      if (domain.contains(name)) fields.push_back({{"name", name}, {"type", type}});
    types["EIP712Domain"] = fields;
  }
  const TypedData data(types);
  PTAH_TRY(const Bytes32 separator, data.hash_struct("EIP712Domain", domain));
  PTAH_TRY(const Bytes32 message, data.hash_struct(text_at(typed_data, "primaryType"), typed_data.value("message", Json())));
  Bytes all{0x19, 0x01};
  append(all, separator);
  append(all, message);
  return keccak256(all);
}

Json typed_data(const std::string& name, uint64_t chain_id, const Address& contract, const std::string& type, const std::vector<TypedField>& fields) {
  Json types = Json::array(), message = Json::object();
  for (const TypedField& field : fields) {
    types.push_back({{"name", field.name}, {"type", field.type}});
    message[field.name] = field.value;
  }
  return {{"types", {{type, types}}},
          {"primaryType", type},
          {"domain", {{"name", name}, {"version", "1"}, {"chainId", chain_id}, {"verifyingContract", to_string(contract)}}},
          {"message", message}};
}

Result<Signature> sign_typed_data(const Json& data, const Signer& signer) {
  PTAH_TRY(const Bytes32 digest, typed_data_digest(data));
  return signer.sign_shown(digest, {{"typed_data", data}});
}

}  // namespace ptah
