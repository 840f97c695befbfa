#include "voice/speaker.h"

#include <algorithm>
#include <cmath>

#include "models/kokoro.h"

namespace ptah {

namespace fs = std::filesystem;

namespace {

constexpr double kSentencePause = 0.12, kParagraphPause = 0.5;

bool is_british(const std::string& voice) { return voice.starts_with("b"); }

std::string vtt_time(double seconds) {
  const auto ms = static_cast<int64_t>(std::llround(seconds * 1000));
  return fmt::format("{:02}:{:02}:{:02}.{:03}", ms / 3600000, ms / 60000 % 60, ms / 1000 % 60, ms % 1000);
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

Result<std::vector<Utterance>> Speaker::read(const SpeakRequest& request) const {
  PTAH_TRY(const auto parts, voices_in(request.voice));
  for (const auto& [index, weight] : parts) {
    const char language = kKokoroVoices[index][0];
    if (language != 'a' && language != 'b')
      return fail(ErrorCode::unsupported, "`voice` {}; texts are read in English only: take a voice that begins with a or b", kKokoroVoices[index]);
  }
  PTAH_TRY(const auto words, lexicon(is_british(request.voice)));
  return read_english(request.text, *words, static_cast<size_t>(std::min<int64_t>(model_->max_tokens() - 2, Voices::kStyles)));
}

std::vector<fs::path> Speaker::files(const SpeakRequest& request) const {
  const std::string language = is_british(request.voice) ? "gb" : "us";
  std::vector<fs::path> out;
  for (const std::string& name : {std::string("kokoro-v1.0.int8.onnx"), std::string("model.safetensors"), std::string("config.json"), std::string("voices.bin"),
                                  language + "_gold.json", language + "_silver.json"}) {
    std::error_code ignored;
    if (fs::exists(folder_ / name, ignored)) out.push_back(folder_ / name);
  }
  return out;
}

Speech Speaker::say(const SpeakRequest& request, const std::vector<Utterance>& utterances, const CancelToken* cancel,
                    const std::function<void(size_t, std::span<const float>)>& done) const {
  Speech out;
  out.rate = model_->sample_rate();
  const double frame = static_cast<double>(model_->frame_samples()) / static_cast<double>(out.rate);
  for (size_t i = 0; i < utterances.size(); ++i) {
    const Utterance& utterance = utterances[i];
    stop_if_cancelled(cancel);
    const size_t before = out.samples.size();
    const std::vector<int32_t> tokens = value_or_throw(tokens_of(utterance.phonemes));
    const std::vector<float> style = value_or_throw(voices_.style(request.voice, tokens.size() - 2));
    const Prosody prosody = model_->plan(tokens, style, request.how, cancel);
    const std::vector<float> sound = model_->sound(prosody, style, request.type, cancel);
    const double start = static_cast<double>(before) / static_cast<double>(out.rate);
    std::vector<double> times{start};  // where each token begins
    for (const int64_t frames : prosody.durations) times.push_back(times.back() + static_cast<double>(frames) * frame);
    for (const ReadWord& word : utterance.words) out.words.push_back({word.text, times.at(word.begin + 1), times.at(word.end + 1)});
    out.sentences.push_back({utterance.text, start, times.back()});
    out.samples.insert(out.samples.end(), sound.begin(), sound.end());
    if (i + 1 < utterances.size()) {
      const double silence = (utterance.paragraph ? kParagraphPause : kSentencePause) * static_cast<double>(request.pause);
      out.samples.resize(out.samples.size() + static_cast<size_t>(silence * static_cast<double>(out.rate)), 0.0F);
    }
    if (done) done(i + 1, std::span(out.samples).subspan(before));
  }
  return out;
}

std::string captions_of(const Speech& speech) {
  std::string out = "WEBVTT\n";
  for (const Speech::Sentence& sentence : speech.sentences)
    out += fmt::format("\n{} --> {}\n{}\n", vtt_time(sentence.begin), vtt_time(sentence.end), sentence.text);
  return out;
}

}  // namespace ptah
