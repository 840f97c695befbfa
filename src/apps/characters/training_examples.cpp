#include <algorithm>

#include "apps/characters/character.h"
#include "base/philox.h"

namespace ptah {

namespace {

constexpr size_t kWaysOfExample = 4;
constexpr const char* kNames[] = {"Guest", "Ann", "Tom", "Rosa", "Bram", "Ida"};

/// How people put the same thing; {} is what they say.
constexpr const char* kManners[] = {"{}", "{}", "{}", "Good evening. {}", "Excuse me. {}", "{} Thank you.", "Listen. {}", "Hey! {}"};

struct Wish {
  std::string said;
  ActionCall call;
  std::string line;
};

}  // namespace

Result<std::vector<Json>> training_examples(CharacterMind& character, const Game& game, uint64_t seed, size_t max_count) {
  return guard([&]() -> Result<std::vector<Json>> {
    const CharacterSheet& sheet = character.sheet();
    Random random(seed, uint64_t{81} << 40);
    const auto one_of = [&](const auto& list) -> decltype(auto) { return list[random.below(static_cast<uint32_t>(std::size(list)))]; };
    std::vector<Wish> wishes;
    for (const GameAction& action : game.actions) {
      if (!sheet.actions.empty() && std::find(sheet.actions.begin(), sheet.actions.end(), action.name) == sheet.actions.end()) continue;
      const auto lines = sheet.lines.find(action.name);
      if (lines == sheet.lines.end() || lines->second.empty()) continue;
      for (const std::string& example : action.examples)
        for (const auto& [said, values] : put_in(example, action, game.state, kWaysOfExample)) {
          ActionForm form = form_of(&action, game.state);
          narrow(form, said);
          const auto call = only_call(form);
          if (!call) continue;  // what is meant is not said
          if (const auto line = filled(one_of(lines->second), *call)) wishes.push_back({said, *call, *line});
        }
    }
    const auto talk = sheet.lines.find("talk");
    for (const std::string& said : game.talk) {
      if (talk == sheet.lines.end() || talk->second.empty()) break;
      wishes.push_back({said, {}, one_of(talk->second)});
    }
    for (const KnownFact& fact : sheet.knowledge)
      for (const std::string& asked : fact.asked)
        if (fact.when.empty()) wishes.push_back({asked, {}, fact.text});
    for (size_t i = wishes.size(); i > 1; --i) std::swap(wishes[i - 1], wishes[random.below(static_cast<uint32_t>(i))]);
    std::vector<Json> out;
    for (const Wish& wish : wishes) {
      if (out.size() >= max_count) break;
      Perception perception{.who = one_of(kNames), .text = fmt::format(fmt::runtime(one_of(kManners)), wish.said)};
      PTAH_TRY(const CharacterMind::Prepared prepared, character.prepare(perception, {.margin = 2, .max_actions = 1}));
      // What is meant has to be among what is offered.
      if (std::find(prepared.shortlist.begin(), prepared.shortlist.end(), wish.call.name) == prepared.shortlist.end()) continue;
      Json messages = Json::array();
      for (const ChatMessage& message : prepared.messages) messages.push_back({{"role", message.role}, {"content", message.content}});
      const std::string answer = text_of(wish.call, game.find(wish.call.name)) + "\n" + wish.line;
      out.push_back({{"prompt", messages}, {"chosen", Json::array({{{"role", "assistant"}, {"content", answer}}})}});
    }
    return out;
  });
}

}  // namespace ptah
