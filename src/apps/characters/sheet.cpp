#include "apps/characters/sheet.h"

#include <algorithm>

#include "base/text.h"

namespace ptah {

namespace {

constexpr size_t kMaxFacts = 2000, kMaxLine = 1000;

Result<std::string> text_of(const Json& json, const char* key, const std::string& usual = "") {
  const Json value = json.value(key, Json(usual));
  if (!value.is_string() || value.get_ref<const std::string&>().size() > kMaxLine)
    return fail(ErrorCode::corrupt, "`{}` is a text of at most {} bytes", key, kMaxLine);
  return value.get<std::string>();
}

Result<std::vector<std::string>> texts_of(const Json& json, const char* key) {
  const Json value = json.value(key, Json::array());
  const auto fits = [](const Json& one) {
    return one.is_string() && !one.get_ref<const std::string&>().empty() && one.get_ref<const std::string&>().size() <= kMaxLine;
  };
  if (!value.is_array() || value.size() > kMaxFacts || !std::all_of(value.begin(), value.end(), fits))
    return fail(ErrorCode::corrupt, "`{}` is a list of texts of at most {} bytes", key, kMaxLine);
  return value.get<std::vector<std::string>>();
}

Result<KnownFact> read_fact(const Json& json) {
  KnownFact out;
  if (json.is_string()) {
    out.text = json.get<std::string>();
  } else if (json.is_object()) {
    for (const auto& [key, value] : json.items()) {
      (void)value;
      if (key != "text" && key != "source" && key != "asked" && key != "when")
        return fail(ErrorCode::corrupt, "`knowledge`: a fact has text, source, asked and when, not '{}'", printable(key, 40));
    }
    PTAH_TRY(out.text, text_of(json, "text"));
    PTAH_TRY(out.source, text_of(json, "source"));
    PTAH_TRY(out.asked, texts_of(json, "asked"));
    PTAH_TRY(const auto when, texts_of(json, "when"));
    for (const std::string& one : when) {
      PTAH_TRY(Condition condition, condition_of(one));
      out.when.push_back(std::move(condition));
    }
  }
  if (out.text.empty() || out.text.size() > kMaxLine)
    return fail(ErrorCode::corrupt, "`knowledge`: a fact is a text, or an object with one, of 1 to {} bytes", kMaxLine);
  return out;
}

}  // namespace

Result<CharacterSheet> read_sheet(const Json& json) {
  return guard([&]() -> Result<CharacterSheet> {
    if (text_at(json, "format") != "ptah character 1") return fail(ErrorCode::corrupt, "no character: `format` is not \"ptah character 1\"");
    static const std::vector<std::string> known{"format", "name",    "persona", "goals", "knowledge", "actions", "lines",
                                                "never",  "deflect", "cannot",  "voice", "face",      "begins"};
    for (const auto& [key, value] : json.items()) {
      (void)value;
      if (std::find(known.begin(), known.end(), key) == known.end()) {
        const auto wrong = unknown_name("member", key, known);
        return fail(ErrorCode::corrupt, "the character: {}", wrong.value().message);
      }
    }
    CharacterSheet out;
    PTAH_TRY(out.name, text_of(json, "name"));
    if (out.name.empty() || out.name.size() > 60 || out.name.find_first_of(":\n\r") != std::string::npos)
      return fail(ErrorCode::corrupt, "`name` is a text of 1 to 60 bytes on one line, without a colon");
    PTAH_TRY(out.persona, text_of(json, "persona", fmt::format("You are {}.", out.name)));
    PTAH_TRY(out.begins, text_of(json, "begins", "Hello."));
    PTAH_TRY(out.deflect, text_of(json, "deflect", out.deflect));
    PTAH_TRY(out.cannot, text_of(json, "cannot", out.cannot));
    PTAH_TRY(out.voice, text_of(json, "voice"));
    PTAH_TRY(out.face, text_of(json, "face"));
    PTAH_TRY(out.goals, texts_of(json, "goals"));
    PTAH_TRY(out.actions, texts_of(json, "actions"));
    PTAH_TRY(out.never, texts_of(json, "never"));
    const Json facts = json.value("knowledge", Json::array());
    if (!facts.is_array() || facts.size() > kMaxFacts) return fail(ErrorCode::corrupt, "`knowledge` is a list of at most {} facts", kMaxFacts);
    for (const Json& one : facts) {
      PTAH_TRY(KnownFact fact, read_fact(one));
      out.knowledge.push_back(std::move(fact));
    }
    const Json lines = json.value("lines", Json::object());
    if (!lines.is_object()) return fail(ErrorCode::corrupt, "`lines` is an object: lists of texts by the names of actions");
    for (const auto& [action, said] : lines.items()) {
      (void)said;
      PTAH_TRY(out.lines[action], texts_of(lines, action.c_str()));
    }
    return out;
  });
}

Result<void> check_sheet(const CharacterSheet& sheet, const Game& game) {
  std::vector<std::string> known{"talk"};
  for (const GameAction& action : game.actions) known.push_back(action.name);
  std::vector<std::string> named = sheet.actions;
  for (const auto& [action, said] : sheet.lines) named.push_back(action);
  for (const std::string& name : named)
    if (std::find(known.begin(), known.end(), name) == known.end()) {
      const auto wrong = unknown_name("action", name, known);
      return fail(ErrorCode::corrupt, "{}: {}", sheet.name, wrong.value().message);
    }
  return {};
}

}  // namespace ptah
