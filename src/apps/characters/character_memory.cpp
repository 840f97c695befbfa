#include "apps/characters/character_memory.h"

#include <algorithm>
#include <cmath>

#include "base/file.h"
#include "base/text.h"

namespace ptah {

namespace {

constexpr const char* kMemoryFormat = "ptah character memory 1";
constexpr size_t kMaxMemoryBytes = size_t{1} << 24;
constexpr float kNearEnough = 0.25F, kDecay = 0.995F, kMoodDecay = 0.9F;

}  // namespace

template <class C, class Visit>
requires std::same_as<std::remove_const_t<C>, MemoryEvent>
void fields(C& c, const Visit& visit) {
  visit("turn", c.turn);
  visit("kind", c.kind);
  visit("who", c.who);
  visit("text", c.text);
  visit("importance", c.importance);
}

template <class C, class Visit>
requires std::same_as<std::remove_const_t<C>, Relation>
void fields(C& c, const Visit& visit) {
  visit("trust", c.trust);
  visit("kind", c.kind);
  visit("unkind", c.unkind);
  visit("turns", c.turns);
  visit("reflected", c.reflected);
}

void CharacterMemory::add(const std::string& kind, const std::string& who, const std::string& text, float importance) {
  events_.push_back({turn_, kind, who, beginning(text, 1000), importance});
  vectors_.emplace_back();
  if (events_.size() <= kMaxEvents) return;
  const auto least = std::min_element(events_.begin(), events_.end(), [](const auto& a, const auto& b) { return a.importance < b.importance; });
  vectors_.erase(vectors_.begin() + (least - events_.begin()));
  events_.erase(least);
}

std::vector<MemoryEvent> CharacterMemory::recall(const SentenceEncoder& encoder, const float* vector, size_t max_count, int64_t skip_turns) {
  std::vector<size_t> missing;
  std::vector<std::string> texts;
  for (size_t i = 0; i < events_.size(); ++i)
    if (vectors_[i].empty()) missing.push_back(i), texts.push_back(events_[i].text);
  constexpr size_t kAtOnce = 64;
  for (size_t from = 0; from < texts.size(); from += kAtOnce) {
    const size_t end = std::min(texts.size(), from + kAtOnce);
    const Tensor made = encoder.embed({texts.begin() + static_cast<std::ptrdiff_t>(from), texts.begin() + static_cast<std::ptrdiff_t>(end)});
    for (size_t i = from; i < end; ++i) {
      const float* row = made.data<float>() + static_cast<int64_t>(i - from) * encoder.width();
      vectors_[missing[i]].assign(row, row + encoder.width());
    }
  }
  std::vector<std::pair<float, size_t>> scores;
  for (size_t i = 0; i < events_.size(); ++i) {
    const MemoryEvent& event = events_[i];
    if (event.turn > turn_ - skip_turns) continue;
    float cosine = 0;
    for (size_t c = 0; c < vectors_[i].size(); ++c) cosine += vectors_[i][c] * vector[c];
    if (cosine < kNearEnough) continue;
    scores.emplace_back(std::pow(kDecay, static_cast<float>(turn_ - event.turn)) + event.importance / 10 + cosine, i);
  }
  std::stable_sort(scores.begin(), scores.end(), [](const auto& a, const auto& b) { return a.first > b.first; });
  scores.resize(std::min(scores.size(), max_count));
  std::sort(scores.begin(), scores.end(), [](const auto& a, const auto& b) { return a.second < b.second; });
  std::vector<MemoryEvent> out;
  for (const auto& [score, i] : scores) out.push_back(events_[i]);
  return out;
}

const Relation& CharacterMemory::relation(const std::string& who) const {
  static const Relation kStranger;
  const auto found = relations_.find(who);
  return found == relations_.end() ? kStranger : found->second;
}

void CharacterMemory::meet(const std::string& who, int tone) {
  if (!relations_.contains(who) && relations_.size() >= kMaxEvents) return;
  Relation& relation = relations_[who];
  ++relation.turns;
  relation.kind += tone > 0;
  relation.unkind += tone < 0;
  relation.trust = std::clamp<int64_t>(relation.trust + (tone > 0 ? 1 : tone < 0 ? -2 : 0), -10, 10);
  mood_ = std::clamp(mood_ * kMoodDecay + (tone > 0 ? 1.0F : tone < 0 ? -2.0F : 0.0F), -5.0F, 5.0F);
  if (relation.turns - relation.reflected < kReflectEvery) return;
  relation.reflected = relation.turns;
  const char* thought = relation.trust >= 3 ? "I trust them" : relation.trust <= -3 ? "I do not trust them" : "I do not know yet what to think of them";
  add("reflected", who,
      fmt::format("{} has spoken with me {} times, {} times kindly and {} times unkindly: {}.", who, relation.turns, relation.kind, relation.unkind, thought),
      6);
}

std::string CharacterMemory::emotion() const { return mood_ > 1 ? "glad" : mood_ < -1 ? "angry" : "calm"; }

Json CharacterMemory::to_json() const {
  Json events = Json::array(), relations = Json::object();
  for (const MemoryEvent& event : events_) events.push_back(json_of_fields(event));
  for (const auto& [who, relation] : relations_) relations[who] = json_of_fields(relation);
  return {{"format", kMemoryFormat}, {"turn", turn_}, {"mood", mood_}, {"events", events}, {"relations", relations}};
}

Result<CharacterMemory> CharacterMemory::from_json(const Json& json) {
  return guard([&]() -> Result<CharacterMemory> {
    const Json events = json.is_object() ? json.value("events", Json()) : Json(), relations = json.is_object() ? json.value("relations", Json()) : Json();
    if (text_at(json, "format") != kMemoryFormat || !events.is_array() || !relations.is_object() || !json.value("turn", Json()).is_number_integer() ||
        !json.value("mood", Json()).is_number())
      return fail(ErrorCode::corrupt, "no memory of a character");
    if (events.size() > kMaxEvents || relations.size() > kMaxEvents)
      return fail(ErrorCode::corrupt, "the memory holds more than {} events or people", kMaxEvents);
    CharacterMemory out;
    out.turn_ = value_of<int64_t>(json["turn"]);
    out.mood_ = std::clamp(value_of<float>(json["mood"]), -5.0F, 5.0F);
    if (out.turn_ < 0 || out.turn_ > int64_t{1} << 40) return fail(ErrorCode::corrupt, "memory: turn {}", out.turn_);
    for (const Json& one : events) {
      PTAH_TRY(MemoryEvent event, fields_from_json<MemoryEvent>(one, "an event of the memory"));
      if (event.text.size() > 4000 || event.turn < 0 || event.turn > out.turn_ || !(event.importance >= 0 && event.importance <= 10))
        return fail(ErrorCode::corrupt, "memory: an event that cannot be");
      out.events_.push_back(std::move(event));
      out.vectors_.emplace_back();
    }
    for (const auto& [who, one] : relations.items()) {
      PTAH_TRY(Relation relation, fields_from_json<Relation>(one, "a relation of the memory"));
      relation.trust = std::clamp<int64_t>(relation.trust, -10, 10);
      out.relations_[who] = relation;
    }
    return out;
  });
}

Result<void> save_memory(const std::filesystem::path& file, const std::string& name, const CharacterMemory& memory) {
  Json json = memory.to_json();
  json["name"] = name;
  const std::string text = json.dump(1, ' ', false, Json::error_handler_t::replace) + "\n";
  std::error_code problem;
  if (!std::filesystem::exists(file, problem)) return write_new_file(file, {as_bytes(text)}, 0600);
  const auto old = load_memory(file, name);
  if (!old) return fail(ErrorCode::invalid_argument, "{}: another file is there ({})", printable(file.string(), 200), old.error().message);
  return write_file(file, {as_bytes(text)}, 0600);
}

Result<CharacterMemory> load_memory(const std::filesystem::path& file, const std::string& name) {
  PTAH_TRY(const std::string text, read_text(file, kMaxMemoryBytes));
  const auto json = parse_json(text, 8);
  auto memory = json ? CharacterMemory::from_json(*json) : Result<CharacterMemory>(tl::unexpected(json.error()));
  if (!memory) return fail(memory.error().code, "{}: {}", printable(file.string(), 200), memory.error().message);
  if (text_at(*json, "name") != name)
    return fail(ErrorCode::mismatch, "{} is the memory of {}, not of {}", printable(file.string(), 200), in_quotes(text_at(*json, "name")), name);
  return memory;
}

}  // namespace ptah
