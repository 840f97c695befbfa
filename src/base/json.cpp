#include "base/json.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <set>

#include "base/budget.h"
#include "base/placeholder.h"

namespace ptah {

namespace {

/// What a value, a list and an object with its keys take in memory beside their texts, and what is read at most.
constexpr size_t kValueBytes = 24, kListBytes = 64, kObjectBytes = 112, kKeyBytes = 160;
constexpr Budget::Limits kJsonLimits{.bytes = size_t{320} << 20, .depth = 1000, .steps = 200'000'000, .seconds = 60};

/// SAX handler that checks depth, memory and duplicate keys before the value is built.
class StrictReader : public nlohmann::detail::json_sax_dom_parser<Json> {
 public:
  using Base = nlohmann::detail::json_sax_dom_parser<Json>;
  StrictReader(Json& document, int max_depth) : Base(document, false), max_depth_(max_depth) {}

  bool start_object(std::size_t size) {
    hold(kObjectBytes);
    keys_.emplace_back();
    return deeper() && Base::start_object(size);
  }
  bool start_array(std::size_t size) {
    hold(kListBytes);
    return deeper() && Base::start_array(size);
  }
  bool null() { return hold(kValueBytes), Base::null(); }
  bool boolean(bool value) { return hold(kValueBytes), Base::boolean(value); }
  bool number_integer(Json::number_integer_t value) { return hold(kValueBytes), Base::number_integer(value); }
  bool number_unsigned(Json::number_unsigned_t value) { return hold(kValueBytes), Base::number_unsigned(value); }
  bool number_float(Json::number_float_t value, const std::string& text) { return hold(kValueBytes), Base::number_float(value, text); }
  bool string(std::string& value) { return hold(kValueBytes + 48 + (value.size() > 15 ? value.size() : 0)), Base::string(value); }
  bool end_object() {
    keys_.pop_back();
    --depth_;
    return Base::end_object();
  }
  bool end_array() {
    --depth_;
    return Base::end_array();
  }
  bool key(std::string& name) {
    hold(kKeyBytes + 2 * (name.size() > 15 ? name.size() : 0));
    if (!keys_.back().insert(name).second) {
      problem_ = fmt::format("key '{}' appears twice", name.substr(0, 64));
      return false;
    }
    return Base::key(name);
  }
  bool parse_error(std::size_t position, const std::string&, const nlohmann::detail::exception&) {
    problem_ = fmt::format("syntax error at byte {}", position);
    return false;
  }
  const std::string& problem() const { return problem_; }

 private:
  void hold(size_t bytes) {
    budget_.step();
    budget_.take(bytes);
  }
  bool deeper() {
    if (++depth_ <= max_depth_) return true;
    problem_ = fmt::format("nested deeper than {} levels", max_depth_);
    return false;
  }

  Budget budget_{"json", kJsonLimits};
  int max_depth_;
  int depth_ = 0;
  std::vector<std::set<std::string>> keys_;
  std::string problem_;
};

std::u16string utf16(const std::string& text) {
  std::u16string out;
  for (size_t i = 0; i < text.size();) {
    const auto lead = static_cast<unsigned char>(text[i]);
    const int length = lead < 0x80 ? 1 : lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : 4;
    uint32_t point = length == 1 ? lead : lead & (0xFFU >> (length + 1));
    for (int j = 1; j < length && i + static_cast<size_t>(j) < text.size(); ++j)
      point = point << 6 | (static_cast<unsigned char>(text[i + static_cast<size_t>(j)]) & 0x3FU);
    if (point >= 0x10000) {
      out += static_cast<char16_t>(0xD800 + ((point - 0x10000) >> 10));
      out += static_cast<char16_t>(0xDC00 + ((point - 0x10000) & 0x3FF));
    } else {
      out += static_cast<char16_t>(point);
    }
    i += static_cast<size_t>(length);
  }
  return out;
}

void write_string(const std::string& text, std::string& out) {
  out += '"';
  for (const char c : text) {
    switch (c) {
      case '"':
        out += "\\\"";
        break;
      case '\\':
        out += "\\\\";
        break;
      case '\b':
        out += "\\b";
        break;
      case '\f':
        out += "\\f";
        break;
      case '\n':
        out += "\\n";
        break;
      case '\r':
        out += "\\r";
        break;
      case '\t':
        out += "\\t";
        break;
      default:
        if (static_cast<unsigned char>(c) < 0x20)
          out += fmt::format("\\u{:04x}", static_cast<unsigned>(c));
        else
          out += c;
    }
  }
  out += '"';
}

Result<void> write(const Json& value, std::string& out) {
  switch (value.type()) {
    case Json::value_t::object: {
      std::vector<std::pair<std::u16string, const Json::object_t::value_type*>> sorted;
      for (const auto& item : value.get_ref<const Json::object_t&>()) sorted.emplace_back(utf16(item.first), &item);
      std::sort(sorted.begin(), sorted.end(), [](const auto& a, const auto& b) { return a.first < b.first; });
      out += '{';
      for (size_t i = 0; i < sorted.size(); ++i) {
        if (i) out += ',';
        write_string(sorted[i].second->first, out);
        out += ':';
        PTAH_TRY_VOID(write(sorted[i].second->second, out));
      }
      out += '}';
      return {};
    }
    case Json::value_t::array: {
      out += '[';
      for (size_t i = 0; i < value.size(); ++i) {
        if (i) out += ',';
        PTAH_TRY_VOID(write(value[i], out));
      }
      out += ']';
      return {};
    }
    case Json::value_t::string:
      write_string(value.get_ref<const std::string&>(), out);
      return {};
    case Json::value_t::boolean:
      out += value.get<bool>() ? "true" : "false";
      return {};
    case Json::value_t::null:
      out += "null";
      return {};
    case Json::value_t::number_integer:
    case Json::value_t::number_unsigned: {
      const auto integer = value.get<int64_t>();
      constexpr int64_t kMax = int64_t{1} << 53;
      if (integer > kMax || integer < -kMax || (value.type() == Json::value_t::number_unsigned && value.get<uint64_t>() > static_cast<uint64_t>(kMax)))
        return fail(ErrorCode::invalid_argument, "canonical json: integer beyond 2^53; write it as a string");
      out += std::to_string(integer);
      return {};
    }
    case Json::value_t::number_float: {
      const double number = value.get<double>();
      if (!std::isfinite(number)) return fail(ErrorCode::invalid_argument, "canonical json: number is not finite");
      out += ecmascript_number(number);
      return {};
    }
    default:
      return fail(ErrorCode::invalid_argument, "canonical json: value of unsupported type");
  }
}

}  // namespace

Result<Json> parse_json(std::string_view text, int max_depth) {
  return guard([&]() -> Result<Json> {
    Json value;
    StrictReader reader(value, max_depth);
    if (!Json::sax_parse(text.begin(), text.end(), &reader)) {
      const std::string instead = text.empty() ? "" : placeholder_in({reinterpret_cast<const uint8_t*>(text.data()), text.size()});
      return fail(ErrorCode::corrupt, "json: {}", instead.empty() ? reader.problem() : instead);
    }
    return value;
  });
}

std::string ecmascript_number(double value) {
  if (value == 0) return "0";
  char buffer[32];
  const auto end = std::to_chars(buffer, buffer + sizeof buffer, std::abs(value), std::chars_format::scientific);
  const std::string text(buffer, end.ptr);
  const size_t e = text.find('e');
  const int exponent = std::stoi(text.substr(e + 1));
  std::string digits = text.substr(0, e);
  digits.erase(std::remove(digits.begin(), digits.end(), '.'), digits.end());
  const int count = static_cast<int>(digits.size()), point = exponent + 1;
  std::string out = value < 0 ? "-" : "";
  if (count <= point && point <= 21) {
    out += digits + std::string(static_cast<size_t>(point - count), '0');
  } else if (0 < point && point <= 21) {
    out += digits.substr(0, static_cast<size_t>(point)) + "." + digits.substr(static_cast<size_t>(point));
  } else if (-6 < point && point <= 0) {
    out += "0." + std::string(static_cast<size_t>(-point), '0') + digits;
  } else {
    out += digits.substr(0, 1);
    if (count > 1) out += "." + digits.substr(1);
    out += fmt::format("e{}{}", point > 0 ? "+" : "-", std::abs(point - 1));
  }
  return out;
}

Json exact_json(uint64_t value) { return value <= uint64_t{1} << 53 ? Json(value) : Json(std::to_string(value)); }

uint64_t exact_value(const Json& json) {
  if (!json.is_string()) return value_of<uint64_t>(json);
  const auto& text = json.get_ref<const std::string&>();
  uint64_t value = 0;
  const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (text.empty() || problem != std::errc() || end != text.data() + text.size())
    throw Json::type_error::create(302, "expected a whole number or its digits", &json);
  return value;
}

std::string text_at(const Json& object, const char* key) {
  const Json value = object.is_object() ? object.value(key, Json()) : Json();
  return value.is_string() ? value.get<std::string>() : std::string();
}

Result<std::string> canonical_json(const Json& value) {
  std::string out;
  PTAH_TRY_VOID(write(value, out));
  return out;
}

}  // namespace ptah
