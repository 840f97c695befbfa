#include "text/lm/generation.h"

#include <algorithm>
#include <chrono>
#include <optional>

#include "tensor/ops.h"
#include "text/lm/repetition.h"

namespace ptah {

std::string_view name_of(FinishReason reason) {
  switch (reason) {
    case FinishReason::stop_token:
      return "stop_token";
    case FinishReason::stop_text:
      return "stop_text";
    case FinishReason::length:
      return "length";
    case FinishReason::context:
      return "context";
    case FinishReason::loop:
      return "loop";
  }
  return "?";
}

namespace {

/// Text that has come, and how much of it can be shown: what may be the beginning of a stop text waits.
class StopTexts {
 public:
  explicit StopTexts(const std::vector<std::string>& stops) : stops_(stops) {}
  /// Takes more text; true if a stop text is complete (the text ends before it then).
  bool put(std::string_view more) {
    const size_t longest = longest_stop();
    const size_t from = text_.size() > longest ? text_.size() - longest : 0;
    text_ += more;
    size_t found = std::string::npos;
    for (const std::string& stop : stops_)
      if (!stop.empty()) found = std::min(found, text_.find(stop, from));
    if (found == std::string::npos) return false;
    text_.resize(found);
    return true;
  }
  /// What is new and safe to show; everything at the end.
  std::string_view news(bool end) {
    size_t safe = text_.size();
    if (!end)
      for (const std::string& stop : stops_)
        for (size_t n = std::min(stop.size(), text_.size()); n > 0; --n)
          if (text_.compare(text_.size() - n, n, stop, 0, n) == 0) {
            safe = std::min(safe, text_.size() - n);
            break;
          }
    const size_t begin = std::min(shown_, safe);
    shown_ = std::max(shown_, safe);
    return std::string_view(text_).substr(begin, shown_ - begin);
  }
  const std::string& text() const { return text_; }

 private:
  size_t longest_stop() const {
    size_t longest = 0;
    for (const std::string& stop : stops_) longest = std::max(longest, stop.size());
    return longest;
  }
  const std::vector<std::string>& stops_;
  std::string text_;
  size_t shown_ = 0;
};

constexpr int64_t kMaxGuesses = 11;  // with the token before them no more than what is read as decoding reads it

/// What followed the last occurrence of the longest end of `seen` (three tokens, then two), at most `max_count` tokens.
std::vector<int32_t> guess(const std::vector<int32_t>& seen, int64_t max_count) {
  if (max_count == 0) return {};  // nothing is wished: no search
  const auto size = static_cast<int64_t>(seen.size());
  for (int64_t n = 3; n >= 2; --n)
    for (int64_t at = size - n - 1; at >= 0; --at) {
      if (!std::equal(seen.end() - n, seen.end(), seen.begin() + at)) continue;
      const int64_t from = at + n;
      return {seen.begin() + from, seen.begin() + std::min(size, from + max_count)};
    }
  return {};
}

/// Guesses by a smaller model, which reads along.
class Draft {
 public:
  Draft(std::shared_ptr<const LanguageModel> model, int64_t capacity)
      : model_(std::move(model)), cache_(model_->config(), std::min(capacity, model_->config().context), default_cache_type()) {}

  /// The most likely tokens after `seen`, at most `max_count`.
  std::vector<int32_t> guess(const std::vector<int32_t>& seen, int64_t max_count, const CancelToken* cancel) {
    max_count = std::min(max_count, cache_.capacity() - static_cast<int64_t>(seen.size()));
    if (max_count <= 0 || seen.empty()) return {};
    // What was read and still holds stays; the last token of `seen` is read again for its logits.
    const auto same = std::mismatch(read_.begin(), read_.end(), seen.begin(), seen.end() - 1).first;
    read_.erase(same, read_.end());
    cache_.truncate(static_cast<int64_t>(read_.size()));
    std::vector<float> logits = model_->read({seen.begin() + static_cast<std::ptrdiff_t>(read_.size()), seen.end()}, cache_, false, cancel);
    read_ = seen;
    std::vector<int32_t> out;
    while (true) {
      out.push_back(static_cast<int32_t>(std::max_element(logits.begin(), logits.end()) - logits.begin()));
      if (static_cast<int64_t>(out.size()) == max_count) return out;
      logits = model_->step({out.back()}, {&cache_});
      read_.push_back(out.back());
    }
  }

 private:
  std::shared_ptr<const LanguageModel> model_;
  KeyValueCache cache_;
  std::vector<int32_t> read_;  ///< what the cache holds
};

/// Logits of the next positions: those of a token, and of the guesses that were read with it.
class Lookahead {
 public:
  Lookahead(const LanguageModel& model, KeyValueCache& cache, std::vector<float> first, std::shared_ptr<const LanguageModel> draft)
      : model_(model), cache_(cache), rows_(std::move(first)), width_(rows_.size()) {
    if (draft) draft_.emplace(std::move(draft), cache.capacity());
  }
  std::span<float> logits() { return {rows_.data() + row_ * width_, width_}; }

  /// Whether the token was guessed: then it is read already.
  bool knows(int32_t token) const { return row_ < guesses_.size() && guesses_[row_] == token; }
  /// Goes on to the logits after `token`, the last of `seen`; wrong guesses are forgotten by now. At most `max_guesses` guesses are read with it if it has to
  /// be read.
  void advance(int32_t token, const std::vector<int32_t>& seen, int64_t max_guesses, const CancelToken* cancel) {
    if (knows(token)) {
      ++row_;
      ++right;
      return;
    }
    const int64_t wished = std::min({max_guesses, patience_, cache_.capacity() - cache_.length() - 1});
    guesses_ = draft_ ? draft_->guess(seen, wished, cancel) : guess(seen, wished);
    made += static_cast<int64_t>(guesses_.size());
    row_ = 0;
    if (guesses_.empty()) {
      rows_ = model_.step({token}, {&cache_});
      return;
    }
    std::vector<int32_t> tokens{token};
    tokens.insert(tokens.end(), guesses_.begin(), guesses_.end());
    rows_ = model_.read(tokens, cache_, true);
  }
  /// Takes what was read but did not come out of the cache again.
  void forget_wrong_guesses() {
    if (!guesses_.empty()) patience_ = row_ == guesses_.size() ? kMaxGuesses : std::max<int64_t>(2, static_cast<int64_t>(row_) + 1);
    cache_.truncate(cache_.length() - static_cast<int64_t>(guesses_.size() - row_));
    guesses_.clear();
    row_ = 0;
  }
  int64_t made = 0, right = 0;

 private:
  const LanguageModel& model_;
  KeyValueCache& cache_;
  std::vector<float> rows_;
  size_t width_;
  std::optional<Draft> draft_;
  std::vector<int32_t> guesses_;
  size_t row_ = 0;
  int64_t patience_ = 4;  ///< guesses at once: more after they were right, fewer after they were wrong
};

}  // namespace

Result<std::shared_ptr<const LanguageModel>> load_draft(const std::filesystem::path& path, const LoadedLanguageModel& model) {
  PTAH_TRY(const LoadedLanguageModel draft, load_language_model(path));
  bool same = draft.tokenizer->size() == model.tokenizer->size() && draft.model->config().vocabulary == model.model->config().vocabulary;
  for (int32_t token = 0; same && token < model.tokenizer->size(); ++token)
    same = draft.tokenizer->bytes_of(token, true) == model.tokenizer->bytes_of(token, true);
  if (!same) return fail(ErrorCode::mismatch, "{} does not have the tokens of {}, so it cannot be its draft", draft.name, model.name);
  return std::shared_ptr<const LanguageModel>(draft.model);
}

struct Decoding::State {
  const LoadedLanguageModel& model;
  GenerationOptions options;
  std::function<void(std::string_view)> show;
  std::unique_ptr<GrammarMask> mask;
  std::vector<int32_t> seen;
  Utf8Stream utf8;
  StopTexts text;
  RepetitionWatch repetition;
  Generated out;
  int64_t limit;
  bool stopped = false;

  State(const LoadedLanguageModel& of, const std::vector<int32_t>& prompt, const GenerationOptions& how, int64_t max_tokens,
        std::function<void(std::string_view)> shown)
      : model(of), options(how), show(std::move(shown)), seen(prompt), text(options.stop), limit(max_tokens) {
    value_or_throw(check(options.sampling));
    if (options.grammar) mask = value_or_throw(GrammarMask::make(options.grammar, model.tokenizer, model.stop_tokens, limit));
    out.prompt_tokens = static_cast<int64_t>(prompt.size());
  }
  void tell(bool end) {
    const std::string_view news = text.news(end);
    if (show && !news.empty()) show(news);
  }
};

Decoding::Decoding(const LoadedLanguageModel& model, const std::vector<int32_t>& prompt, const GenerationOptions& options, int64_t max_tokens,
                   std::function<void(std::string_view)> show)
    : state_(std::make_unique<State>(model, prompt, options, max_tokens, std::move(show))) {}
Decoding::~Decoding() = default;
const std::vector<int32_t>& Decoding::seen() const { return state_->seen; }
int64_t Decoding::left() const { return state_->limit - static_cast<int64_t>(state_->out.tokens.size()); }
void Decoding::end(FinishReason reason) { state_->out.reason = reason; }

std::optional<int32_t> Decoding::next(std::span<float> logits) {
  State& s = *state_;
  const int64_t place = static_cast<int64_t>(s.out.tokens.size());
  if (place >= s.limit) return std::nullopt;
  if (s.mask) s.mask->apply(logits, s.limit - place);
  const int32_t token = sample(logits, s.seen, s.options.sampling, static_cast<uint64_t>(place));
  if (std::find(s.model.stop_tokens.begin(), s.model.stop_tokens.end(), token) != s.model.stop_tokens.end()) {
    s.out.reason = FinishReason::stop_token;
    return std::nullopt;
  }
  if (s.mask) s.mask->accept(token);
  s.out.tokens.push_back(token);
  s.seen.push_back(token);
  if (s.options.log_probabilities) s.out.log_probabilities.push_back(log_probability(logits, token));
  const std::string news = s.utf8.put(s.model.tokenizer->bytes_of(token));
  s.stopped = s.text.put(news);
  if (s.stopped) {
    s.out.reason = FinishReason::stop_text;
    return std::nullopt;
  }
  s.tell(false);
  if (s.mask && s.mask->finished()) {
    s.out.reason = FinishReason::stop_token;
    return std::nullopt;
  }
  if (s.options.end_loops && !s.mask && s.repetition.add(token, news)) {
    s.out.reason = FinishReason::loop;
    return std::nullopt;
  }
  if (place + 1 == s.limit) return std::nullopt;
  return token;
}

Generated Decoding::finish() {
  State& s = *state_;
  if (!s.stopped && s.text.put(s.utf8.finish())) s.out.reason = FinishReason::stop_text;
  s.tell(true);
  s.out.text = s.text.text();
  return std::move(s.out);
}

int64_t cache_length_for(const LanguageConfig& config, int64_t prompt, int64_t max_tokens) {
  return std::min(config.context, prompt + std::clamp<int64_t>(max_tokens, 1, config.context));
}

int64_t max_tokens(const GenerationOptions& options, int64_t capacity, int64_t prompt) {
  return options.grammar ? std::min(options.max_tokens, capacity - prompt + 1) : options.max_tokens;
}

Generated generate(const LoadedLanguageModel& model, const std::vector<int32_t>& prompt, KeyValueCache& cache, const GenerationOptions& options,
                   const std::function<void(std::string_view)>& show, const CancelToken* cancel) {
  const auto now = [] { return std::chrono::steady_clock::now(); };
  const auto seconds_between = [](std::chrono::steady_clock::time_point from, std::chrono::steady_clock::time_point to) {
    return std::chrono::duration<double>(to - from).count();
  };
  if (options.lookup < 0 || options.lookup > kMaxGuesses)
    throw Failure({ErrorCode::invalid_argument, fmt::format("lookup {}; 0 to {} tokens can be guessed ahead", options.lookup, kMaxGuesses)});
  if (cache.length() >= static_cast<int64_t>(prompt.size()))
    throw Failure({ErrorCode::invalid_argument, fmt::format("generate: the cache holds {} tokens, the prompt has {}", cache.length(), prompt.size())});
  Decoding answer(model, prompt, options, max_tokens(options, cache.capacity(), static_cast<int64_t>(prompt.size())), show);
  const auto start = now();
  Lookahead ahead(*model.model, cache, model.model->read({prompt.begin() + cache.length(), prompt.end()}, cache, false, cancel),
                  options.lookup > 0 ? options.draft : nullptr);
  const double prompt_seconds = seconds_between(start, now());
  const auto decode = now();
  while (true) {
    if (cancel && cancel->cancelled()) throw Failure({ErrorCode::cancelled, "cancelled"});
    const auto token = answer.next(ahead.logits());
    if (!token) break;
    if (!ahead.knows(*token)) {
      ahead.forget_wrong_guesses();
      if (cache.length() >= cache.capacity()) {
        answer.end(FinishReason::context);
        break;
      }
    }
    ahead.advance(*token, answer.seen(), std::min(options.lookup, answer.left() - 1), cancel);
  }
  ahead.forget_wrong_guesses();
  Generated out = answer.finish();
  out.guessed = ahead.made;
  out.guessed_right = ahead.right;
  out.prompt_seconds = prompt_seconds;
  out.decode_seconds = seconds_between(decode, now());
  return out;
}

}  // namespace ptah
