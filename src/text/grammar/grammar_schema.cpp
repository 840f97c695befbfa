#include <algorithm>
#include <array>
#include <cmath>

#include "base/hex.h"
#include "base/text.h"
#include "text/grammar/grammar_builder.h"

namespace ptah {

namespace {

constexpr int kMaxSchemaDepth = 64;
/// Keywords that only describe, or say where something else is found.
constexpr std::array<const char*, 17> kSilent{"title",     "description",     "default",          "examples",      "$schema",    "$id",
                                              "$comment",  "$defs",           "definitions",      "$anchor",       "deprecated", "readOnly",
                                              "writeOnly", "contentEncoding", "contentMediaType", "contentSchema", "$vocabulary"};

/// Keywords that say something about values of one type.
struct TypedKeywords {
  const char* type;
  std::vector<const char*> keywords;
};
const std::vector<TypedKeywords>& typed_keywords() {
  static const std::vector<TypedKeywords> all = {{"object", {"properties", "required", "additionalProperties"}},
                                                 {"array", {"items", "prefixItems", "minItems", "maxItems", "uniqueItems"}},
                                                 {"string", {"minLength", "maxLength"}},
                                                 {"number", {"minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum"}}};
  return all;
}

bool listed_in(const std::string& key, const auto& list) {
  return std::any_of(list.begin(), list.end(), [&](const char* known) { return key == known; });
}

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

  /// Every keyword must be known to what reads the schema; `also` are those of `what`.
  static void check_keywords(const OrderedJson& schema, const std::string& where, const std::string& what, const std::vector<const char*>& also) {
    for (const auto& [key, value] : schema.items()) {
      if (listed_in(key, kSilent) || key.rfind("x-", 0) == 0 || listed_in(key, also)) continue;
      for (const TypedKeywords& typed : typed_keywords())
        if (listed_in(key, typed.keywords)) refuse(where, fmt::format("the keyword '{}' beside {} is not compiled", key, what));
      refuse(where, fmt::format("the keyword '{}' is not compiled", printable(key, 60)));
    }
  }

  /// What `schema` and one of its branches say together, for a branch that says nothing other about the same keywords.
  OrderedJson merged(OrderedJson schema, const OrderedJson& branch, const std::string& where) {
    if (branch.is_boolean() && branch.get<bool>()) return schema;
    if (!branch.is_object()) broken(where, fmt::format("{} is no schema that anything can satisfy", shown(branch)));
    for (const auto& [key, value] : branch.items()) {
      if (listed_in(key, kSilent) || !schema.contains(key) || schema[key] == value) {
        schema[key] = value;
      } else if (key == "required" && value.is_array() && schema[key].is_array()) {
        for (const auto& name : value)
          if (std::find(schema[key].begin(), schema[key].end(), name) == schema[key].end()) schema[key].push_back(name);
      } else if (key == "properties" && value.is_object() && schema[key].is_object()) {
        for (const auto& [name, property] : value.items()) {
          if (schema[key].contains(name) && schema[key][name] != property)
            refuse(where, fmt::format("the property '{}' here and beside '{}' is not compiled", printable(name, 60), branch_keyword_));
          schema[key][name] = property;
        }
      } else if (key == "type" && schema[key].is_array() && std::find(schema[key].begin(), schema[key].end(), value) != schema[key].end()) {
        schema[key] = value;
      } else {
        refuse(where, fmt::format("'{}' here and beside '{}' is not compiled", printable(key, 60), branch_keyword_));
      }
    }
    return schema;
  }

  /// The branch that a reference stands for, so that it can be merged.
  const OrderedJson& resolved(const OrderedJson& branch, const std::string& where) {
    const OrderedJson* at = &branch;
    for (int steps = 0; at->is_object() && at->contains("$ref"); ++steps) {
      check_keywords(*at, where, "'$ref'", {"$ref"});
      if (steps > kMaxSchemaDepth) broken(where, "references that lead to each other");
      at = &target_of((*at)["$ref"], where);
    }
    return *at;
  }

  static bool only_describes(const OrderedJson& schema) {
    for (const auto& [key, value] : schema.items())
      if (!listed_in(key, kSilent)) return false;
    return true;
  }

  /// `anyOf`, alone or beside keywords that hold for each of its branches.
  Piece any_branch(const OrderedJson& schema, const std::string& where, int depth) {
    if (!schema["anyOf"].is_array() || schema["anyOf"].empty()) broken(where, "'anyOf' is no list of schemas");
    OrderedJson rest = schema;
    rest.erase("anyOf");
    const bool alone = only_describes(rest);
    std::vector<Piece> choices;
    for (size_t i = 0; i < schema["anyOf"].size(); ++i) {
      const OrderedJson& branch = schema["anyOf"][i];
      const std::string there = fmt::format("{}/anyOf/{}", where, i);
      branch_keyword_ = "anyOf";
      choices.push_back(any_of(alone ? branch : merged(rest, resolved(branch, there), there), there, depth + 1));
    }
    return b_.choice(choices);
  }

  /// `allOf` of schemas that say nothing other about the same keywords.
  Piece all_branches(const OrderedJson& schema, const std::string& where, int depth) {
    if (!schema["allOf"].is_array() || schema["allOf"].empty()) broken(where, "'allOf' is no list of schemas");
    OrderedJson rest = schema;
    rest.erase("allOf");
    const bool alone = only_describes(rest);
    if (alone && schema["allOf"].size() == 1) return any_of(schema["allOf"][0], where + "/allOf/0", depth + 1);
    for (size_t i = 0; i < schema["allOf"].size(); ++i) {
      const std::string there = fmt::format("{}/allOf/{}", where, i);
      branch_keyword_ = "allOf";
      rest = merged(std::move(rest), resolved(schema["allOf"][i], there), there);
    }
    return any_of(rest, where, depth + 1);
  }

  Piece any_of(const OrderedJson& schema, const std::string& where, int depth) {
    if (depth > kMaxSchemaDepth) refuse(where, "nested too deeply");
    if (schema.is_boolean() && schema.get<bool>()) return anything();
    if (!schema.is_object()) broken(where, fmt::format("{} is no schema that anything can satisfy", shown(schema)));
    if (schema.contains("$ref")) {
      check_keywords(schema, where, "'$ref'", {"$ref"});
      return reference(schema["$ref"], where, depth);
    }
    if (schema.contains("const")) {
      check_keywords(schema, where, "'const'", {"const", "type"});
      return constant(schema["const"], schema, where);
    }
    if (schema.contains("enum")) {
      check_keywords(schema, where, "'enum'", {"enum", "type"});
      if (!schema["enum"].is_array()) broken(where, "'enum' is no list");
      std::vector<Piece> choices;
      for (const auto& value : schema["enum"]) choices.push_back(constant(value, schema, where));
      if (choices.empty()) broken(where, "an enum of nothing");
      return b_.choice(choices);
    }
    if (schema.contains("allOf")) return all_branches(schema, where, depth);
    if (schema.contains("anyOf")) return any_branch(schema, where, depth);
    const OrderedJson type = schema.value("type", OrderedJson());
    if (type.is_array()) {
      std::vector<Piece> choices;
      for (const auto& one : type) {
        OrderedJson part = schema;
        part["type"] = one;
        for (const TypedKeywords& typed : typed_keywords())
          if (one != typed.type && !(one == "integer" && typed.type == std::string_view("number")))
            for (const char* key : typed.keywords) part.erase(key);
        choices.push_back(of_type(part, one, where, depth));
      }
      if (choices.empty()) broken(where, "no type");
      return b_.choice(choices);
    }
    if (type.is_null()) {
      // What says something about values of one type is taken to ask for that type: what is written satisfies the schema then.
      for (const TypedKeywords& typed : typed_keywords())
        for (const char* key : typed.keywords)
          if (schema.contains(key)) return of_type(schema, typed.type, where, depth);
      check_keywords(schema, where, "nothing", {});
      return anything();
    }
    return of_type(schema, type, where, depth);
  }

  Piece of_type(const OrderedJson& schema, const OrderedJson& type, const std::string& where, int depth) {
    if (type == "object") return object(schema, where, depth);
    if (type == "array") return array(schema, where, depth);
    if (type == "string") {
      check_keywords(schema, where, "the type string", {"type", "minLength", "maxLength"});
      const int64_t min = bound(schema, "minLength", 0, where), max = bound(schema, "maxLength", -1, where);
      if (max >= 0 && max < min) broken(where, fmt::format("'minLength' is {} and 'maxLength' {}", min, max));
      return b_.sequence({quote_, b_.repeat(character_, min, max), quote_});
    }
    if (type == "integer" || type == "number") return number(schema, type == "integer", where);
    if (type != "boolean" && type != "null") broken(where, fmt::format("type {}; the types are object array string integer number boolean null", shown(type)));
    check_keywords(schema, where, fmt::format("the type {}", type.get<std::string>()), {"type"});
    if (type == "boolean") return b_.choice({b_.literal("true"), b_.literal("false")});
    return b_.literal("null");
  }

  Piece number(const OrderedJson& schema, bool whole, const std::string& where) {
    check_keywords(schema, where, whole ? "the type integer" : "the type number", {"type", "minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum"});
    NumberRange range;
    range.whole = whole;
    // The tighter one of a bound that belongs to the range and one that does not.
    const auto read = [&](const char* inclusive, const char* exclusive, int direction, std::optional<std::string>& text, bool& outside) {
      std::optional<double> tightest;
      for (const char* key : {inclusive, exclusive}) {
        if (!schema.contains(key)) continue;
        if (!schema[key].is_number()) broken(where, fmt::format("'{}' is {}", key, shown(schema[key])));
        const auto value = schema[key].get<double>();
        if (tightest && (value - *tightest) * direction < 0) continue;
        tightest = value;
        text = value == 0 ? "0" : schema[key].dump();
        if (schema[key].is_number_float() && value == std::round(value) && std::abs(value) < 9e15) text = fmt::format("{:.0f}", value);
        outside = key == exclusive;
        if (text->find_first_of("eE") != std::string::npos) refuse(where, fmt::format("'{}' of {} is not compiled", key, *text));
      }
      return tightest;
    };
    const auto minimum = read("minimum", "exclusiveMinimum", 1, range.minimum, range.above),
               maximum = read("maximum", "exclusiveMaximum", -1, range.maximum, range.below);
    if (!minimum && !maximum) return whole ? integer_ : number_;
    std::optional<Piece> made;
    if (!(minimum && maximum && *minimum > *maximum)) made = numbers_between(b_, range);
    if (!made) broken(where, "no number lies within the bounds");
    return *made;
  }

  static int64_t bound(const OrderedJson& schema, const char* key, int64_t fallback, const std::string& where) {
    if (!schema.contains(key)) return fallback;
    const auto& value = schema[key];
    if (!value.is_number_integer() || value.get<int64_t>() < 0) broken(where, fmt::format("'{}' is {}", key, shown(value)));
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
      broken(where, fmt::format("{} is not of the type {}", shown(value), shown(type)));
    return b_.literal(value.dump());
  }

  /// A reference within this document: a JSON pointer (RFC 6901, as a URI fragment) or an anchor.
  const OrderedJson& target_of(const OrderedJson& ref, const std::string& where) const {
    if (!ref.is_string()) broken(where, "'$ref' is no text");
    const auto name = ref.get<std::string>();
    if (name.empty() || name[0] != '#') refuse(where, fmt::format("$ref '{}' leads out of this schema", printable(name, 100)));
    const std::string fragment = percent_decoded(name.substr(1), where);
    if (!fragment.empty() && fragment[0] != '/') {
      if (const OrderedJson* found = anchor(root_, fragment, 0)) return *found;
      refuse(where, fmt::format("$ref '{}': there is no such '$anchor'", printable(name, 100)));
    }
    const OrderedJson* at = &root_;
    for (size_t begin = 0; begin < fragment.size();) {
      const size_t end = std::min(fragment.find('/', begin + 1), fragment.size());
      std::string key = fragment.substr(begin + 1, end - begin - 1);
      replace_all(key, "~1", "/");
      replace_all(key, "~0", "~");
      const bool index = at->is_array() && !key.empty() && key.size() < 9 && key.find_first_not_of("0123456789") == std::string::npos;
      if (at->is_object() && at->contains(key))
        at = &(*at)[key];
      else if (index && std::stoul(key) < at->size())
        at = &(*at)[std::stoul(key)];
      else
        refuse(where, fmt::format("$ref '{}' leads nowhere: there is no '{}'", printable(name, 100), printable(key, 60)));
      begin = end;
    }
    return *at;
  }

  static std::string percent_decoded(const std::string& text, const std::string& where) {
    std::string out;
    for (size_t i = 0; i < text.size(); ++i) {
      if (text[i] != '%') {
        out += text[i];
        continue;
      }
      const int high = i + 2 < text.size() ? hex_digit(text[i + 1]) : -1, low = i + 2 < text.size() ? hex_digit(text[i + 2]) : -1;
      if (high < 0 || low < 0) broken(where, fmt::format("$ref '#{}': a % without two hexadecimal digits", printable(text, 100)));
      out += static_cast<char>(high * 16 + low);
      i += 2;
    }
    return out;
  }

  static const OrderedJson* anchor(const OrderedJson& in, const std::string& name, int depth) {
    if (depth > 2 * kMaxSchemaDepth) return nullptr;
    if (in.is_object()) {
      const auto found = in.find("$anchor");
      if (found != in.end() && *found == name) return &in;
    }
    if (in.is_structured())
      for (const auto& inner : in)
        if (const OrderedJson* found = anchor(inner, name, depth + 1)) return found;
    return nullptr;
  }

  Piece reference(const OrderedJson& ref, const std::string& where, int depth) {
    const OrderedJson& target = target_of(ref, where);
    if (const auto known = references_.find(&target); known != references_.end()) return known->second;
    const Piece declared = b_.declare();
    references_.emplace(&target, declared);
    b_.define(declared, any_of(target, printable(ref.get<std::string>(), 100), depth + 1));
    return declared;
  }

  static std::string shown(const OrderedJson& value) { return printable(value.dump(-1, ' ', false, OrderedJson::error_handler_t::replace), 60); }

  Piece comma() { return b_.sequence({b_.literal(","), blank_}); }

  Piece object(const OrderedJson& schema, const std::string& where, int depth) {
    check_keywords(schema, where, "the type object", {"type", "properties", "required", "additionalProperties"});
    const OrderedJson properties = schema.value("properties", OrderedJson::object());
    if (!properties.is_object()) broken(where, "'properties' is no object");
    if (schema.contains("additionalProperties") && schema["additionalProperties"] != OrderedJson(false) && schema["additionalProperties"] != OrderedJson(true))
      refuse(where, "'additionalProperties' with a schema is not compiled");
    std::vector<std::string> required;
    for (const auto& name : schema.value("required", OrderedJson::array())) {
      if (!name.is_string() || !properties.contains(name.get<std::string>()))
        refuse(where, fmt::format("{} is required but not listed_in the properties", shown(name)));
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
    check_keywords(schema, where, "the type array", {"type", "items", "prefixItems", "minItems", "maxItems", "uniqueItems"});
    if (schema.value("uniqueItems", OrderedJson(false)) != OrderedJson(false))
      refuse(where, fmt::format("'uniqueItems' of {} is not compiled", shown(schema["uniqueItems"])));
    std::vector<Piece> first;
    for (size_t i = 0; i < schema.value("prefixItems", OrderedJson::array()).size(); ++i)
      first.push_back(any_of(schema["prefixItems"][i], fmt::format("{}/prefixItems/{}", where, i), depth + 1));
    const bool closed = schema.contains("items") && schema["items"] == OrderedJson(false);
    const int64_t min_items = bound(schema, "minItems", 0, where), max_asked = bound(schema, "maxItems", -1, where);
    const auto fixed = static_cast<int64_t>(first.size());
    const int64_t max_items = closed ? (max_asked < 0 ? fixed : std::min(max_asked, fixed)) : max_asked;
    if (max_items >= 0 && max_items < min_items) broken(where, fmt::format("'minItems' is {}, and there can be {} at most", min_items, max_items));
    const Piece item = closed ? -1 : any_of(schema.value("items", OrderedJson(true)), where + "/items", depth + 1);
    // Items beyond the fixed ones, each with its comma; then backwards through the fixed ones.
    Piece rest = b_.literal("");
    if (!closed && (max_items < 0 || max_items > fixed))
      rest = b_.repeat(b_.sequence({comma(), item}), std::max<int64_t>(0, min_items - std::max<int64_t>(fixed, 1)),
                       max_items < 0 ? -1 : max_items - std::max<int64_t>(fixed, 1));
    Piece all = rest;
    if (fixed == 0) {
      if (closed || max_items == 0) return b_.literal("[]");
      all = b_.sequence({item, rest});
      if (min_items == 0) all = b_.optional(all);
    } else {
      for (int64_t i = fixed; i-- > 0;) {
        Piece here = i == 0 ? first[0] : b_.sequence({comma(), first[static_cast<size_t>(i)]});
        if (max_items >= 0 && i >= max_items) {
          all = b_.literal("");
          continue;
        }
        here = b_.sequence({here, all});
        all = i < min_items ? here : b_.optional(here);
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
  std::map<const OrderedJson*, Piece> references_;  ///< by what they lead to
  const char* branch_keyword_ = "";
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
