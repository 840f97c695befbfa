#include "face/visemes.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <numbers>

#include "base/philox.h"

namespace ptah {

namespace {

using MouthShape = std::vector<std::pair<std::string, float>>;

MouthShape both_sides(const MouthShape& shape) {
  MouthShape out;
  for (const auto& [name, weight] : shape) {
    if (!name.ends_with('*')) {
      out.emplace_back(name, weight);
      continue;
    }
    for (const char* side : {"Left", "Right"}) out.emplace_back(name.substr(0, name.size() - 1) + side, weight);
  }
  return out;
}

struct NamedShapes {
  std::map<std::string, MouthShape> first, second;
  NamedShapes() {
    const auto add = [&](const std::vector<const char*>& phonemes, const MouthShape& shape) {
      for (const char* phoneme : phonemes) first[phoneme] = both_sides(shape);
    };
    add({"p", "b", "m"}, {{"mouthPress*", 0.3F}, {"mouthRollLower", 0.3F}, {"mouthRollUpper", 0.2F}});
    add({"f", "v"}, {{"mouthRollLower", 0.55F}, {"mouthUpperUp*", 0.25F}, {"jawOpen", 0.06F}});
    add({"θ", "ð"}, {{"jawOpen", 0.14F}, {"mouthLowerDown*", 0.2F}, {"mouthUpperUp*", 0.1F}, {"tongueOut", 0.12F}});
    add({"t", "d", "n", "l", "ɾ", "T"}, {{"jawOpen", 0.13F}, {"mouthLowerDown*", 0.18F}, {"mouthUpperUp*", 0.1F}});
    add({"s", "z"}, {{"jawOpen", 0.05F}, {"mouthStretch*", 0.18F}, {"mouthLowerDown*", 0.25F}, {"mouthUpperUp*", 0.12F}});
    add({"ʃ", "ʒ", "ʧ", "ʤ"}, {{"jawOpen", 0.08F}, {"mouthFunnel", 0.5F}, {"mouthPucker", 0.2F}});
    add({"k", "ɡ", "g", "ŋ", "h", "ʔ"}, {{"jawOpen", 0.2F}, {"mouthLowerDown*", 0.08F}});
    add({"ɹ", "r"}, {{"jawOpen", 0.12F}, {"mouthFunnel", 0.3F}, {"mouthPucker", 0.25F}});
    const MouthShape round{{"jawOpen", 0.1F}, {"mouthPucker", 0.65F}, {"mouthFunnel", 0.25F}},
        spread{{"jawOpen", 0.12F}, {"mouthSmile*", 0.22F}, {"mouthStretch*", 0.22F}, {"mouthLowerDown*", 0.15F}};
    add({"w", "u", "ʊ"}, round);
    add({"i", "ɪ", "j", "ᵻ"}, spread);
    add({"ɛ", "e", "A"}, {{"jawOpen", 0.28F}, {"mouthStretch*", 0.2F}, {"mouthSmile*", 0.12F}, {"mouthLowerDown*", 0.2F}});
    add({"æ"}, {{"jawOpen", 0.42F}, {"mouthStretch*", 0.22F}, {"mouthLowerDown*", 0.25F}});
    add({"ə", "ʌ", "ɜ", "ᵊ", "ɐ"}, {{"jawOpen", 0.26F}, {"mouthLowerDown*", 0.12F}});
    add({"ɑ", "a", "I", "W"}, {{"jawOpen", 0.52F}, {"mouthLowerDown*", 0.15F}});
    add({"ɔ", "ɒ", "O", "Y", "Q", "o"}, {{"jawOpen", 0.36F}, {"mouthFunnel", 0.45F}});
    // Diphthongs (their second halves): eɪ aɪ ɔɪ, aʊ oʊ əʊ.
    for (const char* phoneme : {"A", "I", "Y"}) second[phoneme] = both_sides(spread);
    for (const char* phoneme : {"W", "O", "Q"}) second[phoneme] = both_sides(round);
  }
};

bool closes_lips(const std::string& phoneme) { return phoneme == "p" || phoneme == "b" || phoneme == "m"; }

/// A raised cosine about the middle of what begins and ends there; it reaches `more` seconds farther on both sides.
double raised_cosine(double time, double begin, double end, double more) {
  const double half = (end - begin) / 2 + more, off = std::abs(time - (begin + end) / 2);
  return off >= half ? 0 : 0.5 + 0.5 * std::cos(std::numbers::pi * off / half);
}

/// A mouth's shape that is meant at some time.
struct MouthEvent {
  const MouthShape* shape;
  double begin, end, strength, reach;
};

std::vector<MouthEvent> mouth_events(const std::vector<MouthPhoneme>& phonemes) {
  std::vector<MouthEvent> out;
  for (const MouthPhoneme& p : phonemes) {
    const MouthShape &first = mouth_shape(p.phoneme, false), &second = mouth_shape(p.phoneme, true);
    if (first.empty()) continue;
    const bool closed = closes_lips(p.phoneme);
    const double middle = (p.begin + p.end) / 2, strength = closed ? 4 : 1, reach = closed ? 0.025 : 0.05;
    if (&first == &second) {
      out.push_back({&first, p.begin, p.end, strength, reach});
    } else {
      out.push_back({&first, p.begin, middle, strength, reach});
      out.push_back({&second, middle, p.end, strength, reach});
    }
  }
  return out;
}

/// Times at which the eyes close.
std::vector<double> blinks(double seconds, uint64_t seed) {
  Random random(seed, 0x426c696e);
  std::vector<double> out;
  for (double at = 0.6 + 1.5 * static_cast<double>(random.uniform()); at < seconds; at += 2.4 + 3.2 * static_cast<double>(random.uniform())) out.push_back(at);
  return out;
}

}  // namespace

const std::vector<std::pair<std::string, float>>& mouth_shape(const std::string& phoneme, bool second_half) {
  static const NamedShapes shapes;
  static const MouthShape none;
  if (second_half)
    if (const auto found = shapes.second.find(phoneme); found != shapes.second.end()) return found->second;
  const auto found = shapes.first.find(phoneme);
  return found == shapes.first.end() ? none : found->second;
}

FaceTrack speaking_face(const std::vector<MouthPhoneme>& phonemes, double seconds, double frame_rate, uint64_t seed) {
  const auto events = mouth_events(phonemes);
  std::map<std::string, size_t> columns;
  for (const MouthEvent& event : events)
    for (const auto& [name, weight] : *event.shape) columns.emplace(name, 0);
  for (const char* name : {"eyeBlinkLeft", "eyeBlinkRight", "browInnerUp", "browOuterUpLeft", "browOuterUpRight"}) columns.emplace(name, 0);
  FaceTrack out;
  for (auto& [name, column] : columns) {
    column = out.actions.size();
    out.actions.push_back(name);
  }
  const auto closing = blinks(seconds, seed);
  std::vector<double> stressed;
  for (const MouthPhoneme& p : phonemes)
    if (p.phoneme == "ˈ") stressed.push_back(p.end);
  const auto frames = static_cast<size_t>(std::ceil(seconds * frame_rate)) + 1;
  size_t first = 0;
  for (size_t f = 0; f < frames; ++f) {
    const double time = static_cast<double>(f) / frame_rate;
    std::vector<double> row(out.actions.size(), 0);
    double all = 0;
    while (first < events.size() && events[first].end + 0.2 < time) ++first;
    for (size_t i = first; i < events.size() && events[i].begin - 0.2 < time; ++i) {
      const MouthEvent& event = events[i];
      const double weight = event.strength * raised_cosine(time, event.begin, event.end, event.reach);
      all += weight;
      for (const auto& [name, amount] : *event.shape) row[columns[name]] += weight * static_cast<double>(amount);
    }
    for (double& value : row) value /= std::max(1.0, all);
    for (const double at : closing) {
      const double closed = raised_cosine(time, at - 0.02, at + 0.04, 0.075);
      row[columns["eyeBlinkLeft"]] = std::max(row[columns["eyeBlinkLeft"]], closed);
      row[columns["eyeBlinkRight"]] = row[columns["eyeBlinkLeft"]];
    }
    double raised = 0;
    for (const double at : stressed) raised = std::max(raised, raised_cosine(time, at, at + 0.08, 0.12));
    row[columns["browInnerUp"]] = 0.13 * raised;
    row[columns["browOuterUpLeft"]] = row[columns["browOuterUpRight"]] = 0.1 * raised;
    out.times.push_back(static_cast<float>(time));
    for (const double value : row) out.weights.push_back(static_cast<float>(value));
  }
  return out;
}

}  // namespace ptah
