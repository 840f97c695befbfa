#include "voice/listen/transcribe.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>

#include "base/text.h"
#include "tensor/ops.h"
#include "voice/captions.h"
#include "voice/listen/sound_features.h"

namespace ptah {

namespace {

constexpr float kNever = -std::numeric_limits<float>::infinity();
constexpr int32_t kLatestFirst = 50;  ///< steps of time: a part begins within its first second
constexpr int64_t kFramesAStep = 2;   ///< of features, for a step of time
constexpr double kFrameSeconds = 0.01;
constexpr int64_t kHeardRate = 16000;

void forbid(std::span<float> logits, int64_t begin, int64_t end) {
  for (int64_t i = begin; i < end; ++i) logits[static_cast<size_t>(i)] = kNever;
}

double log_of_sum(std::span<const float> logits) {
  const float top = *std::max_element(logits.begin(), logits.end());
  if (top == kNever) return top;
  double sum = 0;
  for (const float x : logits) sum += std::exp(static_cast<double>(x - top));
  return top + std::log(sum);
}

/// What the network wrote about a part.
struct WrittenPart {
  std::vector<int32_t> tokens;
  double mean_log_probability = 0;
  float no_speech = 0;
};

WrittenPart written_part(const WhisperModel& model, const Tensor& encoded, const std::vector<int32_t>& prompt, const CancelToken* cancel) {
  const WhisperTokens& t = model.tokens();
  WhisperModel::Writer writer(model, encoded);
  WrittenPart out;
  Tensor logits = writer.step(prompt);
  const int64_t words = logits.dim(1), start = std::find(prompt.begin(), prompt.end(), t.start) - prompt.begin();
  const std::span<const float> first(logits.data<float>() + start * words, static_cast<size_t>(words));
  out.no_speech = static_cast<float>(std::exp(first[static_cast<size_t>(t.no_speech)] - log_of_sum(first)));
  std::vector<float> row(logits.data<float>() + (logits.dim(0) - 1) * words, logits.data<float>() + logits.dim(0) * words);
  double sum = 0;
  for (;;) {
    stop_if_cancelled(cancel);
    double log_probability = 0;
    const int32_t next = detail::next_written(t, row, out.tokens, log_probability);
    sum += log_probability;
    if (next == t.end) break;
    out.tokens.push_back(next);
    if (writer.length() + 1 > WhisperModel::kLongest) break;
    const Tensor more = writer.step({&next, 1});
    std::memcpy(row.data(), more.data<float>(), row.size() * sizeof(float));
  }
  out.mean_log_probability = sum / static_cast<double>(out.tokens.size() + 1);
  return out;
}

int32_t heard_language(const WhisperModel& model, const Tensor& encoded) {
  WhisperModel::Writer writer(model, encoded);
  const int32_t start = model.tokens().start;
  const Tensor logits = writer.step({&start, 1});
  const std::vector<int32_t>& languages = model.tokens().languages;
  return *std::max_element(languages.begin(), languages.end(), [&](int32_t a, int32_t b) { return logits.data<float>()[a] < logits.data<float>()[b]; });
}

/// Puts the segments of a part behind the others; how many frames on the next
/// part begins.
int64_t append_segments(Transcript& out, const WhisperModel& model, const std::vector<int32_t>& tokens, double offset, int64_t frames) {
  const int32_t first_time = model.tokens().first_time;
  const auto is_time = [&](int32_t token) { return token >= first_time; };
  const auto add = [&](std::span<const int32_t> part, double begin, double end) {
    std::string text = model.text(part);
    if (begin >= end || trimmed(text).empty()) return;
    HeardSegment segment{begin, end, std::move(text)};
    std::copy_if(part.begin(), part.end(), std::back_inserter(segment.tokens), [&](int32_t token) { return token < model.tokens().end; });
    out.segments.push_back(std::move(segment));
  };
  const auto time = [&](int32_t token) { return offset + (token - first_time) * WhisperModel::kTimeStep; };
  const size_t count = tokens.size();
  const bool ends_with_one = count >= 2 && !is_time(tokens[count - 2]) && is_time(tokens[count - 1]);
  std::vector<size_t> cuts;  // where one time ends a segment and the next one begins another
  for (size_t i = 1; i < count; ++i)
    if (is_time(tokens[i]) && is_time(tokens[i - 1])) cuts.push_back(i);
  if (cuts.empty()) {
    double seconds = static_cast<double>(frames) * kFrameSeconds;
    const auto last = std::find_if(tokens.rbegin(), tokens.rend(), is_time);
    if (last != tokens.rend() && *last != first_time) seconds = (*last - first_time) * WhisperModel::kTimeStep;
    add(tokens, offset, offset + seconds);
    return frames;
  }
  if (ends_with_one) cuts.push_back(count);
  size_t from = 0;
  for (const size_t to : cuts) {
    add(std::span(tokens).subspan(from, to - from), time(tokens[from]), time(tokens[to - 1]));
    from = to;
  }
  return ends_with_one ? frames : std::max<int64_t>(1, (tokens[from - 1] - first_time) * kFramesAStep);
}

/// Gives each segment from `first` on those words that stand in it, in their order.
void share_words(Transcript& out, size_t first, const WhisperModel& model, const std::vector<HeardWord>& words) {
  size_t next = 0;
  for (size_t i = first; i < out.segments.size(); ++i) {
    HeardSegment& segment = out.segments[i];
    size_t length = 0;  // of its words, without blanks
    for (const char c : model.text(segment.tokens)) length += c != ' ';
    for (size_t taken = 0; next < words.size() && taken < length; ++next) {
      for (const char c : words[next].text) taken += c != ' ';
      segment.words.push_back(words[next]);
    }
  }
}

/// Where words have no times of their own, each character of a segment takes as long.
std::vector<SpokenWord> as_words(const Transcript& transcript) {
  std::vector<SpokenWord> out;
  for (size_t i = 0; i < transcript.segments.size(); ++i) {
    const HeardSegment& segment = transcript.segments[i];
    for (const HeardWord& word : segment.words) out.push_back({word.text, word.text, word.begin, word.end, {}, i});
    if (!segment.words.empty()) continue;
    const std::string text(trimmed(segment.text));
    const auto time = [&](size_t at) { return segment.begin + (segment.end - segment.begin) * static_cast<double>(at) / static_cast<double>(text.size()); };
    for (size_t at = 0; at < text.size();) {
      const size_t end = std::min(text.find(' ', at), text.size());
      const std::string word = text.substr(at, end - at);
      if (!word.empty()) out.push_back({word, word, time(at), time(end), {}, i});
      at = end + 1;
    }
  }
  return out;
}

}  // namespace

namespace detail {

int32_t next_written(const WhisperTokens& t, std::span<float> logits, const std::vector<int32_t>& written, double& log_probability) {
  for (const int32_t one : t.never) logits[static_cast<size_t>(one)] = kNever;
  logits[static_cast<size_t>(t.no_times)] = kNever;
  const auto all = static_cast<int64_t>(logits.size());
  if (written.empty()) {
    for (const int32_t one : t.never_first) logits[static_cast<size_t>(one)] = kNever;
    forbid(logits, 0, t.first_time);
    forbid(logits, t.first_time + kLatestFirst + 1, all);
  } else {
    // Times come in pairs, but at the beginning and the end, and none before
    // one that is written.
    const bool last = written.back() >= t.first_time, before = written.size() < 2 || written[written.size() - 2] >= t.first_time;
    if (last && before) forbid(logits, t.first_time, all);
    if (last && !before) forbid(logits, 0, t.end);
    const auto latest = std::find_if(written.rbegin(), written.rend(), [&](int32_t token) { return token >= t.first_time; });
    if (latest != written.rend()) forbid(logits, t.first_time, last && !before ? *latest : *latest + 1);
  }
  // A time is written if all times together are likelier than any other token.
  const auto times = logits.subspan(static_cast<size_t>(t.first_time));
  const float likeliest = *std::max_element(logits.begin(), logits.begin() + t.first_time);
  if (log_of_sum(times) > likeliest) forbid(logits, 0, t.first_time);
  const auto best = std::max_element(logits.begin(), logits.end());
  log_probability = *best - log_of_sum(logits);
  return static_cast<int32_t>(best - logits.begin());
}

}  // namespace detail

std::string Transcript::text() const {
  std::string out;
  for (const HeardSegment& segment : segments) out += segment.text;
  return std::string(trimmed(out));
}

Result<Transcript> transcribe(const WhisperModel& model, std::span<const float> sound, const TranscribeOptions& options) {
  return guard([&]() -> Result<Transcript> {
    if (sound.empty()) return fail(ErrorCode::invalid_argument, "a sound without samples");
    int32_t language = 0;
    if (!options.language.empty() && model.several_languages() && (language = model.language(options.language)) == 0)
      return fail(ErrorCode::invalid_argument, "`language` {}; the model does not know it", printable(options.language, 40));
    if (!options.language.empty() && !model.several_languages() && options.language != "en")
      return fail(ErrorCode::invalid_argument, "`language` {}; the model knows English only", printable(options.language, 40));
    Transcript out{"en", static_cast<double>(sound.size()) / kHeardRate, {}};
    const Tensor features = log_mel(sound, model.mels());
    const int64_t all = features.dim(0) - 1;
    for (int64_t at = 0; at < all;) {
      stop_if_cancelled(options.cancel);
      const int64_t frames = std::min<int64_t>(WhisperModel::kFrames, all - at);
      const Tensor part = slice(features, 0, at, at + frames);
      const Tensor encoded = model.encode(frames < WhisperModel::kFrames ? pad(part, 0, 0, WhisperModel::kFrames - frames) : part);
      if (model.several_languages() && language == 0) language = heard_language(model, encoded);
      std::vector<int32_t> prompt{model.tokens().start};
      if (model.several_languages()) prompt.insert(prompt.end(), {language, model.tokens().transcribe});
      const WrittenPart written = written_part(model, encoded, prompt, options.cancel);
      if (written.no_speech > options.no_speech && written.mean_log_probability < options.no_speech_text) {
        at += frames;
      } else {
        const size_t first = out.segments.size();
        const double offset = static_cast<double>(at) * kFrameSeconds;
        at += append_segments(out, model, written.tokens, offset, frames);
        for (size_t i = first; i < out.segments.size(); ++i)
          out.segments[i].mean_log_probability = written.mean_log_probability, out.segments[i].no_speech = written.no_speech;
        std::vector<int32_t> kept;
        for (size_t i = first; options.words && i < out.segments.size(); ++i)
          kept.insert(kept.end(), out.segments[i].tokens.begin(), out.segments[i].tokens.end());
        if (!kept.empty()) share_words(out, first, model, word_times_of(model, encoded, prompt, kept, frames, offset, options.cancel));
      }
      if (options.progress) options.progress({"listen", std::min(1.0, static_cast<double>(at) / static_cast<double>(all)), -1});
    }
    if (language != 0) out.language = model.language_name(language);
    return out;
  });
}

std::string webvtt_of(const Transcript& transcript) { return webvtt_of(as_words(transcript), false); }
std::string srt_of(const Transcript& transcript) { return srt_of(as_words(transcript)); }

Json transcript_json(const Transcript& transcript) {
  Json segments = Json::array();
  for (const HeardSegment& segment : transcript.segments) {
    segments.push_back({{"begin", segment.begin}, {"end", segment.end}, {"text", std::string(trimmed(segment.text))}});
    for (const HeardWord& word : segment.words) segments.back()["words"].push_back({{"word", word.text}, {"begin", word.begin}, {"end", word.end}});
  }
  return {{"text", transcript.text()}, {"language", transcript.language}, {"seconds", transcript.seconds}, {"segments", std::move(segments)}};
}

}  // namespace ptah
