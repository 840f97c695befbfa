#include "jobs/language_answers.h"

#include <algorithm>

#include "base/base64.h"
#include "jobs/chat_answers.h"
#include "models/registry.h"

namespace ptah {

Result<std::shared_ptr<SentenceEncoder>> LanguageAnswers::encoder(const std::string& model) {
  if (encoder_ && encoder_model_ == model) return encoder_;
  PTAH_TRY(const auto folder, find_model(model));
  PTAH_TRY(encoder_, SentenceEncoder::load(folder));
  encoder_model_ = model;
  return encoder_;
}

Result<JobResult> LanguageAnswers::run(ModelCache& models, const Job& job, const JobWorker::Tell& tell, const CancelToken* cancel) {
  if (job.recipe != kEmbedJob) return answer_chat(models, job.fields, tell, cancel);
  return guard([&]() -> Result<JobResult> {
    PTAH_TRY(const auto reader, encoder(text_at(job.fields, "model")));
    const auto texts = job.fields.at("texts").get<std::vector<std::string>>();
    Bytes vectors;
    int64_t tokens = 0;
    for (const std::string& text : texts) {  // one after the other: the memory is that of one
      stop_if_cancelled(cancel);
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
    if (job.recipe != kEmbedJob) return plan_chat(models, job.fields);
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
