#include "ptah/language.h"

#include "api/members.h"
#include "pipelines/text_work.h"
#include "text/lm/adapter_files.h"
#include "tensor/device.h"
#include "text/encode/bert.h"
#include "apps/companion/companion.h"
#include "models/registry.h"

namespace ptah {

namespace {

Result<GenerationOptions> inner(const AnswerOptions& options) {
  PTAH_TRY(TextTask task, request_of(text_schema(), options));
  PTAH_TRY(task.request.generation.grammar, grammar_of(task.request));
  return task.request.generation;
}

/// Carries the caller's flag over to the token that the engine looks at.
class AnswerWatch {
 public:
  explicit AnswerWatch(const AnswerOptions& options) : options_(options) { look(); }
  void operator()(std::string_view news) {
    if (options_.show) options_.show(std::string(news));
    look();
  }
  const CancelToken* token() const { return &token_; }

 private:
  void look() {
    if (options_.cancel && options_.cancel->load()) token_.cancel();
  }
  const AnswerOptions& options_;
  CancelToken token_;
};

Answer outer(Generated made) {
  return {std::move(made.text), std::string(name_of(made.reason)), made.prompt_tokens, static_cast<std::int64_t>(made.tokens.size())};
}

}  // namespace

struct Language::State {
  LoadedLanguageModel model;
};

Outcome<Language> Language::open(const std::string& name_or_path, const std::filesystem::path& adapter) {
  return outcome<Language>([&]() -> Result<Language> {
    PTAH_TRY(const auto path, find_model(name_or_path));
    auto state = std::make_shared<State>();
    PTAH_TRY(state->model, load_language_model(path));
    if (!adapter.empty()) PTAH_TRY_VOID(apply_adapter(state->model, adapter));
    Language language;
    language.state_ = std::move(state);
    return language;
  });
}

Outcome<Answer> Language::generate(const std::string& prompt, const AnswerOptions& options) const {
  return outcome<Answer>([&]() -> Result<Answer> {
    const LoadedLanguageModel& model = state_->model;
    const auto tokens = model.tokenizer->encode(prompt, {.bos_eos = true});
    const int64_t capacity = cache_length_for(model.model->config(), static_cast<int64_t>(tokens.size()), options.max_tokens);
    KeyValueCache cache(model.model->config(), capacity, default_cache_type());
    PTAH_TRY(const GenerationOptions how, inner(options));
    AnswerWatch watch(options);
    Answer answer = outer(ptah::generate(
        model, tokens, cache, how, [&](std::string_view news) { watch(news); }, watch.token()));
    answer.seed = how.sampling.seed;
    return answer;
  });
}

struct Chat::State {
  std::unique_ptr<Memory> memory;
  std::unique_ptr<Companion> companion;
};

Outcome<Chat> Chat::begin(const Language& language, const std::string& system) { return begin(language, ChatSetup{.system = system}); }

Outcome<Chat> Chat::begin(const Language& language, const ChatSetup& setup) {
  return outcome<Chat>([&]() -> Result<Chat> {
    Chat chat;
    chat.state_ = std::make_shared<State>();
    PTAH_TRY(auto conversation, Conversation::make(language.state_->model));
    conversation->set_system(setup.system);
    std::shared_ptr<SentenceEncoder> encoder;
    if (!setup.memory.empty() || !setup.principles.empty()) {
      PTAH_TRY(const auto folder, find_model("minilm"));
      PTAH_TRY(encoder, SentenceEncoder::load(folder));
    }
    if (!setup.memory.empty()) {
      PTAH_TRY(chat.state_->memory, Memory::open(setup.memory, encoder));
    }
    std::shared_ptr<const Principles> principles;
    if (!setup.principles.empty()) {
      PTAH_TRY(principles, Principles::load(setup.principles, encoder));
    }
    chat.state_->companion = std::make_unique<Companion>(std::move(conversation), "", setup.user, chat.state_->memory.get(), principles);
    return chat;
  });
}

Outcome<Answer> Chat::say(const std::string& message, const AnswerOptions& options) {
  return outcome<Answer>([&]() -> Result<Answer> {
    PTAH_TRY(const GenerationOptions how, inner(options));
    AnswerWatch watch(options);
    PTAH_TRY(Reply reply, state_->companion->say(
                              message, how, [&](std::string_view news) { watch(news); }, watch.token()));
    Answer answer = outer(std::move(reply.generated));
    answer.text = std::move(reply.text);
    answer.seed = how.sampling.seed;
    if (reply.breach) answer.broken_principle = reply.breach->principle;
    for (Fact& fact : reply.recalled) answer.recalled.push_back(std::move(fact.text));
    return answer;
  });
}

struct Embedder::State {
  std::shared_ptr<SentenceEncoder> encoder;
};

Outcome<Embedder> Embedder::open(const std::string& name_or_path) {
  return outcome<Embedder>([&]() -> Result<Embedder> {
    PTAH_TRY(const auto path, find_model(name_or_path));
    auto state = std::make_shared<State>();
    PTAH_TRY(state->encoder, SentenceEncoder::load(path));
    Embedder embedder;
    embedder.state_ = std::move(state);
    return embedder;
  });
}

Outcome<std::vector<std::vector<float>>> Embedder::embed(const std::vector<std::string>& texts) const {
  return outcome<std::vector<std::vector<float>>>([&]() -> Result<std::vector<std::vector<float>>> {
    const Tensor vectors = state_->encoder->embed(texts);
    std::vector<std::vector<float>> out;
    for (size_t i = 0; i < texts.size(); ++i) {
      const float* row = vectors.data<float>() + static_cast<int64_t>(i) * state_->encoder->width();
      out.emplace_back(row, row + state_->encoder->width());
    }
    return out;
  });
}

}  // namespace ptah
