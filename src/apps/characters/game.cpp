#include "apps/characters/game.h"

#include <algorithm>
#include <charconv>

#include "base/text.h"

namespace ptah {

namespace {

constexpr size_t kMaxActions = 200, kMaxParameters = 16, kMaxExamples = 200, kMaxText = 2000, kMaxChoices = 200;
constexpr double kLargest = 1e9;

bool is_identifier(const std::string& text) {
  const auto letter = [](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; };
  return !text.empty() && text.size() <= 64 && letter(text[0]) &&
         std::all_of(text.begin(), text.end(), [&](char c) { return letter(c) || (c >= '0' && c <= '9'); });
}

/// A choice stands in a call as it is, so it has no characters of the call's own.
bool is_choice(const std::string& text) {
  return !text.empty() && text.size() <= 80 && text.find_first_of(",()=\"\\\n\r\t{}") == std::string::npos && text.front() != ' ' && text.back() != ' ';
}

Json literal_of(const std::string& text) {
  if (text == "true") return true;
  if (text == "false") return false;
  double number = 0;
  const char* end = text.data() + text.size();
  if (const auto read = std::from_chars(text.data(), end, number); read.ec == std::errc() && read.ptr == end) return number;
  if (text.size() >= 2 && text.front() == '"' && text.back() == '"') return text.substr(1, text.size() - 2);
  return text;
}

/// Members of an object that nobody reads are mistakes.
Result<void> only(const Json& object, const std::vector<std::string>& known, const std::string& what) {
  if (!object.is_object()) return fail(ErrorCode::corrupt, "{}: an object is expected", what);
  for (const auto& [key, value] : object.items()) {
    (void)value;
    if (std::find(known.begin(), known.end(), key) == known.end()) {
      const auto wrong = unknown_name("member", key, known);
      return fail(ErrorCode::corrupt, "{}: {}", what, wrong.value().message);
    }
  }
  return {};
}

Result<std::string> short_text(const Json& object, const char* key, const std::string& what) {
  const Json value = object.value(key, Json(""));
  if (!value.is_string() || value.get_ref<const std::string&>().size() > kMaxText)
    return fail(ErrorCode::corrupt, "{}: `{}` is a text of at most {} bytes", what, key, kMaxText);
  return value.get<std::string>();
}

Result<std::vector<std::string>> short_texts(const Json& object, const char* key, const std::string& what, size_t max_count = kMaxExamples) {
  const Json value = object.value(key, Json::array());
  if (!value.is_array() || value.size() > max_count ||
      !std::all_of(value.begin(), value.end(), [](const Json& one) { return one.is_string() && one.get_ref<const std::string&>().size() <= kMaxText; }))
    return fail(ErrorCode::corrupt, "{}: `{}` is a list of at most {} texts", what, key, max_count);
  return value.get<std::vector<std::string>>();
}

Result<void> check_state(const Json& state) {
  if (!state.is_object() || state.size() > 1000) return fail(ErrorCode::corrupt, "`state`: an object of at most 1000 values is expected");
  for (const auto& [name, value] : state.items()) {
    if (!is_identifier(name)) return fail(ErrorCode::corrupt, "`state`: '{}' is no name (letters, digits and _)", printable(name, 80));
    const bool list = value.is_array() && value.size() <= kMaxChoices &&
                      std::all_of(value.begin(), value.end(), [](const Json& one) { return one.is_string() && is_choice(one.get<std::string>()); });
    const bool text = value.is_string() && value.get_ref<const std::string&>().size() <= kMaxText;
    if (!value.is_boolean() && !value.is_number() && !text && !list)
      return fail(ErrorCode::corrupt, "`state`: {} is true or false, a number, a text or a list of short texts", name);
  }
  return {};
}

/// A bound: a number, or the name of a value of the state.
Result<void> read_bound(const Json& json, const char* key, const std::string& what, double& value, std::string& from) {
  const Json bound = json.value(key, Json());
  if (bound.is_number() && std::abs(bound.get<double>()) <= kLargest) {
    value = bound.get<double>();
  } else if (bound.is_string() && is_identifier(bound.get<std::string>())) {
    from = bound.get<std::string>();
  } else {
    return fail(ErrorCode::corrupt, "{}: `{}` is a number up to {:.0f} or the name of one of the state", what, key, kLargest);
  }
  return {};
}

Result<ActionParameter> read_parameter(const Json& json, const std::string& action) {
  const std::string name = text_at(json, "name"), what = fmt::format("action {}, parameter {}", action, printable(name, 64));
  PTAH_TRY_VOID(only(json, {"name", "type", "choices", "also", "min", "max", "usual"}, what));
  if (!is_identifier(name)) return fail(ErrorCode::corrupt, "{}: `name` has letters, digits and _", what);
  ActionParameter out;
  out.name = name;
  const std::string type = text_at(json, "type");
  if (type == "choice") {
    const Json choices = json.value("choices", Json());
    if (choices.is_string() && is_identifier(choices.get<std::string>())) {
      out.choices_from = choices.get<std::string>();
    } else {
      PTAH_TRY(out.choices, short_texts(json, "choices", what, kMaxChoices));
      if (out.choices.empty() || !std::all_of(out.choices.begin(), out.choices.end(), is_choice))
        return fail(ErrorCode::corrupt, "{}: `choices` are texts of at most 80 bytes without , ( ) = \" \\ {{ }}, or the name of a list of the state", what);
    }
    const Json also = json.value("also", Json::object());
    if (!also.is_object()) return fail(ErrorCode::corrupt, "{}: `also` is an object of lists", what);
    for (const auto& [choice, words] : also.items()) {
      (void)words;
      PTAH_TRY(out.also[choice], short_texts(also, choice.c_str(), what + ", also"));
    }
  } else if (type == "integer" || type == "number") {
    out.type = type == "integer" ? ActionParameter::Type::integer : ActionParameter::Type::number;
    PTAH_TRY_VOID(read_bound(json, "min", what, out.min, out.min_from));
    PTAH_TRY_VOID(read_bound(json, "max", what, out.max, out.max_from));
  } else if (type == "text") {
    out.type = ActionParameter::Type::text;
  } else {
    return fail(ErrorCode::corrupt, "{}: `type` is choice, integer, number or text", what);
  }
  out.usual = json.value("usual", Json());
  const bool number = out.type == ActionParameter::Type::integer || out.type == ActionParameter::Type::number;
  if (!out.usual.is_null() && (number ? !out.usual.is_number() : !out.usual.is_string()))
    return fail(ErrorCode::corrupt, "{}: `usual` is of another type", what);
  return out;
}

Result<GameAction> read_action(const Json& json) {
  const std::string name = text_at(json, "name"), what = fmt::format("action {}", printable(name, 64));
  PTAH_TRY_VOID(only(json, {"name", "does", "parameters", "needs", "effects", "examples"}, what));
  if (!is_identifier(name) || name == "talk") return fail(ErrorCode::corrupt, "{}: `name` has letters, digits and _; talk is taken", what);
  GameAction out;
  out.name = name;
  PTAH_TRY(out.does, short_text(json, "does", what));
  const Json parameters = json.value("parameters", Json::array());
  if (!parameters.is_array() || parameters.size() > kMaxParameters)
    return fail(ErrorCode::corrupt, "{}: `parameters` is a list of at most {}", what, kMaxParameters);
  for (const Json& one : parameters) {
    PTAH_TRY(ActionParameter parameter, read_parameter(one, name));
    if (std::any_of(out.parameters.begin(), out.parameters.end(), [&](const auto& p) { return p.name == parameter.name; }))
      return fail(ErrorCode::corrupt, "{}: the parameter {} is there twice", what, parameter.name);
    out.parameters.push_back(std::move(parameter));
  }
  PTAH_TRY(const auto needs, short_texts(json, "needs", what));
  for (const std::string& text : needs) {
    PTAH_TRY(Condition condition, condition_of(text));
    out.needs.push_back(std::move(condition));
  }
  const Json effects = json.value("effects", Json::object());
  if (!effects.is_object()) return fail(ErrorCode::corrupt, "{}: `effects` is an object", what);
  for (const auto& [value, change] : effects.items()) {
    if (!is_identifier(value) || !(change.is_boolean() || change.is_number() || change.is_string()))
      return fail(ErrorCode::corrupt, "{}: the effect on {} is true or false, a number or a text", what, printable(value, 64));
    out.effects[value] = change;
  }
  PTAH_TRY(out.examples, short_texts(json, "examples", what));
  if (out.examples.empty()) return fail(ErrorCode::corrupt, "{}: `examples` of what people say to get it are needed", what);
  return out;
}

}  // namespace

Result<Condition> condition_of(const std::string& text) {
  Condition out;
  out.text = text;
  std::string rest(trimmed(text));
  if (rest.starts_with("!") && !rest.starts_with("!=")) {
    out.test = Condition::Test::unset;
    out.name = std::string(trimmed(rest.substr(1)));
  } else {
    static constexpr std::pair<const char*, Condition::Test> kTests[] = {{"==", Condition::Test::equal},   {"!=", Condition::Test::unequal},
                                                                         {"<=", Condition::Test::at_most}, {">=", Condition::Test::at_least},
                                                                         {"<", Condition::Test::below},    {">", Condition::Test::above}};
    out.name = rest;
    for (const auto& [sign, test] : kTests)
      if (const size_t at = rest.find(sign); at != std::string::npos) {
        out.name = std::string(trimmed(rest.substr(0, at)));
        out.test = test;
        out.value = literal_of(std::string(trimmed(rest.substr(at + std::string_view(sign).size()))));
        break;
      }
  }
  const bool ordered =
      out.test == Condition::Test::below || out.test == Condition::Test::at_most || out.test == Condition::Test::above || out.test == Condition::Test::at_least;
  if (!is_identifier(out.name) || (ordered && !out.value.is_number()))
    return fail(ErrorCode::corrupt, "the condition {}: NAME, !NAME, or NAME and one of == != < <= > >= and a value are expected", in_quotes(text, 80));
  return out;
}

bool holds(const Condition& c, const Json& state) {
  if (!state.is_object() || !state.contains(c.name)) return false;
  const Json& value = state[c.name];
  const auto number = [&](auto compare) { return value.is_number() && compare(value.get<double>(), c.value.get<double>()); };
  switch (c.test) {
    case Condition::Test::set:
      return value.is_boolean() && value.get<bool>();
    case Condition::Test::unset:
      return value.is_boolean() && !value.get<bool>();
    case Condition::Test::equal:
      return value == c.value;
    case Condition::Test::unequal:
      return value.type_name() == std::string_view(c.value.type_name()) && value != c.value;
    case Condition::Test::below:
      return number(std::less<>());
    case Condition::Test::at_most:
      return number(std::less_equal<>());
    case Condition::Test::above:
      return number(std::greater<>());
    case Condition::Test::at_least:
      return number(std::greater_equal<>());
  }
  return false;
}

const GameAction* Game::find(const std::string& action) const {
  const auto found = std::find_if(actions.begin(), actions.end(), [&](const GameAction& one) { return one.name == action; });
  return found == actions.end() ? nullptr : &*found;
}

Result<Game> read_game(const Json& json) {
  return guard([&]() -> Result<Game> {
    PTAH_TRY_VOID(only(json, {"format", "name", "setting", "state", "actions", "talk"}, "the game"));
    if (text_at(json, "format") != "ptah game 1") return fail(ErrorCode::corrupt, "no game: `format` is not \"ptah game 1\"");
    Game out;
    PTAH_TRY(out.name, short_text(json, "name", "the game"));
    PTAH_TRY(out.setting, short_text(json, "setting", "the game"));
    out.state = json.value("state", Json::object());
    PTAH_TRY_VOID(check_state(out.state));
    const Json actions = json.value("actions", Json());
    if (!actions.is_array() || actions.empty() || actions.size() > kMaxActions) return fail(ErrorCode::corrupt, "`actions` is a list of 1 to {}", kMaxActions);
    for (const Json& one : actions) {
      PTAH_TRY(GameAction action, read_action(one));
      if (out.find(action.name)) return fail(ErrorCode::corrupt, "the action {} is there twice", action.name);
      out.actions.push_back(std::move(action));
    }
    PTAH_TRY(out.talk, short_texts(json, "talk", "the game"));
    if (out.talk.empty()) out.talk = {"Hello!", "How are you?", "Who are you?", "Thank you.", "Goodbye.", "Tell me about yourself.", "What do you think?"};
    return out;
  });
}

Result<Json> with_changes(Json state, const Json& changes) {
  if (changes.is_null()) return state;
  PTAH_TRY_VOID(check_state(changes));
  state.update(changes);
  PTAH_TRY_VOID(check_state(state));
  return state;
}

std::vector<std::string> choices_in(const ActionParameter& parameter, const Json& state) {
  if (parameter.choices_from.empty()) return parameter.choices;
  const Json list = state.value(parameter.choices_from, Json());
  return list.is_array() ? list.get<std::vector<std::string>>() : std::vector<std::string>();
}

NumberBounds bounds_in(const ActionParameter& parameter, const Json& state) {
  NumberBounds out{parameter.min, parameter.max};
  const auto take = [&](const std::string& from, double& bound) {
    if (from.empty()) return true;
    const Json value = state.value(from, Json());
    if (!value.is_number() || !(std::abs(value.get<double>()) <= kLargest)) return false;
    bound = value.get<double>();
    return true;
  };
  if (!take(parameter.min_from, out.min) || !take(parameter.max_from, out.max)) return {};
  if (parameter.type == ActionParameter::Type::integer) out = {std::ceil(out.min), std::floor(out.max)};
  return out;
}

bool possible(const GameAction& action, const Json& state) {
  return std::all_of(action.needs.begin(), action.needs.end(), [&](const Condition& c) { return holds(c, state); }) &&
         std::all_of(action.parameters.begin(), action.parameters.end(), [&](const ActionParameter& p) {
           if (p.type == ActionParameter::Type::choice) return !choices_in(p, state).empty();
           const NumberBounds bounds = bounds_in(p, state);
           return p.type == ActionParameter::Type::text || bounds.min <= bounds.max;
         });
}

}  // namespace ptah
