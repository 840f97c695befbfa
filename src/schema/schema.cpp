#include "schema/schema.h"

#include <algorithm>
#include <charconv>
#include <regex>

#include "base/seed.h"
#include "base/text.h"

namespace ptah {

namespace {

/// The value of a kind that holds nothing.
Json empty_value(FieldKind kind) {
  switch (kind) {
    case FieldKind::boolean:
      return false;
    case FieldKind::integer:
    case FieldKind::seed:
      return 0;
    case FieldKind::number:
      return 0.0;
    case FieldKind::text:
    case FieldKind::file:
      return "";
    default:
      return Json::array();
  }
}

Json default_of(const SchemaField& field) { return field.required ? empty_value(field.kind) : field.default_value; }

/// The file's name alone; of a folder, its last part.
std::string bare_name(const std::string& text) {
  const std::filesystem::path file = text;
  return (file.has_filename() ? file : file.parent_path()).filename().string();
}

/// A value of files without their folders.
Json without_folders(const SchemaField& field, Json value) {
  if (field.kind == FieldKind::file && value.is_string()) return bare_name(value.get<std::string>());
  if (field.kind == FieldKind::files && value.is_array())
    for (Json& item : value)
      if (item.is_string()) item = bare_name(item.get<std::string>());
  if (field.kind == FieldKind::weighted_files && value.is_array())
    for (Json& item : value)
      if (item.is_object() && item.value("file", Json()).is_string()) item["file"] = bare_name(item["file"].get<std::string>());
  return value;
}

/// Whether a value is of the field's kind; else what was expected.
const char* expected_instead(const SchemaField& field, const Json& value) {
  const auto all = [&](const auto& good) { return value.is_array() && std::all_of(value.begin(), value.end(), good); };
  const auto is_text = [](const Json& item) { return item.is_string(); };
  switch (field.kind) {
    case FieldKind::boolean:
      return value.is_boolean() ? nullptr : "expected true or false";
    case FieldKind::integer:
      try {
        (void)value_of<int64_t>(value);
        return nullptr;
      } catch (const Json::exception&) {
        return "expected a whole number";
      }
    case FieldKind::seed:
      try {
        (void)exact_value(value);
        return nullptr;
      } catch (const Json::exception&) {
        return "expected a whole number from 0 to 2^64 - 1, beyond 2^53 as text";
      }
    case FieldKind::number:
      try {
        (void)value_of<float>(value);
        return nullptr;
      } catch (const Json::exception&) {
        return "expected a number";
      }
    case FieldKind::text:
    case FieldKind::file:
      return value.is_string() ? nullptr : "expected a text";
    case FieldKind::texts:
    case FieldKind::files:
      return all(is_text) ? nullptr : "expected a list of texts";
    case FieldKind::weighted_files:
      return all([](const Json& item) { return item.is_object() && item.value("file", Json()).is_string() && item.value("strength", Json()).is_number(); })
                 ? nullptr
                 : "expected a list of {\"file\": text, \"strength\": number}";
  }
  return nullptr;
}

/// The object in which a field stands; null if it is not there.
const Json* holder_of(const SchemaField& field, const Json& json) {
  if (*field.within == '\0') return &json;
  const auto inner = json.find(field.within);
  return inner != json.end() && inner->is_object() ? &*inner : nullptr;
}

Json& holder_in(const SchemaField& field, Json& json) {
  Json& out = *field.within ? json[field.within] : json;
  if (out.is_null()) out = Json::object();
  return out;
}

Result<void> check_text(const SchemaField& field, const std::string& text) {
  const auto bad = [&](const std::string& why) { return fail_field(field.name, ErrorCode::invalid_argument, "`{}` {}", field.name, why); };
  if (field.max_bytes > 0 && text.size() > field.max_bytes) return bad(fmt::format("has {} bytes; at most {} are possible", text.size(), field.max_bytes));
  if (const size_t at = invalid_utf8_at(text); at != std::string::npos) return bad(fmt::format("is not valid UTF-8 at byte {}", at));
  if (field.one_line)
    for (size_t i = 0; i < text.size(); ++i)
      if (const auto byte = static_cast<unsigned char>(text[i]); byte < 0x20 || byte == 0x7F)
        return bad(fmt::format("has a control character (0x{:02x}) at byte {}; leave it out", static_cast<unsigned>(byte), i));
  if (field.required && !field.may_be_blank && text.find_first_not_of(' ') == std::string::npos) return bad(fmt::format("is empty; {}", field.help));
  if (field.choices.empty()) return {};
  constexpr size_t kMaxPatternBytes = 256;
  const bool known = *field.pattern ? text.size() <= kMaxPatternBytes && std::regex_match(text, std::regex(field.pattern))
                                    : std::find(field.choices.begin(), field.choices.end(), text) != field.choices.end();
  if (known) return {};
  return unknown_name(fmt::format("`{}`", field.name), text, field.choices);
}

/// A number as it is typed.
std::string number_text(const SchemaField& field, const Json& value) {
  return field.kind == FieldKind::number ? fmt::format("{}", value.get<float>()) : value.is_string() ? value.get<std::string>() : value.dump();
}

Result<void> check_number(const SchemaField& field, const Json& value) {
  const Range& r = field.range;
  bool good = true;
  if (field.kind == FieldKind::number) {  // as its bounds are in 32 bits
    const auto v = value.get<float>(), low = static_cast<float>(r.min), high = static_cast<float>(r.max);
    good = v >= low && v <= high && !(r.above_min && v == low);
  } else {
    const auto v = value_of<int64_t>(value);
    good = static_cast<double>(v) >= r.min && static_cast<double>(v) <= r.max && v % r.multiple_of == 0;
  }
  if (good) return {};
  return fail_field(field.name, ErrorCode::invalid_argument, "`{}` {}; {}", field.name, number_text(field, value), possible(field));
}

}  // namespace

std::string possible(const SchemaField& field) {
  const Range& r = field.range;
  const auto number = [&](double v) { return field.kind == FieldKind::number ? fmt::format("{}", static_cast<float>(v)) : fmt::format("{:.0f}", v); };
  if (!std::isfinite(r.min) && !std::isfinite(r.max)) return "";
  const std::string what = r.multiple_of > 1 ? fmt::format("multiples of {} from ", r.multiple_of) : r.above_min ? "above " : "";
  if (!std::isfinite(r.max)) return fmt::format("{}{} or more are possible", what, number(r.min));
  if (!std::isfinite(r.min)) return fmt::format("{}at most {} are possible", what, number(r.max));
  return fmt::format("{}{} to {} are possible", what, number(r.min), number(r.max));
}

void Schema::add(SchemaField field) {
  PTAH_CHECK(find(field.name) == nullptr, "two fields are called {}", field.name);
  std::string option = field.flag;
  if (option.empty()) {
    option = field.name;
    std::replace(option.begin(), option.end(), '_', '-');
    if (field.kind == FieldKind::boolean && field.default_value == Json(true)) option = "no-" + option;
  }
  if (!field.positional) field.option = "--" + option;
  fields_.push_back(std::move(field));
}

const SchemaField* Schema::find(std::string_view name) const {
  const auto plain = [](std::string_view text) {
    while (text.starts_with('-')) text.remove_prefix(1);
    std::string out(text);
    std::replace(out.begin(), out.end(), '-', '_');
    return out;
  };
  const std::string wanted = plain(name);
  for (const SchemaField& field : fields_)
    if (wanted == field.name || (!field.option.empty() && wanted == plain(field.option))) return &field;
  return nullptr;
}

Json Schema::defaults() const {
  Json out = Json::object();
  for (const SchemaField& field : fields_) out[field.name] = default_of(field);
  return out;
}

bool Schema::is_said(const SchemaField& field, const Json& values) const {
  if (const SchemaField* other = *field.needs ? find(field.needs) : nullptr; other && values[other->name] == default_of(*other)) return false;
  return field.required || field.always || values[field.name] != field.default_value;
}

Result<Json> Schema::given(const Json& request) const {
  if (!request.is_object()) return fail(ErrorCode::invalid_argument, "a request is an object of fields");
  Json out = Json::object();
  const auto take = [&](const std::string& within, const std::string& name, const Json& value) -> Result<void> {
    const SchemaField* field = find(name);
    if (!field || field->name != name || field->within != within) {
      std::vector<std::string> known;
      for (const SchemaField& one : fields_)
        if (one.within == within) known.emplace_back(one.name);
      const std::string meant = did_you_mean(name, known);
      return fail(ErrorCode::invalid_argument, "unknown field `{}`; {}known: {}", printable(name, 80),
                  meant.empty() ? "" : fmt::format("did you mean {}? ", meant), fmt::join(known, " "));
    }
    out[name] = value;
    if (field->kind == FieldKind::seed) {
      auto seed = seed_of(value);
      if (!seed) return fail_field(name, ErrorCode::invalid_argument, "`{}`: {}", name, seed.error().message);
      out[name] = exact_json(seed->value);
    } else if (const char* expected = expected_instead(*field, value)) {
      return fail_field(name, ErrorCode::invalid_argument, "`{}`: {}, found {}", name, expected,
                        printable(value.dump(-1, ' ', false, Json::error_handler_t::replace), 80));
    }
    return {};
  };
  for (const auto& [name, value] : request.items()) {
    const bool group = std::any_of(fields_.begin(), fields_.end(), [&wanted = name](const SchemaField& f) { return *f.within && f.within == wanted; });
    if (!group) {
      PTAH_TRY_VOID(take("", name, value));
      continue;
    }
    if (!value.is_object()) return fail_field(name, ErrorCode::invalid_argument, "`{}`: expected an object of fields", name);
    for (const auto& [inner, one] : value.items()) PTAH_TRY_VOID(take(name, inner, one));
  }
  for (const SchemaField& field : fields_)
    if (field.required && !out.contains(field.name)) return fail_field(field.name, ErrorCode::invalid_argument, "`{}` is missing; {}", field.name, field.help);
  return out;
}

Json Schema::request_json(const Json& values) const {
  Json out = Json::object();
  for (const SchemaField& field : fields_)
    if (is_said(field, values)) holder_in(field, out)[field.name] = values[field.name];
  return out;
}

Json Schema::receipt_json(const Json& values) const {
  Json out = Json::object();
  for (const SchemaField& field : fields_)
    if (field.kept == Kept::request && (field.absent.is_null() || values[field.name] != field.absent))
      holder_in(field, out)[field.name] = without_folders(field, values[field.name]);
  return out;
}

Result<Json> Schema::receipt_values(const Json& request) const {
  if (!request.is_object()) return fail(ErrorCode::corrupt, "request: not an object");
  Json out = defaults();
  for (const SchemaField& field : fields_) {
    if (field.kept != Kept::request) continue;
    const Json* holder = holder_of(field, request);
    if (holder && holder->contains(field.name)) {
      const Json& value = (*holder)[field.name];
      if (const char* expected = expected_instead(field, value)) return fail_field(field.name, ErrorCode::corrupt, "request: `{}`: {}", field.name, expected);
      out[field.name] = without_folders(field, value);
    } else if (!field.absent.is_null()) {
      if (holder) out[field.name] = field.absent;
    } else if (holder || field.required) {
      return fail_field(field.name, ErrorCode::corrupt, "request: `{}` is missing", field.name);
    }
  }
  return out;
}

Result<void> Schema::check(const Json& values) const {
  for (const SchemaField& field : fields_) PTAH_TRY_VOID(check(field, values[field.name]));
  return {};
}

Result<void> Schema::check(const SchemaField& field, const Json& value) {
  if (!field.required && value == field.default_value) return {};
  if (field.kind == FieldKind::text) return check_text(field, value.get_ref<const std::string&>());
  if (field.kind == FieldKind::integer || field.kind == FieldKind::number) return check_number(field, value);
  if (field.kind == FieldKind::file && field.required && value == Json(""))
    return fail_field(field.name, ErrorCode::invalid_argument, "`{}` is empty; {}", field.name, field.help);
  if (field.kind == FieldKind::texts)
    for (const Json& item : value) PTAH_TRY_VOID(check_text(field, item.get_ref<const std::string&>()));
  return {};
}

Result<void> Schema::check_needs(const Json& given) const {
  for (const SchemaField& field : fields_)
    if (const SchemaField* other = *field.needs ? find(field.needs) : nullptr; other && given.contains(field.name) && !given.contains(other->name))
      return fail_field(field.name, ErrorCode::invalid_argument, "`{}` needs `{}`: {}", field.name, other->name, other->help);
  return {};
}

Result<Json> value_from_text(const SchemaField& field, const std::string& text) {
  const char *begin = text.data(), *end = begin + text.size();
  const auto bad = [&](const char* what) {
    return fail_field(field.name, ErrorCode::invalid_argument, "`{}` '{}' is no {}", field.name, printable(text, 80), what);
  };
  const auto number_in = [](const char* from, const char* to, auto& into) {
    const auto [stop, problem] = std::from_chars(from, to, into);
    return from != to && problem == std::errc() && stop == to;
  };
  switch (field.kind) {
    case FieldKind::boolean:
      if (text != "true" && text != "false") return bad("true or false");
      return Json(text == "true");
    case FieldKind::integer: {
      int64_t value = 0;
      if (!number_in(begin, end, value)) return bad("whole number");
      return Json(value);
    }
    case FieldKind::number: {
      float value = 0;
      if (!number_in(begin, end, value) || !std::isfinite(value)) return bad("number");
      return Json(value);
    }
    case FieldKind::seed: {
      auto seed = parse_seed(text);
      if (!seed) return fail_field(field.name, ErrorCode::invalid_argument, "`{}`: {}", field.name, seed.error().message);
      return exact_json(seed->value);
    }
    case FieldKind::weighted_files: {
      const size_t colon = text.rfind(':');
      float strength = 0;
      if (colon == std::string::npos || !number_in(begin + colon + 1, end, strength)) return Json{{"file", text}, {"strength", 1.0F}};
      return Json{{"file", text.substr(0, colon)}, {"strength", strength}};
    }
    default:
      return Json(text);
  }
}

std::vector<std::string> texts_of_value(const SchemaField& field, const Json& value) {
  std::vector<std::string> out;
  if (field.kind == FieldKind::weighted_files)
    for (const Json& item : value) out.push_back(fmt::format("{}:{}", item["file"].get<std::string>(), item["strength"].get<float>()));
  else if (field.is_list())
    for (const Json& item : value) out.push_back(item.get<std::string>());
  else if (field.kind == FieldKind::text || field.kind == FieldKind::file)
    out.push_back(value.get<std::string>());
  else if (field.kind != FieldKind::boolean)
    out.push_back(number_text(field, value));
  return out;
}

std::string Schema::in_options(const std::string& message) const {
  return said(message, [&](const std::string& name) -> std::optional<std::string> {
    const SchemaField* field = find(name);
    if (!field) return {};
    return field->positional ? "the " + name : field->option;
  });
}

std::string said(const std::string& message, const std::function<std::optional<std::string>(const std::string& name)>& name_of, bool plain) {
  std::string out;
  for (size_t at = 0; at < message.size();) {
    const size_t end = message[at] == '`' ? message.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789_", at + 1) : std::string::npos;
    if (end == std::string::npos || message[end] != '`' || end == at + 1) {
      out += message[at++];
      continue;
    }
    const std::string name = message.substr(at + 1, end - at - 1);
    const auto called = name_of(name);
    out += called ? *called : plain ? name : "`" + name + "`";
    at = end + 1;
  }
  return out;
}

}  // namespace ptah
