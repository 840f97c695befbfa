// What a character remembers: what was said and done, whom it trusts, and in what mood it is. Recalled by how long ago, how important and how near in meaning
// (Park et al. 2023, "Generative Agents").
#pragma once

#include <filesystem>

#include "base/json.h"
#include "text/encode/bert.h"

namespace ptah {

struct MemoryEvent {
  int64_t turn = 0;
  std::string kind, who, text;  ///< heard, said, did, saw or reflected; from whom, or to whom
  float importance = 1;         ///< 1 to 10
  bool operator==(const MemoryEvent&) const = default;
};

struct Relation {
  int64_t trust = 0;             ///< −10 to 10
  int64_t kind = 0, unkind = 0;  ///< how often they were
  int64_t turns = 0;             ///< that they spoke
  int64_t reflected = 0;         ///< turns that the last reflection looked at
  bool operator==(const Relation&) const = default;
};

class CharacterMemory {
 public:
  static constexpr size_t kMaxEvents = 4096;
  static constexpr int64_t kReflectEvery = 8;  ///< turns with somebody

  /// A new turn begins.
  void next_turn() { ++turn_; }
  int64_t turn() const { return turn_; }
  /// Beyond kMaxEvents the least important one is forgotten, the oldest of equals.
  void add(const std::string& kind, const std::string& who, const std::string& text, float importance = 1);
  const std::vector<MemoryEvent>& events() const { return events_; }

  /// The events that matter most for a text, in the order of time: 0.995^turns + importance / 10 + cosine. Only those with a cosine of at least 0.25, none of
  /// the last `skip_turns` turns.
  std::vector<MemoryEvent> recall(const SentenceEncoder& encoder, const float* vector, size_t max_count, int64_t skip_turns);

  const Relation& relation(const std::string& who) const;
  /// Somebody spoke kindly (1), unkindly (−1), or neither (0). Every kReflectEvery turns what is thought of them is noted as an event.
  void meet(const std::string& who, int tone);
  float mood() const { return mood_; }  ///< −5 (bad) to 5 (good)
  /// "glad", "angry" or "calm".
  std::string emotion() const;

  /// Errors of reading: corrupt.
  Json to_json() const;
  static Result<CharacterMemory> from_json(const Json& json);

 private:
  int64_t turn_ = 0;
  float mood_ = 0;
  std::vector<MemoryEvent> events_;
  std::vector<std::vector<float>> vectors_;  ///< of the events, as far as they were needed; empty: not yet
  std::map<std::string, Relation> relations_;
};

/// Written atomically; only over a file that holds the memory of a character. Errors: invalid_argument (another file is there); io.
Result<void> save_memory(const std::filesystem::path& file, const std::string& name, const CharacterMemory& memory);
/// Errors: not_found; corrupt; mismatch for the memory of somebody else.
Result<CharacterMemory> load_memory(const std::filesystem::path& file, const std::string& name);

}  // namespace ptah
