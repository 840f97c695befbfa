#include "base/file.h"
#include "pipelines/recipes/rows.h"
#include "pipelines/text_work.h"
#include "models/registry.h"

namespace ptah {

namespace fs = std::filesystem;

namespace {

Result<TextTask> text_task(const Json& given) {
  PTAH_TRY(TextTask task, text_schema().complete(given));
  if (task.request.prompt.empty()) return fail(ErrorCode::invalid_argument, "no text; give one, or `file` (- for standard input)");
  PTAH_TRY(task.request.generation.grammar, grammar_of(task.request));
  return task;
}

Result<void> check_text(const Json& given) {
  PTAH_TRY_VOID(text_task(given));
  return {};
}

Result<Plan> plan_text(ModelCache& models, const RecipeRequest& asked, int64_t budget_bytes) {
  PTAH_TRY(const TextTask task, text_task(asked.fields));
  PTAH_TRY(const auto language, models.language(task.request.model, task.request.adapter));
  PTAH_TRY(const Plan plan, plan_text(language->model(), task.request));
  PTAH_TRY_VOID(check_budget(plan, budget_bytes));
  return plan;
}

/// What a cache's file holds of a prompt's beginning goes into `cache`; how many tokens. Whole chunks only, so that the text is the same as without the file.
Result<size_t> read_known(const TextTask& task, const LanguageModel& model, const TextSetup& setup, KeyValueCache& cache) {
  if (std::error_code ignored; task.cache.empty() || !fs::exists(task.cache, ignored)) return size_t{0};
  PTAH_TRY(const CachedText kept, load_cache(task.cache, model.config(), model.config().context, setup.cache_type, model.fingerprint()));
  const size_t limit = std::min(kept.tokens.size(), setup.prompt.size() - 1);
  size_t known = 0;
  while (known < limit && kept.tokens[known] == setup.prompt[known]) ++known;
  known -= known % static_cast<size_t>(LanguageModel::kChunk);
  cache.append(kept.cache->share(0, static_cast<int64_t>(known)));
  return known;
}

Json facts_of(const Generated& made, const TextTask& task, const GenerationOptions& how, size_t known) {
  Json facts{{"text", made.text},     {"finish_reason", name_of(made.reason)}, {"prompt_tokens", made.prompt_tokens},
             {"tokens", made.tokens}, {"prompt_seconds", made.prompt_seconds}, {"decode_seconds", made.decode_seconds}};
  if (!task.cache.empty()) facts["cached_tokens"] = known;
  if (how.lookup > 0) facts["guessed"] = made.guessed, facts["guessed_right"] = made.guessed_right;
  if (how.log_probabilities) facts["log_probabilities"] = made.log_probabilities;
  return facts;
}

Result<Work> run_text(ModelCache& models, const RecipeRequest& asked, const RunOptions& options) {
  PTAH_TRY(const TextTask task, text_task(asked.fields));
  PTAH_TRY(const auto language, models.language(task.request.model, task.request.adapter));
  const LoadedLanguageModel& model = language->model();
  if (options.note)
    for (const std::string& warning : model.warnings) options.note(warning);
  PTAH_TRY(TextSetup setup, set_up(model, task.request));
  if (options.budget_bytes > 0) {
    PTAH_TRY(const Plan plan, plan_text(model, task.request));
    PTAH_TRY_VOID(check_budget(plan, options.budget_bytes));
  }
  if (!task.draft.empty()) {
    PTAH_TRY(const auto draft, find_model(task.draft));
    PTAH_TRY(setup.generation.draft, load_draft(draft, model));
    if (setup.generation.lookup == 0) setup.generation.lookup = 4;
  }
  KeyValueCache cache(model.model->config(), setup.capacity, setup.cache_type, task.cache.empty());
  PTAH_TRY(const size_t known, read_known(task, *model.model, setup, cache));
  const Generated made = generate(model, setup.prompt, cache, setup.generation, options.text, options.cancel);
  if (!task.cache.empty() && known + static_cast<size_t>(LanguageModel::kChunk) < setup.prompt.size()) {
    cache.truncate(static_cast<int64_t>(setup.prompt.size()) / LanguageModel::kChunk * LanguageModel::kChunk);
    PTAH_TRY_VOID(save_cache(task.cache, setup.prompt, cache, model.model->fingerprint()));
  }
  Work work;
  if (options.receipt) {
    PTAH_TRY(const Json digests, language->digests());
    PTAH_TRY(work, text_work(task.request, digests, setup.cache_type, made.text));
  } else {
    work.files["text.txt"] = Bytes(made.text.begin(), made.text.end());
  }
  work.facts = facts_of(made, task, setup.generation, known);
  return work;
}

Result<Work> replay_text(ModelCache&, const Json& receipt, const Sources&, const fs::path&, const RunOptions& options) {
  return replay_text(receipt, options.cancel);
}

}  // namespace

Recipe text_recipe() {
  return {.schema = &text_schema(),
          .kinds = {kTextKind},
          .named_after = "prompt",
          .check = check_text,
          .open = [](const Json&, const PictureReader&) -> Result<Sources> { return Sources{}; },
          .plan = plan_text,
          .run = run_text,
          .replay = replay_text};
}

}  // namespace ptah
