#include "jobs/language_answers.h"

#include <algorithm>

#include "base/base64.h"
#include "base/text.h"
#include "models/registry.h"
#include "pipelines/language_plan.h"
#include "pipelines/text_work.h"
#include "text/lm/chat.h"
#include "text/lm/generation.h"

namespace ptah {

namespace {

constexpr int64_t kUsualMaxTokens = 2048;

/// Ready to be read: the tokens of a conversation and how the answer is drawn.
struct PreparedChat {
  std::shared_ptr<const CachedLanguageModel> language;
  std::vector<int32_t> prompt;
  GenerationOptions generation;
  int64_t capacity = 0;
};

Result<PreparedChat> prepared_chat(ModelCache& models, const Json& fields) {
  PreparedChat out;
  const std::string name = text_at(fields, "model");
  PTAH_TRY(out.language, models.language(name));
  const LoadedLanguageModel& model = out.language->model();
  Json given = Json::object();
  for (const auto& [key, value] : fields.items())
    if (key != "messages") given[key] = value;
  PTAH_TRY(TextTask task, text_schema().complete(given));
  PTAH_TRY(task.request.generation.grammar, grammar_of(task.request));
  out.generation = task.request.generation;
  std::vector<ChatMessage> messages;
  for (const Json& one : fields.value("messages", Json::array())) messages.push_back({text_at(one, "role"), text_at(one, "content")});
  PTAH_TRY(const ChatFormat format, ChatFormat::make(model));
  PTAH_TRY(out.prompt, format.tokens(messages));
  const auto prompt = static_cast<int64_t>(out.prompt.size());
  const int64_t context = model.model->config().context;
  if (prompt >= context)
    return fail_field("messages", ErrorCode::invalid_argument, "`messages` have {} tokens; the context of {} holds {}", prompt, name, context);
  if (!fields.contains("max_tokens")) out.generation.max_tokens = std::min(kUsualMaxTokens, context - prompt);
  out.capacity = cache_length_for(model.model->config(), prompt, out.generation.max_tokens);
  return out;
}

Result<JobResult> run_chat(ModelCache& models, const Json& fields, const RunOptions& options) {
  PTAH_TRY(const PreparedChat chat, prepared_chat(models, fields));
  const LoadedLanguageModel& model = chat.language->model();
  KeyValueCache cache(model.model->config(), chat.capacity, default_cache_type());
  const Generated made = generate(model, chat.prompt, cache, chat.generation, options.text, options.cancel);
  return JobResult{{}, {{"text", made.text}, {"finish_reason", name_of(made.reason)}, {"prompt_tokens", made.prompt_tokens}, {"tokens", made.tokens.size()}}};
}

}  // namespace

Result<std::shared_ptr<SentenceEncoder>> LanguageAnswers::encoder(const std::string& model) {
  if (encoder_ && encoder_model_ == model) return encoder_;
  PTAH_TRY(const auto folder, find_model(model));
  PTAH_TRY(encoder_, SentenceEncoder::load(folder));
  encoder_model_ = model;
  return encoder_;
}

Result<JobResult> LanguageAnswers::run(ModelCache& models, const Job& job, const RunOptions& options) {
  if (job.recipe == kChatJob) return guard([&] { return run_chat(models, job.fields, options); });
  return guard([&]() -> Result<JobResult> {
    PTAH_TRY(const auto reader, encoder(text_at(job.fields, "model")));
    const auto texts = job.fields.at("texts").get<std::vector<std::string>>();
    Bytes vectors;
    int64_t tokens = 0;
    for (const std::string& text : texts) {  // one after the other: the memory is that of one
      stop_if_cancelled(options.cancel);
      const Tensor one = reader->embed({text});
      const auto* begin = reinterpret_cast<const uint8_t*>(one.data<float>());
      vectors.insert(vectors.end(), begin, begin + static_cast<size_t>(reader->width()) * sizeof(float));
      tokens += static_cast<int64_t>(reader->tokenizer().encode(text, static_cast<size_t>(reader->max_tokens())).size());
    }
    return JobResult{{}, {{"vectors", to_base64(vectors)}, {"width", reader->width()}, {"prompt_tokens", tokens}}};
  });
}

Result<Plan> LanguageAnswers::plan(ModelCache& models, const Job& job) {
  return guard([&]() -> Result<Plan> {
    if (job.recipe == kChatJob) {
      PTAH_TRY(const PreparedChat chat, prepared_chat(models, job.fields));
      const auto prompt = static_cast<int64_t>(chat.prompt.size());
      PTAH_TRY(const LanguagePlan plan, plan_language(chat.language->model(), prompt, std::min(chat.generation.max_tokens, chat.capacity - prompt)));
      return plan.plan;
    }
    PTAH_TRY(const auto reader, encoder(text_at(job.fields, "model")));
    const auto texts = job.fields.at("texts").get<std::vector<std::string>>();
    const auto longest = std::max_element(texts.begin(), texts.end(), [](const auto& a, const auto& b) { return a.size() < b.size(); });
    Plan plan;
    if (longest == texts.end()) return plan;
    PTAH_TRY_VOID(plan_tensors(plan, [&]() -> Result<void> {
      (void)reader->embed({*longest});
      return {};
    }));
    plan.program_bytes = int64_t{64} << 20;
    plan.peak_bytes = plan.program_bytes + plan.tensor_bytes;
    plan.seconds = seconds_for(plan.flops) * static_cast<double>(texts.size());
    return plan;
  });
}

}  // namespace ptah
