#include "voice/voices.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstring>
#include <map>

#include "base/text.h"
#include "models/kokoro.h"

namespace ptah {

namespace {

struct Phonemes {
  int32_t first;
  const char* characters;
};
/// Ids of runs of characters that follow one another.
constexpr Phonemes kPhonemes[] = {{1, ";:,.!?"},    {9, "—…\"()“” \u0303ʣʥʦʨᵝꭧAI"},
                                  {31, "O"},        {33, "Q"},
                                  {35, "ST"},       {39, "W"},
                                  {41, "Yᵊabcdef"}, {50, "hijklmnopqrstuvwxyzɑɐɒæ"},
                                  {75, "βɔɕç"},     {80, "ɖðʤə"},
                                  {85, "ɚɛɜ"},      {90, "ɟ"},
                                  {92, "ɡ"},        {99, "ɥ"},
                                  {101, "ɨɪʝ"},     {110, "ɯɰŋɳɲɴø"},
                                  {118, "ɸθœ"},     {123, "ɹ"},
                                  {125, "ɾɻ"},      {128, "ʁɽʂʃʈʧ"},
                                  {135, "ʊʋ"},      {138, "ʌɣɤ"},
                                  {142, "χʎ"},      {147, "ʒʔ"},
                                  {156, "ˈˌː"},     {162, "ʰ"},
                                  {164, "ʲ"},       {169, "↓"},
                                  {171, "→↗↘"},     {177, "ᵻ"}};

/// The character at `at` of UTF-8, which moves on; 0xFFFFFFFF for what is none.
char32_t next_character(const std::string& text, size_t& at) {
  const auto lead = static_cast<uint8_t>(text[at++]);
  if (lead < 0x80) return lead;
  const int more = lead >= 0xF0 ? 3 : lead >= 0xE0 ? 2 : lead >= 0xC0 ? 1 : -1;
  char32_t out = more == 3 ? lead & 0x07 : more == 2 ? lead & 0x0F : lead & 0x1F;
  for (int i = 0; i < more; ++i) {
    if (at >= text.size() || (static_cast<uint8_t>(text[at]) & 0xC0) != 0x80) return 0xFFFFFFFF;
    out = out << 6 | (static_cast<uint8_t>(text[at++]) & 0x3F);
  }
  return more < 0 ? 0xFFFFFFFF : out;
}

const std::map<char32_t, int32_t>& phoneme_ids() {
  static const auto ids = [] {
    std::map<char32_t, int32_t> out;
    for (const Phonemes& run : kPhonemes) {
      const std::string characters = run.characters;
      int32_t id = run.first;
      for (size_t at = 0; at < characters.size();) out[next_character(characters, at)] = id++;
    }
    return out;
  }();
  return ids;
}

}  // namespace

bool is_phoneme(const std::string& character) {
  size_t at = 0;
  return !character.empty() && phoneme_ids().contains(next_character(character, at)) && at == character.size();
}

Result<std::vector<int32_t>> tokens_of(const std::string& phonemes) {
  std::vector<int32_t> out{0};
  for (size_t at = 0; at < phonemes.size();) {
    const char32_t character = next_character(phonemes, at);
    if (character == 0xFFFFFFFF) return fail(ErrorCode::invalid_argument, "phonemes that are not UTF-8");
    const auto found = phoneme_ids().find(character);
    if (found != phoneme_ids().end()) out.push_back(found->second);
  }
  if (out.size() == 1) return fail(ErrorCode::invalid_argument, "nothing to say");
  out.push_back(0);
  return out;
}

Result<std::vector<std::pair<size_t, float>>> voices_in(const std::string& voice) {
  std::vector<std::pair<size_t, float>> out;
  float sum = 0;
  for (std::string_view rest = voice;;) {
    const size_t end = std::min(rest.find('+'), rest.size());
    const std::string_view part = rest.substr(0, end), name = part.substr(0, part.find(':'));
    const auto found = std::find(kKokoroVoices.begin(), kKokoroVoices.end(), name);
    if (found == kKokoroVoices.end()) {
      const std::vector<std::string> names(kKokoroVoices.begin(), kKokoroVoices.end());
      return fail(ErrorCode::invalid_argument, "`voice` {}; there is no such voice, the nearest is {}", std::string(name), nearest(std::string(name), names));
    }
    float weight = 1;
    if (name.size() < part.size()) {
      const std::string_view number = part.substr(name.size() + 1);
      const auto read = std::from_chars(number.data(), number.data() + number.size(), weight);
      if (read.ec != std::errc() || read.ptr != number.data() + number.size() || !(weight > 0) || !(weight <= 1000))
        return fail(ErrorCode::invalid_argument, "`voice` {}; a weight is a number above 0", std::string(part));
    }
    out.emplace_back(static_cast<size_t>(found - kKokoroVoices.begin()), weight);
    sum += weight;
    if (end == rest.size()) break;
    rest.remove_prefix(end + 1);
  }
  for (auto& [index, weight] : out) weight /= sum;
  return out;
}

Result<Voices> Voices::load(const std::filesystem::path& folder) {
  Voices out;
  PTAH_TRY(out.file_, MappedFile::open(folder / "voices.bin"));
  if (out.file_->bytes().size() != kKokoroVoices.size() * kStyles * kWidth * sizeof(float))
    return fail(ErrorCode::corrupt, "{}: {} bytes are not {} voices", (folder / "voices.bin").string(), out.file_->bytes().size(), kKokoroVoices.size());
  return out;
}

Result<std::vector<float>> Voices::style(const std::string& voice, size_t phonemes) const {
  PTAH_TRY(const auto parts, voices_in(voice));
  const size_t row = std::min<size_t>(std::max<size_t>(phonemes, 1) - 1, kStyles - 1);
  std::vector<float> out(kWidth, 0.0F), one(kWidth);
  for (const auto& [index, weight] : parts) {
    std::memcpy(one.data(), file_->bytes().data() + (index * kStyles + row) * kWidth * sizeof(float), kWidth * sizeof(float));
    for (size_t i = 0; i < out.size(); ++i) out[i] += weight * one[i];
  }
  return out;
}

}  // namespace ptah
