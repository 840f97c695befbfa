#include <algorithm>
#include <array>

#include "text/grammar_builder.h"

namespace ptah {

namespace {

constexpr int kMostDepth = 64;
/// Keywords that only describe.
constexpr std::array<const char*, 9> kSilent{"title", "description", "default", "examples", "$schema", "$id", "$comment", "$defs", "definitions"};

class SchemaCompiler {
 public:
  explicit SchemaCompiler(const OrderedJson& root) : root_(root) {
    const auto hex = b_.characters({{'0', '9'}, {'a', 'f'}, {'A', 'F'}});
    const auto escape =
        b_.sequence({b_.literal("\\"),
                     b_.choice({b_.characters({{'"', '"'}, {'\\', '\\'}, {'/', '/'}, {'b', 'b'}, {'f', 'f'}, {'n', 'n'}, {'r', 'r'}, {'t', 't'}}),
                                b_.sequence({b_.literal("u"), b_.characters({{'0', '9'}, {'a', 'c'}, {'A', 'C'}, {'e', 'f'}, {'E', 'F'}}), hex, hex, hex}),
                                b_.sequence({b_.literal("u"), b_.characters({{'d', 'd'}, {'D', 'D'}}), b_.characters({{'0', '7'}}), hex, hex})})});
    character_ = b_.choice({b_.characters({{0, 0x1F}, {'"', '"'}, {'\\', '\\'}, {0x7F, 0x7F}}, true), escape});
    quote_ = b_.literal("\"");
    const auto digits = b_.repeat(b_.characters({{'0', '9'}}), 0, 14);
    integer_ = b_.sequence({b_.optional(b_.literal("-")), b_.choice({b_.literal("0"), b_.sequence({b_.characters({{'1', '9'}}), digits})})});
    const auto some = b_.repeat(b_.characters({{'0', '9'}}), 1, 15);
    const auto exponent = b_.sequence(
        {b_.characters({{'e', 'e'}, {'E', 'E'}}), b_.optional(b_.characters({{'+', '+'}, {'-', '-'}})), b_.repeat(b_.characters({{'0', '9'}}), 1, 2)});
    number_ = b_.sequence({integer_, b_.optional(b_.sequence({b_.literal("."), some})), b_.optional(exponent)});
    blank_ = b_.optional(b_.literal(" "));
  }

  std::shared_ptr<const Grammar> run() { return b_.build(any_of(root_, "#", 0)); }

 private:
  using Piece = GrammarBuilder::Piece;

  [[noreturn]] static void refuse(const std::string& where, const std::string& what) {
    throw Failure({ErrorCode::unsupported, fmt::format("schema {}: {}", where, what)});
  }
  [[noreturn]] static void broken(const std::string& where, const std::string& what) {
    throw Failure({ErrorCode::corrupt, fmt::format("schema {}: {}", where, what)});
  }

  /// Every keyword must be known to what reads the schema; `also` are those of its type.
  static void check_keywords(const OrderedJson& schema, const std::string& where, const std::vector<const char*>& also) {
    for (const auto& [key, value] : schema.items()) {
      const auto same = [k = &key](const char* known) { return *k == known; };
      if (std::none_of(kSilent.begin(), kSilent.end(), same) && std::none_of(also.begin(), also.end(), same))
        refuse(where, fmt::format("the keyword '{}' is not compiled", key));
    }
  }

  Piece any_of(const OrderedJson& schema, const std::string& where, int depth) {
    if (depth > kMostDepth) refuse(where, "nested too deeply");
    if (schema.is_boolean() && schema.get<bool>()) return anything();
    if (!schema.is_object()) broken(where, fmt::format("{} is no schema that anything can satisfy", schema.dump().substr(0, 60)));
    if (schema.contains("$ref")) {
      check_keywords(schema, where, {"$ref"});
      return reference(schema["$ref"], where, depth);
    }
    if (schema.contains("const")) {
      check_keywords(schema, where, {"const", "type"});
      return constant(schema["const"], schema, where);
    }
    if (schema.contains("enum")) {
      check_keywords(schema, where, {"enum", "type"});
      std::vector<Piece> choices;
      for (const auto& value : schema["enum"]) choices.push_back(constant(value, schema, where));
      if (choices.empty()) broken(where, "an enum of nothing");
      return b_.choice(choices);
    }
    if (schema.contains("anyOf")) {
      check_keywords(schema, where, {"anyOf"});
      std::vector<Piece> choices;
      for (size_t i = 0; i < schema["anyOf"].size(); ++i) choices.push_back(any_of(schema["anyOf"][i], fmt::format("{}/anyOf/{}", where, i), depth + 1));
      if (choices.empty()) broken(where, "anyOf of nothing");
      return b_.choice(choices);
    }
    const OrderedJson type = schema.value("type", OrderedJson());
    if (type.is_array()) {
      std::vector<Piece> choices;
      for (const auto& one : type) {
        OrderedJson part = schema;
        part["type"] = one;
        for (const char* key : {"properties", "required", "additionalProperties"})
          if (one != "object") part.erase(key);
        for (const char* key : {"items", "prefixItems", "minItems", "maxItems"})
          if (one != "array") part.erase(key);
        for (const char* key : {"minLength", "maxLength"})
          if (one != "string") part.erase(key);
        for (const char* key : {"minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum"})
          if (one != "integer" && one != "number") part.erase(key);
        choices.push_back(of_type(part, one, where, depth));
      }
      if (choices.empty()) broken(where, "no type");
      return b_.choice(choices);
    }
    if (type.is_null()) {
      if (schema.contains("properties")) return of_type(schema, "object", where, depth);
      check_keywords(schema, where, {});
      return anything();
    }
    return of_type(schema, type, where, depth);
  }

  Piece of_type(const OrderedJson& schema, const OrderedJson& type, const std::string& where, int depth) {
    if (type == "object") return object(schema, where, depth);
    if (type == "array") return array(schema, where, depth);
    if (type == "string") {
      check_keywords(schema, where, {"type", "minLength", "maxLength"});
      return b_.sequence({quote_, b_.repeat(character_, bound(schema, "minLength", 0, where), bound(schema, "maxLength", -1, where)), quote_});
    }
    if (type == "integer" || type == "number") return number(schema, type == "integer", where);
    check_keywords(schema, where, {"type"});
    if (type == "boolean") return b_.choice({b_.literal("true"), b_.literal("false")});
    if (type == "null") return b_.literal("null");
    broken(where, fmt::format("type {}", type.dump().substr(0, 60)));
  }

  Piece number(const OrderedJson& schema, bool whole, const std::string& where) {
    check_keywords(schema, where, {"type", "minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum"});
    NumberRange range;
    range.whole = whole;
    // The tighter one of a bound that belongs to the range and one that does not.
    const auto read = [&](const char* inclusive, const char* exclusive, int direction, std::optional<std::string>& text, bool& outside) {
      std::optional<double> tightest;
      for (const char* key : {inclusive, exclusive}) {
        if (!schema.contains(key)) continue;
        if (!schema[key].is_number()) broken(where, fmt::format("'{}' is {}", key, schema[key].dump().substr(0, 60)));
        const auto value = schema[key].get<double>();
        if (tightest && (value - *tightest) * direction < 0) continue;
        tightest = value;
        text = value == 0 ? "0" : schema[key].dump();
        outside = key == exclusive;
        if (text->find_first_of("eE") != std::string::npos) refuse(where, fmt::format("'{}' of {} is not compiled", key, *text));
      }
      return tightest;
    };
    const auto least = read("minimum", "exclusiveMinimum", 1, range.least, range.above),
               most = read("maximum", "exclusiveMaximum", -1, range.most, range.below);
    if (!least && !most) return whole ? integer_ : number_;
    std::optional<Piece> made;
    if (!(least && most && *least > *most)) made = numbers_between(b_, range);
    if (!made) broken(where, "no number lies within the bounds");
    return *made;
  }

  static int64_t bound(const OrderedJson& schema, const char* key, int64_t fallback, const std::string& where) {
    if (!schema.contains(key)) return fallback;
    const auto& value = schema[key];
    if (!value.is_number_integer() || value.get<int64_t>() < 0) broken(where, fmt::format("'{}' is {}", key, value.dump().substr(0, 60)));
    return value.get<int64_t>();
  }

  Piece constant(const OrderedJson& value, const OrderedJson& schema, const std::string& where) {
    const OrderedJson type = schema.value("type", OrderedJson());
    const auto has = [&](const OrderedJson& t) {
      return (t == "object" && value.is_object()) || (t == "array" && value.is_array()) || (t == "string" && value.is_string()) ||
             (t == "integer" && value.is_number_integer()) || (t == "number" && value.is_number()) || (t == "boolean" && value.is_boolean()) ||
             (t == "null" && value.is_null());
    };
    if (!type.is_null() && !(type.is_array() ? std::any_of(type.begin(), type.end(), has) : has(type)))
      broken(where, fmt::format("{} is not of the type {}", value.dump().substr(0, 60), type.dump().substr(0, 60)));
    return b_.literal(value.dump());
  }

  Piece reference(const OrderedJson& ref, const std::string& where, int depth) {
    if (!ref.is_string()) broken(where, "$ref is no text");
    const auto name = ref.get<std::string>();
    if (const auto known = references_.find(name); known != references_.end()) return known->second;
    const OrderedJson* target = nullptr;
    if (name == "#") target = &root_;
    for (const char* place : {"$defs", "definitions"}) {
      const std::string prefix = fmt::format("#/{}/", place);
      if (name.rfind(prefix, 0) == 0 && root_.is_object() && root_.contains(place) && root_[place].contains(name.substr(prefix.size())))
        target = &root_[place][name.substr(prefix.size())];
    }
    if (!target) refuse(where, fmt::format("$ref '{}' is not in #/$defs or #/definitions", name.substr(0, 100)));
    const Piece declared = b_.declare();
    references_.emplace(name, declared);
    b_.define(declared, any_of(*target, name, depth + 1));
    return declared;
  }

  Piece comma() { return b_.sequence({b_.literal(","), blank_}); }

  Piece object(const OrderedJson& schema, const std::string& where, int depth) {
    check_keywords(schema, where, {"type", "properties", "required", "additionalProperties"});
    const OrderedJson properties = schema.value("properties", OrderedJson::object());
    if (!properties.is_object()) broken(where, "'properties' is no object");
    if (schema.contains("additionalProperties") && schema["additionalProperties"] != OrderedJson(false) && schema["additionalProperties"] != OrderedJson(true))
      refuse(where, "'additionalProperties' with a schema is not compiled");
    std::vector<std::string> required;
    for (const auto& name : schema.value("required", OrderedJson::array())) {
      if (!name.is_string() || !properties.contains(name.get<std::string>()))
        refuse(where, fmt::format("{} is required but not among the properties", name.dump().substr(0, 60)));
      required.push_back(name.get<std::string>());
    }
    if (!schema.contains("properties") && !schema.contains("required") && schema.value("additionalProperties", OrderedJson(true)) != OrderedJson(false))
      return any_object();
    // From the last property on: what may follow when something was written before, and when nothing was.
    Piece after_some = b_.literal(""), after_none = after_some;
    const auto count = properties.size();
    std::vector<std::pair<std::string, const OrderedJson*>> list;
    for (const auto& [name, value] : properties.items()) list.emplace_back(name, &value);
    for (size_t i = count; i-- > 0;) {
      const auto& [name, value] = list[i];
      const Piece member =
          b_.sequence({b_.literal(OrderedJson(name).dump() + ":"), blank_, any_of(*value, fmt::format("{}/properties/{}", where, name), depth + 1)});
      const Piece first = b_.sequence({member, after_some}), later = b_.sequence({comma(), member, after_some});
      const bool must = std::find(required.begin(), required.end(), name) != required.end();
      after_none = must ? first : b_.choice({first, after_none});
      after_some = must ? later : b_.choice({later, after_some});
    }
    return b_.sequence({b_.literal("{"), after_none, b_.literal("}")});
  }

  Piece array(const OrderedJson& schema, const std::string& where, int depth) {
    check_keywords(schema, where, {"type", "items", "prefixItems", "minItems", "maxItems"});
    std::vector<Piece> first;
    for (size_t i = 0; i < schema.value("prefixItems", OrderedJson::array()).size(); ++i)
      first.push_back(any_of(schema["prefixItems"][i], fmt::format("{}/prefixItems/{}", where, i), depth + 1));
    const bool closed = schema.contains("items") && schema["items"] == OrderedJson(false);
    const int64_t least = bound(schema, "minItems", 0, where), most_asked = bound(schema, "maxItems", -1, where);
    const auto fixed = static_cast<int64_t>(first.size());
    const int64_t most = closed ? (most_asked < 0 ? fixed : std::min(most_asked, fixed)) : most_asked;
    if (most >= 0 && most < least) broken(where, fmt::format("{} to {} items", least, most));
    const Piece item = closed ? -1 : any_of(schema.value("items", OrderedJson(true)), where + "/items", depth + 1);
    // Items beyond the fixed ones, each with its comma; then backwards through the fixed ones.
    Piece rest = b_.literal("");
    if (!closed && (most < 0 || most > fixed))
      rest = b_.repeat(b_.sequence({comma(), item}), std::max<int64_t>(0, least - std::max<int64_t>(fixed, 1)),
                       most < 0 ? -1 : most - std::max<int64_t>(fixed, 1));
    Piece all = rest;
    if (fixed == 0) {
      if (closed || most == 0) return b_.literal("[]");
      all = b_.sequence({item, rest});
      if (least == 0) all = b_.optional(all);
    } else {
      for (int64_t i = fixed; i-- > 0;) {
        Piece here = i == 0 ? first[0] : b_.sequence({comma(), first[static_cast<size_t>(i)]});
        if (most >= 0 && i >= most) {
          all = b_.literal("");
          continue;
        }
        here = b_.sequence({here, all});
        all = i < least ? here : b_.optional(here);
      }
    }
    return b_.sequence({b_.literal("["), all, b_.literal("]")});
  }

  Piece anything() {
    if (anything_ >= 0) return anything_;
    anything_ = b_.declare();
    const Piece text = b_.sequence({quote_, b_.repeat(character_, 0, -1), quote_});
    const Piece list =
        b_.sequence({b_.literal("["), b_.optional(b_.sequence({anything_, b_.repeat(b_.sequence({comma(), anything_}), 0, -1)})), b_.literal("]")});
    b_.define(anything_, b_.choice({text, number_, list, any_object(), b_.literal("true"), b_.literal("false"), b_.literal("null")}));
    return anything_;
  }

  /// Names may come twice in a free object only if a reader minds; so none is written twice: free objects have at most one member.
  Piece any_object() {
    const Piece member = b_.sequence({quote_, b_.repeat(character_, 0, -1), quote_, b_.literal(":"), blank_, anything()});
    return b_.sequence({b_.literal("{"), b_.optional(member), b_.literal("}")});
  }

  const OrderedJson& root_;
  GrammarBuilder b_;
  std::map<std::string, Piece> references_;
  Piece character_ = -1, quote_ = -1, integer_ = -1, number_ = -1, blank_ = -1, anything_ = -1;
};

}  // namespace

Result<std::shared_ptr<const Grammar>> Grammar::from_json_schema(const OrderedJson& schema) {
  return guard([&]() -> Result<std::shared_ptr<const Grammar>> {
    try {
      return SchemaCompiler(schema).run();
    } catch (const OrderedJson::exception& problem) {
      return fail(ErrorCode::corrupt, "schema: {}", problem.what());
    }
  });
}

}  // namespace ptah
