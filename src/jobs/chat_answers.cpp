#include "jobs/chat_answers.h"

#include <algorithm>

#include "base/text.h"
#include "pipelines/language_plan.h"
#include "pipelines/text_work.h"
#include "text/lm/chat.h"
#include "text/lm/generation.h"

namespace ptah {

namespace {

constexpr int64_t kUsualMaxTokens = 2048;
constexpr int64_t kCallMarks = 128;  ///< tokens of the marks around calls
constexpr int64_t kMaxLikeliest = 20;
constexpr const char* kCallBegins = "<tool_call>";
constexpr const char* kCallEnds = "\n</tool_call>";

struct CallForm {
  std::shared_ptr<const Grammar> one, next;  ///< a call; whether another one follows
  bool always = false;
  int64_t max = 0;  ///< 0: none
};

/// Ready to be read: the tokens of a conversation and how the answer is drawn.
struct PreparedChat {
  std::shared_ptr<const CachedLanguageModel> language;
  std::vector<int32_t> prompt;
  GenerationOptions generation;
  int64_t capacity = 0;
  CallForm calls;
};

Result<CallForm> call_form(const Json& asked) {
  CallForm out;
  if (asked.is_null()) return out;
  TextRequest form;
  form.schema = text_at(asked, "schema");
  PTAH_TRY(out.one, grammar_of(form));
  PTAH_TRY(out.next, Grammar::from_gbnf("root ::= \"\" | \"\\n<tool_call>\\n\""));
  out.always = text_at(asked, "when") == "always";
  out.max = asked.value("max", int64_t{1});
  return out;
}

Result<std::vector<int32_t>> prompt_of(const LoadedLanguageModel& model, const Json& fields) {
  if (fields.contains("prompt")) return model.tokenizer->encode(text_at(fields, "prompt"), {.bos_eos = true});
  std::vector<ChatMessage> messages;
  for (const Json& one : fields.value("messages", Json::array())) messages.push_back({text_at(one, "role"), text_at(one, "content")});
  PTAH_TRY(const ChatFormat format, ChatFormat::make(model));
  return format.tokens(messages);
}

Result<PreparedChat> prepared_chat(ModelCache& models, const Json& fields) {
  PreparedChat out;
  const std::string name = text_at(fields, "model");
  PTAH_TRY(out.language, models.language(name));
  const LoadedLanguageModel& model = out.language->model();
  Json given = Json::object();
  for (const auto& [key, value] : fields.items())
    if (text_schema().find(key) && key != "prompt") given[key] = value;
  PTAH_TRY(TextTask task, text_schema().complete(given));
  PTAH_TRY(task.request.generation.grammar, grammar_of(task.request));
  out.generation = task.request.generation;
  const Json biases = fields.value("logit_bias", Json::object());
  for (const auto& [token, bias] : biases.items())
    out.generation.sampling.logit_bias[static_cast<int32_t>(std::strtol(token.c_str(), nullptr, 10))] = bias.get<float>();
  PTAH_TRY(out.calls, call_form(fields.value("calls", Json())));
  PTAH_TRY(out.prompt, prompt_of(model, fields));
  const auto prompt = static_cast<int64_t>(out.prompt.size());
  const int64_t context = model.model->config().context;
  const char* field = fields.contains("prompt") ? "prompt" : fields.contains("response") ? "input" : "messages";
  if (prompt >= context) return fail_field(field, ErrorCode::invalid_argument, "`{}`: {} tokens; the context of {} holds {}", field, prompt, name, context);
  if (prompt == 0) return fail_field(field, ErrorCode::invalid_argument, "`{}`: nothing to go on with", field);
  out.generation.end_loops = fields.contains("messages");
  if (!fields.contains("max_tokens")) out.generation.max_tokens = std::min(kUsualMaxTokens, context - prompt);
  out.capacity = cache_length_for(model.model->config(), prompt, out.generation.max_tokens + (out.calls.max > 0 ? kCallMarks : 0));
  return out;
}

/// How likely the tokens of an answer were.
class Likelihoods {
 public:
  Likelihoods(const Tokenizer& tokenizer, int64_t count) : tokenizer_(tokenizer), count_(std::min(count, kMaxLikeliest)) {}

  void add(std::span<const float> logits, int32_t token) {
    const float own = log_probability(logits, token);
    Json entry = said(token, own);
    entry["top_logprobs"] = Json::array();
    std::vector<Candidate> likeliest = candidates_of(logits);
    if (count_ > 0) keep_top_k(likeliest, count_);
    const float shift = own - logits[static_cast<size_t>(token)];
    for (size_t i = 0; i < static_cast<size_t>(count_) && i < likeliest.size(); ++i)
      entry["top_logprobs"].push_back(said(likeliest[i].token, likeliest[i].logit + shift));
    waiting_.emplace_back(bytes_, std::move(entry));
    bytes_ += tokenizer_.bytes_of(token).size();
  }
  /// Those of tokens that begin within so many bytes of the text and were not taken before.
  Json take(size_t shown) {
    Json out = Json::array();
    size_t n = 0;
    for (; n < waiting_.size() && waiting_[n].first < shown; ++n) out.push_back(waiting_[n].second);
    waiting_.erase(waiting_.begin(), waiting_.begin() + static_cast<std::ptrdiff_t>(n));
    return out;
  }

 private:
  Json said(int32_t token, float likelihood) const {
    const std::string bytes = tokenizer_.bytes_of(token, true);
    Utf8Stream whole;
    std::string text = whole.put(bytes);
    text += whole.finish();
    Json numbers = Json::array();
    for (const char byte : bytes) numbers.push_back(static_cast<uint8_t>(byte));
    return {{"token", text}, {"bytes", numbers}, {"logprob", std::max(likelihood, -9999.0F)}};
  }
  const Tokenizer& tokenizer_;
  int64_t count_;
  size_t bytes_ = 0;
  std::vector<std::pair<size_t, Json>> waiting_;  ///< where they begin
};

/// One answer: a text, calls, or a text and then calls.
class ChatAnswer {
 public:
  ChatAnswer(const PreparedChat& chat, const Json& fields, const JobWorker::Tell& tell, const CancelToken* cancel)
      : chat_(chat), model_(chat.language->model()), tell_(tell), cancel_(cancel), cache_(model_.model->config(), chat.capacity, default_cache_type()) {
    if (const Json count = fields.value("logprobs", Json()); count.is_number_integer()) likelihoods_.emplace(*model_.tokenizer, count.get<int64_t>());
  }

  JobResult run() {
    GenerationOptions how = chat_.generation;
    std::vector<int32_t> prompt = chat_.prompt;
    std::string text, reason;
    bool calls = chat_.calls.always;
    if (!calls) {
      if (chat_.calls.max > 0) how.stop.emplace_back(kCallBegins);
      const Generated made = write(prompt, how, true);
      text = made.text;
      reason = name_of(made.reason);
      calls = chat_.calls.max > 0 && made.reason == FinishReason::stop_text &&
              model_.tokenizer->decode(made.tokens).compare(made.text.size(), std::string_view(kCallBegins).size(), kCallBegins) == 0;
      put(prompt, made.text);
    }
    if (calls) {
      put(prompt, std::string(kCallBegins) + "\n");
      reason = write_calls(prompt);
    }
    Json facts{{"text", text}, {"calls", calls_}, {"finish_reason", reason}, {"prompt_tokens", chat_.prompt.size()}, {"tokens", tokens_}};
    if (likelihoods_) facts["logprobs"] = told_;
    return {{}, std::move(facts)};
  }

 private:
  void put(std::vector<int32_t>& prompt, const std::string& text) const {
    const auto more = model_.tokenizer->encode(text);
    prompt.insert(prompt.end(), more.begin(), more.end());
  }

  /// Why it ended.
  std::string write_calls(std::vector<int32_t>& prompt) {
    GenerationOptions how = chat_.generation;
    how.stop.clear();
    how.sampling.logit_bias.clear();
    while (true) {
      how.grammar = chat_.calls.one;
      how.max_tokens = chat_.generation.max_tokens - tokens_;
      const auto made = guard([&]() -> Result<Generated> { return write(prompt, how, false); });
      if (!made && made.error().code == ErrorCode::invalid_argument && !calls_.empty()) return "tool_calls";  // there is no room for another one
      if (!made && made.error().code == ErrorCode::invalid_argument && !chat_.calls.always) return "length";
      if (!made && made.error().code == ErrorCode::invalid_argument)
        throw Failure({made.error().code, "`max_completion_tokens`: a call has no room: " + made.error().message});
      const Generated call = value_or_throw(made);
      if (std::find(calls_.begin(), calls_.end(), Json(call.text)) != calls_.end()) return "tool_calls";  // small models say the same again
      calls_.push_back(call.text);
      if (tell_) tell_({{"event", "call"}, {"call", call.text}});
      if (static_cast<int64_t>(calls_.size()) >= chat_.calls.max) return "tool_calls";
      put(prompt, call.text + kCallEnds);
      how.grammar = chat_.calls.next;
      how.max_tokens = 16;
      if (cache_.capacity() - static_cast<int64_t>(prompt.size()) < kCallMarks / 4) return "tool_calls";
      const Generated more = write(prompt, how, false);
      if (more.text.empty()) return "tool_calls";
      put(prompt, more.text);
    }
  }

  /// Like generate(); `told`: the text is part of the answer.
  Generated write(const std::vector<int32_t>& prompt, const GenerationOptions& how, bool told) {
    if (static_cast<int64_t>(prompt.size()) >= cache_.capacity()) throw Failure({ErrorCode::invalid_argument, "the context is full"});
    // What was read and still holds stays; the last token of the prompt is read again for its logits.
    const auto same = std::mismatch(read_.begin(), read_.end(), prompt.begin(), prompt.end() - 1).first;
    cache_.truncate(std::min(cache_.length(), static_cast<int64_t>(same - read_.begin())));
    std::string news;
    Decoding answer(model_, prompt, how, max_tokens(how, cache_.capacity(), static_cast<int64_t>(prompt.size())), [&](std::string_view more) { news += more; });
    std::vector<float> logits = model_.model->read({prompt.begin() + cache_.length(), prompt.end()}, cache_, false, cancel_);
    const bool likely = told && likelihoods_;
    while (true) {
      stop_if_cancelled(cancel_);
      const size_t before = answer.seen().size();
      const std::vector<float> plain = likely ? logits : std::vector<float>();
      const auto token = answer.next(logits);
      if (likely && answer.seen().size() > before) likelihoods_->add(plain, answer.seen().back());
      if (told) show(news);
      if (!token) break;
      if (cache_.length() >= cache_.capacity()) {
        answer.end(FinishReason::context);
        break;
      }
      logits = model_.model->step({*token}, {&cache_});
    }
    read_ = answer.seen();
    read_.resize(static_cast<size_t>(cache_.length()));
    Generated out = answer.finish();
    if (told) show(news);
    tokens_ += static_cast<int64_t>(out.tokens.size());
    return out;
  }

  void show(std::string& news) {
    if (news.empty()) return;
    shown_ += news.size();
    Json event{{"event", "text"}, {"text", std::exchange(news, {})}};
    if (likelihoods_) {
      event["logprobs"] = likelihoods_->take(shown_);
      for (const Json& one : event["logprobs"]) told_.push_back(one);
    }
    if (tell_) tell_(event);
  }

  const PreparedChat& chat_;
  const LoadedLanguageModel& model_;
  const JobWorker::Tell& tell_;
  const CancelToken* cancel_;
  KeyValueCache cache_;
  std::vector<int32_t> read_;  ///< what the cache holds
  std::optional<Likelihoods> likelihoods_;
  Json calls_ = Json::array(), told_ = Json::array();
  size_t shown_ = 0;
  int64_t tokens_ = 0;
};

}  // namespace

Result<JobResult> answer_chat(ModelCache& models, const Json& fields, const JobWorker::Tell& tell, const CancelToken* cancel) {
  return guard([&]() -> Result<JobResult> {
    PTAH_TRY(const PreparedChat chat, prepared_chat(models, fields));
    return ChatAnswer(chat, fields, tell, cancel).run();
  });
}

Result<Plan> plan_chat(ModelCache& models, const Json& fields) {
  PTAH_TRY(const PreparedChat chat, prepared_chat(models, fields));
  const auto prompt = static_cast<int64_t>(chat.prompt.size());
  PTAH_TRY(const LanguagePlan plan, plan_language(chat.language->model(), prompt, std::min(chat.generation.max_tokens, chat.capacity - prompt)));
  return plan.plan;
}

}  // namespace ptah
