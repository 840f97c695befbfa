#include "text/generation.h"

#include <algorithm>
#include <chrono>

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

}  // namespace

Generated generate(const LoadedLanguageModel& model, const std::vector<int32_t>& prompt, KeyValueCache& cache, const GenerationOptions& options,
                   const std::function<void(std::string_view)>& show, const CancelToken* cancel) {
  using Clock = std::chrono::steady_clock;
  const auto seconds_since = [](Clock::time_point from) { return std::chrono::duration<double>(Clock::now() - from).count(); };
  value_or_throw(check(options.sampling));
  std::unique_ptr<GrammarMask> mask;
  // A text that has to be whole may use no more tokens than fit into the cache behind the prompt.
  const int64_t most =
      options.grammar ? std::min(options.max_tokens, cache.capacity() - cache.length() - static_cast<int64_t>(prompt.size()) + 1) : options.max_tokens;
  if (options.grammar) mask = value_or_throw(GrammarMask::make(options.grammar, model.tokenizer, model.stop_tokens, most));
  Generated out;
  out.prompt_tokens = static_cast<int64_t>(prompt.size());
  const auto start = Clock::now();
  std::vector<float> logits = model.model->read(prompt, cache, false, cancel);
  out.prompt_seconds = seconds_since(start);
  const auto decode = Clock::now();
  std::vector<int32_t> seen = prompt;
  Utf8Stream utf8;
  StopTexts text(options.stop);
  const auto tell = [&](bool end) {
    const std::string_view news = text.news(end);
    if (show && !news.empty()) show(news);
  };
  bool stopped = false;
  for (int64_t i = 0; i < most; ++i) {
    if (cancel && cancel->cancelled()) throw Failure({ErrorCode::cancelled, "cancelled"});
    if (mask) mask->apply(logits, most - i);
    const int32_t token = sample(logits, seen, options.sampling, static_cast<uint64_t>(i));
    if (std::find(model.stop_tokens.begin(), model.stop_tokens.end(), token) != model.stop_tokens.end()) {
      out.reason = FinishReason::stop_token;
      break;
    }
    if (mask) mask->accept(token);
    out.tokens.push_back(token);
    seen.push_back(token);
    if (options.log_probabilities) out.log_probabilities.push_back(log_probability(logits, token));
    stopped = text.put(utf8.put(model.tokenizer->bytes_of(token)));
    if (stopped) {
      out.reason = FinishReason::stop_text;
      break;
    }
    tell(false);
    if (mask && mask->finished()) {
      out.reason = FinishReason::stop_token;
      break;
    }
    if (i + 1 == most) break;
    if (cache.length() >= cache.capacity()) {
      out.reason = FinishReason::context;
      break;
    }
    logits = model.model->step({token}, {&cache});
  }
  if (!stopped && text.put(utf8.finish())) out.reason = FinishReason::stop_text;
  tell(true);
  out.text = text.text();
  out.decode_seconds = seconds_since(decode);
  return out;
}

}  // namespace ptah
