#include "voice/speaker.h"

#include <algorithm>
#include <cmath>

#include "base/budget.h"
#include "models/kokoro.h"
#include "voice/english/markup.h"
#include "voice/foreign/espeak_reader.h"

namespace ptah {

namespace fs = std::filesystem;

namespace {

constexpr double kSentencePause = 0.12, kParagraphPause = 0.5;

bool is_british(const std::string& voice) { return voice.starts_with("b"); }

/// The characters of UTF-8 one by one.
std::vector<std::string> characters_of(const std::string& text) {
  std::vector<std::string> out;
  for (size_t at = 0; at < text.size();) {
    size_t end = at + 1;
    while (end < text.size() && (static_cast<uint8_t>(text[end]) & 0xC0) == 0x80) ++end;
    out.push_back(text.substr(at, end - at));
    at = end;
  }
  return out;
}

/// When each word and phoneme of an utterance is said; `times` is where each token begins, the first is a padding.
void append_words(Speech& out, const Utterance& utterance, size_t index, const std::vector<double>& times) {
  std::vector<std::string> phonemes;
  for (std::string& one : characters_of(utterance.phonemes))
    if (is_phoneme(one)) phonemes.push_back(std::move(one));
  for (const ReadWord& word : utterance.words) {
    SpokenWord said{word.text, word.written, times.at(word.begin + 1), times.at(word.end + 1), {}, index};
    for (size_t i = word.begin; i < word.end; ++i) said.phonemes.push_back({phonemes.at(i), times.at(i + 1), times.at(i + 2)});
    out.words.push_back(std::move(said));
  }
}

}  // namespace

Result<std::shared_ptr<const Speaker>> Speaker::load(const fs::path& folder) {
  auto out = std::make_shared<Speaker>();
  out->folder_ = folder;
  PTAH_TRY(out->model_, SpeechModel::load(folder));
  PTAH_TRY(out->voices_, Voices::load(folder));
  if (out->model_->style_width() != Voices::kWidth)
    return fail(ErrorCode::mismatch, "{}: styles of {} numbers; the model takes {}", folder.string(), Voices::kWidth, out->model_->style_width());
  return out;
}

Result<std::shared_ptr<const EnglishLexicon>> Speaker::lexicon(bool british) const {
  const std::lock_guard lock(mutex_);
  auto& kept = lexicons_[british];
  if (!kept) {
    PTAH_TRY(kept, EnglishLexicon::load(folder_, british));
  }
  return kept;
}

Result<std::vector<Utterance>> Speaker::read_in(const std::string& voice, const std::string& text, const UserLexicon& user) const {
  PTAH_TRY(const auto parts, voices_in(voice));
  const auto max_tokens = static_cast<size_t>(std::min<int64_t>(model_->max_tokens() - 2, Voices::kStyles));
  const auto language_of = [](size_t index) {
    const char letter = kKokoroVoices[index][0];
    return letter == 'a' || letter == 'b' ? std::string("en") : espeak_language(letter);
  };
  const std::string language = language_of(parts[0].first);
  for (const auto& [index, weight] : parts) {
    if (language_of(index).empty())
      return fail(ErrorCode::unsupported, "`voice` {}; Japanese and Chinese texts cannot be read yet: take a voice that does not begin with j or z",
                  kKokoroVoices[index]);
    if (language_of(index) != language) return fail(ErrorCode::invalid_argument, "`voice` {}; the voices of a mixture speak one language", voice);
  }
  if (language != "en") {
    if (!user.empty()) return fail(ErrorCode::invalid_argument, "`lexicon` holds words of English texts; the voice {} reads another language", voice);
    return read_foreign(text, espeak(language, current_cancel()), max_tokens);
  }
  PTAH_TRY(const auto words, lexicon(is_british(voice)));
  return read_english(text, *words, max_tokens, user);
}

Result<std::vector<Utterance>> Speaker::read(const SpeakRequest& request) const {
  if (!is_markup(request.text)) return read_in(request.voice, request.text, request.lexicon);
  PTAH_TRY(const auto parts, parts_of_markup(request.text));
  std::vector<Utterance> out;
  double silence = 0;  // before the next
  for (const MarkedPart& part : parts) {
    silence += part.silence;
    if (part.text.find_first_not_of(" \t\r\n.,;:!?\"'-") == std::string::npos) continue;  // what was left between two tags
    PTAH_TRY(auto read, read_in(part.voice.empty() ? request.voice : part.voice, part.text, request.lexicon));
    for (Utterance& one : read) {
      one.voice = part.voice;
      one.speed = part.speed, one.pitch = part.pitch, one.volume = part.volume;
      one.silence = std::exchange(silence, 0.0);
      one.paragraph = false;
      out.push_back(std::move(one));
    }
    out.back().paragraph = part.paragraph;
    out.back().goes_on = !part.paragraph && std::string_view(".!?").find(out.back().text.back()) == std::string_view::npos;
  }
  if (out.empty()) return fail(ErrorCode::invalid_argument, "no words to say");
  return out;
}

std::vector<fs::path> Speaker::files(const SpeakRequest& request) const {
  std::vector<std::string> names{"kokoro-v1.0.int8.onnx", "model.safetensors", "config.json", "voices.bin"};
  for (const bool british : {false, true})
    if (is_markup(request.text) || british == is_british(request.voice))  // a markup may name other voices
      for (const char* kind : {"_gold.json", "_silver.json"}) names.push_back((british ? "gb" : "us") + std::string(kind));
  std::vector<fs::path> out;
  for (const std::string& name : names) {
    std::error_code ignored;
    if (fs::exists(folder_ / name, ignored)) out.push_back(folder_ / name);
  }
  return out;
}

Speech Speaker::say(const SpeakRequest& request, const std::vector<Utterance>& utterances, const CancelToken* cancel, const Listener& listener) const {
  Speech out;
  out.rate = model_->sample_rate();
  const auto rate = static_cast<double>(out.rate), frame = static_cast<double>(model_->frame_samples()) / rate;
  int64_t before = 0;
  for (size_t i = 0; i < utterances.size(); ++i) {
    const Utterance& utterance = utterances[i];
    stop_if_cancelled(cancel);
    const std::vector<int32_t> tokens = value_or_throw(tokens_of(utterance.phonemes));
    const std::vector<float> style = value_or_throw(voices_.style(utterance.voice.empty() ? request.voice : utterance.voice, tokens.size() - 2));
    const SpeechOptions how{request.how.speed * utterance.speed, request.how.pitch * utterance.pitch, request.how.energy * utterance.energy};
    const Prosody prosody = model_->plan(tokens, style, how, cancel);
    std::vector<float> sound = model_->sound(prosody, style, request.type, cancel);
    if (utterance.volume != 1.0F)
      for (float& sample : sound) sample *= utterance.volume;
    sound.insert(sound.begin(), static_cast<size_t>(utterance.silence * rate), 0.0F);
    std::vector<double> times{(static_cast<double>(before) + std::floor(utterance.silence * rate)) / rate};
    for (const int64_t frames : prosody.durations) times.push_back(times.back() + static_cast<double>(frames) * frame);
    append_words(out, utterance, i, times);
    if (i + 1 < utterances.size() && !utterance.goes_on) {
      const double silence = (utterance.paragraph ? kParagraphPause : kSentencePause) * static_cast<double>(request.pause);
      sound.resize(sound.size() + static_cast<size_t>(silence * rate), 0.0F);
    }
    before += static_cast<int64_t>(sound.size());
    if (listener)
      listener(i + 1, sound);
    else
      out.samples.insert(out.samples.end(), sound.begin(), sound.end());
  }
  return out;
}

}  // namespace ptah
