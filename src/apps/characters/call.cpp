#include "apps/characters/call.h"

#include <algorithm>
#include <charconv>
#include <cmath>

#include "base/text.h"
#include "text/grammar/grammar_builder.h"

namespace ptah {

namespace {

using Type = ActionParameter::Type;
constexpr int64_t kMaxSpokenText = 80;  ///< characters of a parameter that is a text

std::string value_text(const Json& value, Type type) {
  if (type == Type::text) return "\"" + (value.is_string() ? value.get<std::string>() : "") + "\"";
  if (value.is_string()) return value.get<std::string>();
  return type == Type::integer ? fmt::format("{}", static_cast<int64_t>(value.get<double>())) : ecmascript_number(value.get<double>());
}

/// A number as it stands in a call; nothing else.
std::optional<double> plain_number(std::string_view text) {
  double out = 0;
  const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), out, std::chars_format::fixed);
  return problem == std::errc() && end == text.data() + text.size() ? std::optional(out) : std::nullopt;
}

std::string why_impossible(const GameAction& action, const Json& state) {
  for (const Condition& condition : action.needs)
    if (!holds(condition, state)) return fmt::format("{}: '{}' does not hold", action.name, condition.text);
  return fmt::format("{}: one of its parameters has no possible value now", action.name);
}

Result<void> check_value(const GameAction& action, const ActionParameter& p, const Json& value, const Json& state) {
  const auto wrong = [&](const std::string& expected) -> Result<void> {
    return fail(ErrorCode::mismatch, "{}: {} is {}; {}", action.name, p.name, printable(value.dump(-1, ' ', false, Json::error_handler_t::replace), 100),
                expected);
  };
  if (p.type == Type::text) {
    const bool fits = value.is_string() && value.get_ref<const std::string&>().size() <= 4 * kMaxSpokenText &&
                      value.get_ref<const std::string&>().find_first_of("\"\\\n\r") == std::string::npos;
    return fits ? Result<void>() : wrong("a short text on one line is possible");
  }
  if (p.type == Type::choice) {
    const auto choices = choices_in(p, state);
    const bool there = value.is_string() && std::find(choices.begin(), choices.end(), value.get<std::string>()) != choices.end();
    return there ? Result<void>() : wrong(fmt::format("{} is possible", fmt::join(choices, ", ")));
  }
  const NumberBounds bounds = bounds_in(p, state);
  const bool fits = value.is_number() && value.get<double>() >= bounds.min && value.get<double>() <= bounds.max &&
                    (p.type == Type::number || value.get<double>() == std::floor(value.get<double>()));
  return fits ? Result<void>()
              : wrong(fmt::format("{} from {} to {} is possible", p.type == Type::integer ? "a whole number" : "a number", bounds.min, bounds.max));
}

/// The words of a text in small letters, digits and letters together.
std::vector<std::string> said_words(const std::string& text) {
  std::vector<std::string> out;
  std::string word;
  for (const char c : lower_case(text) + " ") {
    const bool inside = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || static_cast<unsigned char>(c) >= 128;
    if (inside) {
      word += c;
    } else if (!word.empty()) {
      out.push_back(std::move(word));
      word.clear();
    }
  }
  return out;
}

/// Whether words stand in a text one after the other; "beers" counts as "beer".
bool stands_in(const std::vector<std::string>& words, const std::vector<std::string>& text) {
  const auto same = [](const std::string& wanted, const std::string& found) { return found == wanted || found == wanted + "s" || found == wanted + "es"; };
  if (words.empty()) return false;
  return std::search(text.begin(), text.end(), words.begin(), words.end(),
                     [&](const std::string& found, const std::string& wanted) { return same(wanted, found); }) != text.end();
}

/// The numbers that stand in a text.
std::vector<double> said_numbers(const std::vector<std::string>& words) {
  static const std::map<std::string, double> kNamed{{"two", 2},       {"three", 3},    {"four", 4},     {"five", 5},       {"six", 6},       {"seven", 7},
                                                    {"eight", 8},     {"nine", 9},     {"ten", 10},     {"eleven", 11},    {"twelve", 12},   {"thirteen", 13},
                                                    {"fourteen", 14}, {"fifteen", 15}, {"sixteen", 16}, {"seventeen", 17}, {"eighteen", 18}, {"nineteen", 19},
                                                    {"twenty", 20},   {"thirty", 30},  {"forty", 40},   {"fifty", 50},     {"sixty", 60},    {"hundred", 100},
                                                    {"dozen", 12},    {"once", 1},     {"twice", 2},    {"single", 1},     {"couple", 2},    {"pair", 2}};
  std::vector<double> out;
  for (const std::string& word : words) {
    if (const auto named = kNamed.find(word); named != kNamed.end()) out.push_back(named->second);
    if (const auto number = plain_number(word)) out.push_back(*number);
  }
  return out;
}

void narrow_choice(ActionForm::Form& form, const ActionParameter& p, const std::vector<std::string>& said) {
  std::vector<std::string> kept;
  for (const std::string& choice : form.choices) {
    bool there = stands_in(said_words(choice), said);
    if (const auto also = p.also.find(choice); also != p.also.end())
      there = there || std::any_of(also->second.begin(), also->second.end(), [&](const std::string& word) { return stands_in(said_words(word), said); });
    if (there) kept.push_back(choice);
  }
  if (!kept.empty())
    form.choices = std::move(kept);
  else if (p.usual.is_string() && std::find(form.choices.begin(), form.choices.end(), p.usual.get<std::string>()) != form.choices.end())
    form.choices = {p.usual.get<std::string>()};
}

void narrow_number(ActionForm::Form& form, const ActionParameter& p, const std::vector<double>& said) {
  const auto inside = [&](double value) {
    return value >= form.bounds.min && value <= form.bounds.max && (p.type == Type::number || value == std::floor(value));
  };
  // The first number that fits: people name how many before anything else. What is usual stands in where nobody says one.
  const auto found = std::find_if(said.begin(), said.end(), inside);
  if (found != said.end())
    form.bounds = {*found, *found};
  else if (p.usual.is_number() && inside(p.usual.get<double>()))
    form.bounds = {p.usual.get<double>(), p.usual.get<double>()};
}

GrammarBuilder::Piece piece_of(GrammarBuilder& builder, const ActionForm& form) {
  if (!form.action) return builder.literal("talk()");
  std::vector<GrammarBuilder::Piece> parts{builder.literal(form.action->name + "(")};
  for (size_t i = 0; i < form.parameters.size(); ++i) {
    const ActionParameter& p = form.action->parameters[i];
    parts.push_back(builder.literal((i ? ", " : "") + p.name + "="));
    if (p.type == Type::choice) {
      std::vector<GrammarBuilder::Piece> choices;
      for (const std::string& choice : form.parameters[i].choices) choices.push_back(builder.literal(choice));
      parts.push_back(builder.choice(choices));
    } else if (p.type == Type::text) {
      const auto character = builder.characters({{0, 31}, {'"', '"'}, {'\\', '\\'}, {127, 159}}, true);
      parts.push_back(builder.literal("\""));
      parts.push_back(builder.repeat(character, 1, kMaxSpokenText));
      parts.push_back(builder.literal("\""));
    } else {
      const auto bound = [&](double value) { return p.type == Type::integer ? fmt::format("{}", static_cast<int64_t>(value)) : ecmascript_number(value); };
      const auto piece = numbers_between(
          builder, {.whole = p.type == Type::integer, .minimum = bound(form.parameters[i].bounds.min), .maximum = bound(form.parameters[i].bounds.max)});
      if (!piece)
        throw Failure({ErrorCode::unsupported, fmt::format("{}: there is no number from {} to {} for {}", form.action->name, form.parameters[i].bounds.min,
                                                           form.parameters[i].bounds.max, p.name)});
      parts.push_back(*piece);
    }
  }
  parts.push_back(builder.literal(")"));
  return builder.sequence(parts);
}

}  // namespace

Json to_json(const ActionCall& call) { return {{"name", call.name}, {"values", call.values}}; }

std::string text_of(const ActionCall& call, const GameAction* action) {
  if (!action) return "talk()";
  std::string out = action->name + "(";
  for (size_t i = 0; i < action->parameters.size(); ++i) {
    const ActionParameter& p = action->parameters[i];
    out += (i ? ", " : "") + p.name + "=" + value_text(call.values.value(p.name, Json("")), p.type);
  }
  return out + ")";
}

Result<void> check_call(const ActionCall& call, const Game& game, const Json& state) {
  if (call.name == "talk") return call.values.empty() ? Result<void>() : fail(ErrorCode::mismatch, "talk has no parameters");
  const GameAction* action = game.find(call.name);
  if (!action) return fail(ErrorCode::mismatch, "the game has no action '{}'", printable(call.name, 80));
  if (!possible(*action, state)) return fail(ErrorCode::mismatch, "{}", why_impossible(*action, state));
  if (!call.values.is_object() || call.values.size() != action->parameters.size())
    return fail(ErrorCode::mismatch, "{} has {} parameters", action->name, action->parameters.size());
  for (const ActionParameter& p : action->parameters) {
    if (!call.values.contains(p.name)) return fail(ErrorCode::mismatch, "{}: {} is missing", action->name, p.name);
    PTAH_TRY_VOID(check_value(*action, p, call.values[p.name], state));
  }
  return {};
}

Result<ActionCall> parse_call(const std::string& text, const Game& game, const Json& state) {
  const size_t open = text.find('(');
  if (open == std::string::npos || text.back() != ')') return fail(ErrorCode::corrupt, "{} is no call of an action", in_quotes(text, 120));
  ActionCall out;
  out.name = text.substr(0, open);
  const GameAction* action = game.find(out.name);
  std::string_view rest = std::string_view(text).substr(open + 1, text.size() - open - 2);
  while (!rest.empty()) {
    const size_t sign = rest.find('=');
    if (sign == std::string_view::npos) return fail(ErrorCode::corrupt, "{} is no call of an action", in_quotes(text, 120));
    const std::string name(rest.substr(0, sign));
    rest.remove_prefix(sign + 1);
    const bool quoted = rest.starts_with('"');
    const size_t end = quoted ? rest.find('"', 1) : std::min(rest.find(", "), rest.size());
    if (end == std::string_view::npos) return fail(ErrorCode::corrupt, "{} is no call of an action", in_quotes(text, 120));
    const std::string value(quoted ? rest.substr(1, end - 1) : rest.substr(0, end));
    rest.remove_prefix(std::min(rest.size(), quoted ? end + 1 : end));
    if (rest.starts_with(", ")) rest.remove_prefix(2);
    if (out.values.contains(name)) return fail(ErrorCode::mismatch, "{}: {} is there twice", out.name, printable(name, 64));
    out.values[name] = value;
    if (!action) continue;
    for (const ActionParameter& p : action->parameters)
      if (p.name == name && (p.type == Type::integer || p.type == Type::number)) {
        const auto number = plain_number(value);
        if (!number) return fail(ErrorCode::mismatch, "{}: {} is {}, no number", out.name, name, in_quotes(value, 40));
        if (p.type == Type::integer && *number == std::floor(*number) && std::abs(*number) < 1e15)
          out.values[name] = static_cast<int64_t>(*number);
        else
          out.values[name] = *number;
      }
  }
  PTAH_TRY_VOID(check_call(out, game, state));
  return out;
}

Json state_after(const ActionCall& call, const Game& game, Json state) {
  const GameAction* action = game.find(call.name);
  if (!action) return state;
  for (const auto& [name, change] : action->effects) {
    double added = 0;
    bool adds = change.is_number();
    if (adds) added = change.get<double>();
    if (change.is_string()) {
      const std::string text = change.get<std::string>();
      if (text.size() > 1 && (text[0] == '+' || text[0] == '-') && call.values.contains(text.substr(1)) && call.values[text.substr(1)].is_number()) {
        adds = true;
        added = (text[0] == '-' ? -1 : 1) * call.values[text.substr(1)].get<double>();
      }
    }
    if (!adds) {
      state[name] = change;
      continue;
    }
    const double sum = (state.value(name, Json(0)).is_number() ? state.value(name, Json(0)).get<double>() : 0) + added;
    if (sum == std::floor(sum) && std::abs(sum) < 1e15)
      state[name] = static_cast<int64_t>(sum);
    else
      state[name] = sum;
  }
  return state;
}

ActionForm form_of(const GameAction* action, const Json& state) {
  ActionForm out{action, {}};
  if (action)
    for (const ActionParameter& p : action->parameters)
      out.parameters.push_back({p.type == Type::choice ? choices_in(p, state) : std::vector<std::string>(),
                                p.type == Type::integer || p.type == Type::number ? bounds_in(p, state) : NumberBounds()});
  return out;
}

void narrow(ActionForm& form, const std::string& said) {
  const std::vector<std::string> words = said_words(said);
  const std::vector<double> numbers = said_numbers(words);
  for (size_t i = 0; i < form.parameters.size(); ++i) {
    const ActionParameter& p = form.action->parameters[i];
    if (p.type == Type::choice)
      narrow_choice(form.parameters[i], p, words);
    else if (p.type != Type::text)
      narrow_number(form.parameters[i], p, numbers);
  }
}

std::optional<ActionCall> only_call(const ActionForm& form) {
  ActionCall out;
  if (!form.action) return out;
  out.name = form.action->name;
  for (size_t i = 0; i < form.parameters.size(); ++i) {
    const ActionParameter& p = form.action->parameters[i];
    const ActionForm::Form& f = form.parameters[i];
    if (p.type == Type::text || (p.type == Type::choice ? f.choices.size() != 1 : f.bounds.min != f.bounds.max)) return std::nullopt;
    if (p.type == Type::choice)
      out.values[p.name] = f.choices[0];
    else if (p.type == Type::integer)
      out.values[p.name] = static_cast<int64_t>(f.bounds.min);
    else
      out.values[p.name] = f.bounds.min;
  }
  return out;
}

std::shared_ptr<const Grammar> turn_grammar(const std::vector<std::vector<ActionForm>>& steps, bool speech) {
  GrammarBuilder builder;
  std::vector<GrammarBuilder::Piece> lines;
  for (const std::vector<ActionForm>& forms : steps) {
    std::vector<GrammarBuilder::Piece> calls;
    for (const ActionForm& form : forms) calls.push_back(piece_of(builder, form));
    if (!lines.empty()) lines.push_back(builder.literal("\n"));
    lines.push_back(builder.choice(calls));
  }
  if (speech) {
    lines.push_back(builder.literal("\n"));
    lines.push_back(builder.characters({{0, 32}, {127, 159}, {0x2028, 0x2029}}, true));
    lines.push_back(builder.repeat(builder.characters({{0, 31}, {127, 159}, {0x2028, 0x2029}}, true), 0, -1));
  }
  return builder.build(builder.sequence(lines));
}

std::optional<std::string> filled(const std::string& line, const ActionCall& call) {
  std::string out = line;
  for (const auto& [name, value] : call.values.items()) replace_all(out, "{" + name + "}", value.is_string() ? value.get<std::string>() : value.dump());
  if (out.find('{') != std::string::npos) return std::nullopt;
  return out;
}

}  // namespace ptah
